"""``trust.json``: the marks of one system configuration, kept beside a run.

::

    {"version": 1, "system": …, "signature": 16 hex digits, "config": what is signed,
     "source_lang": …, "target_lang": …, "corpus": …, "made_at": UTC, "s2st_bench": …,
     "settings": {"recordings", "cuts", "repeats", "clock", "chunk_s", "guard", …},
     "n_recordings": …, "n_cuts": …, "n_replays": …,
     "marks": {name: {"verdict", "evidence"}}, "digest": …}

``signature`` names the configuration: another system, parameter, chunk or language pair has
another, and then the file says nothing about the run it lies in.  ``digest`` is of everything
else in the file: a slip of an editor is seen.  Neither is a proof; a file that came in a bundle is
kept under another name and shown as its submitter's claim.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from s2st_bench.errors import InputError
from s2st_bench.store import write_atomically
from s2st_bench.types import RunRecord

from .marks import BARRING, MEANING, VERDICTS, Mark, ordered, overall, untested

VERSION: Final = 1
FILE: Final = "trust.json"
CLAIMED_FILE: Final = "trust.claimed.json"
"""What an unpacked bundle brought along: its submitter's word."""
MAX_BYTES: Final = 1_000_000
_SIGNED: Final = ("chunk_s", "sample_rate_hz", "outputs", "stages", "seed")


@dataclass(frozen=True, slots=True)
class TrustReport:
    """The marks and what they were made from."""

    system: str
    config: Mapping[str, Any]
    """What of the run's configuration is signed."""
    marks: tuple[Mark, ...]
    corpus: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    n_recordings: int = 0
    n_cuts: int = 0
    n_replays: int = 0
    made_at: str = ""
    s2st_bench: str = ""

    @property
    def signature(self) -> str:
        return _hash(self.config)

    def to_dict(self) -> dict[str, Any]:
        row = {
            "version": VERSION,
            "system": self.system,
            "signature": self.signature,
            "config": dict(self.config),
            "corpus": self.corpus,
            "settings": dict(self.settings),
            "n_recordings": self.n_recordings,
            "n_cuts": self.n_cuts,
            "n_replays": self.n_replays,
            "made_at": self.made_at,
            "s2st_bench": self.s2st_bench,
            "overall": overall(self.marks),
            "marks": {mark.name: {"verdict": mark.verdict, "evidence": mark.evidence}
                      for mark in self.marks},
        }
        return {**row, "digest": _hash(row)}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"

    def write(self, run: Path) -> Path:
        """Keep it in a run folder."""
        write_atomically(run / FILE, self.to_json())
        return run / FILE


@dataclass(frozen=True, slots=True)
class Trust:
    """What a reader of a run may hold of it."""

    marks: tuple[Mark, ...]
    state: Literal["checked", "claimed", "untested"]
    note: str
    """Where the marks are from, or why there are none."""

    @property
    def barred(self) -> str:
        """Why the run must not rank; empty: nothing speaks against it."""
        failed = [mark.title for mark in self.marks
                  if mark.verdict == "fail" and mark.name in BARRING]
        return f"trust check failed: {', '.join(failed)}" if failed else ""


def signed(config: Mapping[str, Any], source_lang: str, target_lang: str) -> dict[str, Any]:
    """What of a run's configuration (as its record holds it) decides what its system does."""
    outputs = config.get("outputs")
    return {"system": config.get("system"), "source_lang": source_lang,
            "target_lang": target_lang,
            **{key: config.get(key) for key in _SIGNED},
            "outputs": sorted(outputs) if isinstance(outputs, list | tuple) else outputs}


def read_report(path: Path) -> TrustReport:
    """A ``trust.json``.

    Raises
    ------
    InputError
        It cannot be read, is of another version, or was edited.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES:,} bytes; not a trust report")
        row = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(row, dict) or row.get("version") != VERSION:
        raise InputError(f"{path}: not a trust report of version {VERSION}")
    if row.get("digest") != _hash({key: value for key, value in row.items() if key != "digest"}):
        raise InputError(f"{path}: was edited or damaged; make it again: s2st-bench doctor RUN")
    try:
        marks = ordered(Mark(name, _verdict(one["verdict"]), str(one["evidence"]))
                        for name, one in row["marks"].items() if name in MEANING)
        return TrustReport(str(row["system"]), dict(row["config"]), marks, str(row["corpus"]),
                           dict(row["settings"]), int(row["n_recordings"]), int(row["n_cuts"]),
                           int(row["n_replays"]), str(row["made_at"]), str(row["s2st_bench"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: damaged ({error!r}); make it again: s2st-bench doctor RUN"
                         ) from None


def read_trust(run: Path, record: RunRecord) -> Trust:
    """What lies in a run folder; a report that is damaged or of another configuration counts as
    none, and ``note`` says so.
    """
    if record.card.get("privileged"):
        return Trust(untested("not testable: it sees the references"), "untested",
                     "not testable: it sees the references")
    path = next((run / name for name in (FILE, CLAIMED_FILE) if (run / name).is_file()), None)
    if path is None:
        return _none("not tested; s2st-bench doctor RUN does it" if record.config.get("system")
                     else "not testable: a log only, there is no system to replay")
    try:
        report = read_report(path)
    except InputError as error:
        return _none("not tested: " + str(error).replace(f"{run}/", ""))
    if report.signature != _hash(signed(record.config, record.source_lang, record.target_lang)):
        return _none(f"not tested: {path.name} is of another system or configuration")
    claimed = path.name == CLAIMED_FILE
    told = (f"{report.n_recordings} recordings, {report.n_cuts} cuts, {report.n_replays} replays "
            f"of {report.corpus}, {report.made_at[:10]}")
    return Trust(report.marks, "claimed" if claimed else "checked",
                 f"claimed by the submitter, not checked here ({told})" if claimed else told)


def _none(note: str) -> Trust:
    return Trust(untested(note), "untested", note)


def _verdict(text: Any) -> Any:
    if text not in VERDICTS:
        raise ValueError(f"verdict {text!r}")
    return text


def _hash(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
