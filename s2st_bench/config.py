"""The typed configuration of a run: what ``run.yaml``, presets and overrides add up to.

``compose.py`` makes one from overrides; :meth:`RunConfig.from_dict` from what a run stored.
Values are checked here, so that both ways refuse the same things.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from s2st_bench.delivery import Delivery
from s2st_bench.errors import ConfigError
from s2st_bench.limits import Limits
from s2st_bench.load.settings import Load
from s2st_bench.params import construct
from s2st_bench.types import ClockName

REDACTED = "***"
"""What stands for a secret in a stored configuration."""

OutputName = Literal["text", "speech"]
FailureName = Literal["raised", "hung", "died", "limit", "invalid_output", "source", "lost"]
_SECRET = re.compile(
    r"(^|[_-])(key|token|secret|password|passwd)([_-]|$)|(key|token|secret|password|passwd)$",
    re.IGNORECASE,
)
_CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
NAME = re.compile(r"(?!\.{1,2}$)[^\x00-\x1f/\\]{1,120}")


@dataclass(frozen=True, slots=True)
class Choice:
    """A part chosen by name, with its parameters; flat in YAML: ``{name: cascade, k: 3}``."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, **self.params}


@dataclass(frozen=True, slots=True)
class ExecutorConfig:
    """Where recordings are replayed."""

    name: str = "local"
    workers: int = 1
    limits: Limits = field(default_factory=Limits)
    params: Mapping[str, Any] = field(default_factory=dict)
    """What only this executor knows."""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigError(f"executor.workers: must be at least 1, not {self.workers}")


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One run.  Times in seconds, rates in Hz."""

    system: Choice
    dataset: Choice
    clock: Choice = field(default_factory=lambda: Choice("simulated"))
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)
    metrics: tuple[str, ...] = ()
    metric_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Metric to its options: ``{COMET: {checkpoint: …}}``."""
    source_lang: str | None = None
    target_lang: str | None = None
    outputs: tuple[OutputName, ...] | None = None
    """None: all that the system can give."""
    chunk_s: float = 0.32
    repeat: int = 1
    warmup_s: float = 2.0
    seed: int = 0
    stages: Literal["sequential", "concurrent"] = "concurrent"
    sample_rate_hz: int = 16_000
    delivery: Delivery = field(default_factory=Delivery)
    """The network between speaker and system."""
    load: Load = field(default_factory=Load)
    """Listeners at once."""
    name: str | None = None
    out: Path = Path("runs")
    resume: Path | None = None
    """A run folder to finish."""
    redo: tuple[FailureName, ...] = ()
    """With ``resume``: recordings that failed in these ways are replayed again."""
    score: bool = True

    def __post_init__(self) -> None:
        if self.clock.name not in get_args(ClockName):
            raise ConfigError(f"clock: expected {', '.join(get_args(ClockName))}, not "
                              f"{self.clock.name!r}")
        _above("chunk_s", self.chunk_s, 0, at_most=3600)
        if not 1000 <= self.sample_rate_hz <= 768_000:
            raise ConfigError("sample_rate_hz: must be from 1000 to 768000, not "
                              f"{self.sample_rate_hz}")
        if self.repeat < 1:
            raise ConfigError(f"repeat: must be at least 1, not {self.repeat}")
        if not 0 <= self.warmup_s < math.inf:
            raise ConfigError(f"warmup_s: must be 0 or more, not {self.warmup_s}")
        if self.outputs is not None and len({*self.outputs}) != max(len(self.outputs), 1):
            raise ConfigError("outputs: expected null, [text], [speech] or [text, speech], not "
                              f"{list(self.outputs)}")
        for key, language in (("source_lang", self.source_lang), ("target_lang",
                                                                  self.target_lang)):
            if language is not None and not LANGUAGE.fullmatch(language):
                raise ConfigError(f"{key}: expected a language code such as de, not {language!r}")
        if self.name is not None and not NAME.fullmatch(self.name):
            raise ConfigError("name: a run's name names its folder: at most 120 characters, no "
                              f"slash and no control characters, not {self.name!r}")
        if self.redo and self.resume is None:
            raise ConfigError("redo: replays failed recordings of a run again: give resume=RUN too")
        if self.load.streams is not None:
            self._check_load()
        if not self.metrics and self.score:
            raise ConfigError("metrics: none are named; give metrics=[BLEU,LAAL] or score=false")

    def _check_load(self) -> None:
        from s2st_bench.remote.address import address_of

        if self.clock.name != "realtime":
            raise ConfigError("load.streams: listeners at once are measured in real time only: "
                              f"clock=realtime, not {self.clock.name}")
        if self.repeat != 1:
            raise ConfigError("load.streams: each level repeats recordings as its listeners need; "
                              f"repeat=1, not {self.repeat}")
        if self.executor.name != "local":
            raise ConfigError("load.streams: one machine's load is measured: executor=local, not "
                              f"{self.executor.name}")
        if address_of(self.resume or self.out) is not None:
            raise ConfigError("load.streams: levels are written into a folder of this machine, not "
                              f"{self.resume or self.out}")
        if self.redo:
            raise ConfigError("redo: a level of a load test is measured as a whole; start the test "
                              "anew instead")
        if self.executor.workers != 1:
            raise ConfigError("load.streams: listeners share one loaded system; "
                              f"executor.workers=1, not {self.executor.workers}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        """Check and convert a plain mapping of the composed shape.

        Raises
        ------
        ConfigError
            Naming the key and what was expected.
        """
        plain = dict(values)
        for key in ("system", "dataset", "clock"):
            if key in plain:
                plain[key] = read_choice(plain[key], key)
        if isinstance(executor := plain.get("executor"), Mapping):
            own = {f.name for f in fields(ExecutorConfig)} - {"params"}
            plain["executor"] = {k: v for k, v in executor.items() if k in own} | {
                "params": {k: v for k, v in executor.items() if k not in own}
            }
        for key in ("outputs", "redo"):
            if isinstance(one := plain.get(key), str):
                plain[key] = [one]
        if isinstance(metrics := plain.get("metrics"), Mapping):
            plain["metrics"] = metrics.get("names") or []
        return construct(cls, plain, "")

    def to_dict(self, *, redacted: bool = True) -> dict[str, Any]:
        """The plain mapping that :meth:`from_dict` reads, secrets replaced by ``***``."""
        plain: dict[str, Any] = {f.name: to_plain(getattr(self, f.name)) for f in fields(self)}
        return redact(plain) if redacted else plain

    def to_yaml(self, *, redacted: bool = True) -> str:
        """The configuration as YAML; itself a valid configuration."""
        import yaml

        text: str = yaml.safe_dump(
            self.to_dict(redacted=redacted), sort_keys=False, allow_unicode=True
        )
        return text


def redact(value: Any, key: str = "") -> Any:
    """A copy without secrets: texts under keys such as ``api_key``, and ``user:password@`` in
    addresses.
    """
    if isinstance(value, Mapping):
        return {k: redact(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item, key) for item in value]
    if isinstance(value, str):
        return REDACTED if value and _SECRET.search(key) else _CREDENTIALS_IN_URL.sub(
            REDACTED, value
        )
    return value


def to_plain(value: Any) -> Any:
    """Nested parts as a YAML file holds them."""
    if isinstance(value, Choice):
        return to_plain(value.to_dict())
    if isinstance(value, ExecutorConfig):
        own = {f.name: to_plain(getattr(value, f.name)) for f in fields(value)
               if f.name != "params"}
        return {**own, **to_plain(value.params)}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value


def read_choice(value: Any, key: str) -> Choice:
    """A part from its ``{name, …}``."""
    if isinstance(value, Choice):
        return value
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key}: expected {key}=NAME, not {value!r}")
    name = value.get("name")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{key}.name: expected the name of a {key}, not {name!r}")
    return Choice(name, {str(k): v for k, v in value.items() if k != "name"})


def _above(key: str, value: float, low: float, *, at_most: float) -> None:
    if not low < value <= at_most:
        raise ConfigError(f"{key}: must be above {low} and at most {at_most}, not {value}")
