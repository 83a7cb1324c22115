"""Every exception the package raises on purpose.

::

    BenchError
    ├── UsageError            an option, an override or a path is wrong
    │   ├── ConfigError       a run configuration that cannot be composed or constructed
    │   └── UnknownPluginError    no system, metric or corpus of that name
    ├── InputError            a file or stream holds something that cannot be used
    │   ├── AudioError        audio that cannot be decoded, or is not what its header says
    │   ├── CorpusError       a corpus on disk that is damaged or incomplete
    │   │   └── DamagedCorpus     the same, as a finding with its file and line
    │   └── TraceError        a trace or another tool's log that cannot be read
    ├── DependencyError       an optional package is missing; the message holds the pip line
    ├── SystemFailure         a system broke its contract; costs its recording only
    │   ├── SystemRaised      its code raised
    │   ├── SystemHung        it gave no answer in time
    │   └── LimitExceeded     it wrote more than its limits
    ├── NotAligned            words that are not to be found in the speech
    ├── RunError              a run cannot go on (or cannot be resumed)
    └── NotComparable         two numbers that must not be set side by side

Each message says what is wrong, where (file, line or option) and the way out.  The command line
turns every one of them into that message and exit code 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from s2st_bench.corpora.finding import Finding


class BenchError(Exception):
    """Base of all errors raised on purpose."""


class UsageError(BenchError):
    """An option, an override or a path is wrong."""


class ConfigError(UsageError):
    """A run configuration that cannot be composed or constructed."""


class UnknownPluginError(UsageError):
    """No system, metric or corpus of that name."""


class InputError(BenchError):
    """A file or stream holds something that cannot be used."""


class AudioError(InputError):
    """Audio that cannot be decoded, or is not what its header says."""


class CorpusError(InputError):
    """A corpus on disk that is damaged or incomplete."""


class DamagedCorpus(CorpusError):
    """Damage of a corpus on disk that a check would list."""

    def __init__(self, finding: Finding, hint: str = "") -> None:
        super().__init__(f"{finding}{hint and '. '}{hint}")
        self.finding = finding
        self.hint = hint

    def __reduce__(self) -> tuple[type[DamagedCorpus], tuple[Finding, str]]:
        return DamagedCorpus, (self.finding, self.hint)


class TraceError(InputError):
    """A trace or another tool's log that cannot be read."""


class DependencyError(BenchError):
    """An optional package is missing."""

    def __init__(self, package: str, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package!r}, which is not installed: "
            f'pip install "s2st-bench[{extra}]"'
        )
        self.package = package
        self.feature = feature
        self.extra = extra

    def __reduce__(self) -> tuple[type[DependencyError], tuple[str, str, str]]:
        return DependencyError, (self.package, self.feature, self.extra)


class SystemFailure(BenchError):
    """A system broke its contract; the recording fails, the run goes on."""

    kind: Literal["raised", "hung", "limit", "invalid_output"] = "invalid_output"


class SystemRaised(SystemFailure):
    """A system's code raised."""

    kind = "raised"


class SystemHung(SystemFailure):
    """A system gave no answer in time."""

    kind = "hung"


class LimitExceeded(SystemFailure):
    """A system wrote more than its limits."""

    kind = "limit"


class NotAligned(BenchError):
    """Words that are not to be found in the speech."""


class RunError(BenchError):
    """A run cannot go on, or cannot be resumed."""


class NotComparable(BenchError):
    """Two numbers that must not be set side by side."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, as an exception where Python would end at once."""


class Interrupted(KeyboardInterrupt):
    """The user, or a scheduler, stopped a run; the message says how to go on with it."""

    exit_code = 130

    @classmethod
    def by(cls, stop: KeyboardInterrupt, message: str) -> Interrupted:
        """The interruption with the exit code of the signal that ``stop`` came of."""
        made = cls(message)
        if isinstance(stop, Terminated):
            made.exit_code = 143
        return made
