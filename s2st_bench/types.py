"""The types every part shares: what is heard, what is said, when, and what it scored.

Conventions: frozen dataclasses with slots; seconds end in ``_s``, rates in ``_hz``; samples are
mono ``float32`` arrays in [-1, 1]; languages are BCP-47 codes as the corpus gives them (``en``,
``zh-CN``).  *Source time* runs from the start of the recording's audio; under the ``ideal``
clock it is also the time of the replay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Modality = Literal["speech", "text"]
SourceUnit = Literal["s", "tokens"]
ClockName = Literal["ideal", "simulated", "realtime"]

MAIN = "main"
"""The resource of every job that does not name one: a single worker."""


# --- what a corpus holds ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word; times in seconds from the start of the recording (or of a piece)."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Term:
    """A term whose translation is checked: source form and accepted forms per language."""

    source: str
    targets: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Segment:
    """One reference sentence of a recording."""

    id: str
    start_s: float
    end_s: float
    transcript: str = ""
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Target language to its reference translations (one or more)."""
    speaker: str = ""
    words: tuple[Word, ...] = ()
    """Source words with times from the start of the recording; empty when unknown."""
    alignment: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """Target language to (source word index, first-reference word index) pairs."""
    terms: tuple[Term, ...] = ()
    origin: str = ""
    """Where the sentence comes from when a corpus scores parts of itself apart."""


@dataclass(frozen=True, slots=True)
class AudioSource:
    """Audio on disk; ``duration_s`` none means to the end of the file."""

    path: Path
    offset_s: float = 0.0
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class TextSource:
    """Text input, already split into the tokens a system is given one by one."""

    tokens: tuple[str, ...]
    start_s: tuple[float, ...] = ()
    """When each token was said; empty when the text has no time."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a system may read beforehand (extra-context tracks)."""

    documents: tuple[str, ...] = ()
    glossary: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: one segment in short form, many in long form."""

    id: str
    source: AudioSource | TextSource
    source_lang: str
    target_langs: tuple[str, ...]
    segments: tuple[Segment, ...]
    sample_rate_hz: int = 16_000
    """Rate of the file as its header says; systems state the rate they want themselves."""
    cluster: str = ""
    """The unit of resampling: talk, speaker or sentence id, as the corpus declares."""
    reference_audio: Mapping[str, AudioSource] = field(default_factory=dict)
    context: Context = Context()
    licence: str = ""
    text_norm: str = "cased"
    """How references are written: ``cased`` (with punctuation) or ``lower`` (without)."""

    @property
    def long_form(self) -> bool:
        return len(self.segments) > 1


# --- what a system is given and gives back ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """New source audio: mono float32 ``samples[n]`` starting at ``start_s``."""

    samples: Samples
    sample_rate_hz: int
    start_s: float
    is_last: bool

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate_hz


@dataclass(frozen=True, slots=True)
class TextChunk:
    """New source tokens; ``index`` is the position of the first one."""

    tokens: tuple[str, ...]
    index: int
    start_s: float | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class Task:
    """All a session is told.  Never a path, an id, a reference or a duration."""

    source_lang: str
    target_lang: str
    source: Modality = "speech"
    outputs: frozenset[Modality] = frozenset({"text"})
    sample_rate_hz: int = 16_000
    context: Context = Context()
    terms: tuple[Term, ...] = ()
    voice_prompt: Samples | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """Ask for more source.

    ``min_s`` is the least new source to wait for (seconds of audio, or tokens of text); 0 means
    the run's chunk.  ``all_available`` asks for all that has arrived by then, which makes the
    trace adaptive.
    """

    min_s: float = 0.0
    all_available: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.min_s < math.inf:
            raise ValueError(f"Read: min_s is a finite number of at least 0, not {self.min_s}")


@dataclass(frozen=True, slots=True)
class Speech:
    """Synthesised speech: mono float32 ``samples[n]`` at ``sample_rate_hz``."""

    samples: Samples
    sample_rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate_hz


@dataclass(frozen=True, slots=True)
class Write:
    """Say something.

    ``retract_chars`` first takes back that many characters from the end of the committed text,
    then ``text`` is appended verbatim (a system adds its own spaces).  ``cancel_audio`` drops
    speech not yet played before ``audio`` is queued.
    """

    text: str = ""
    audio: Speech | None = None
    retract_chars: int = 0
    cancel_audio: bool = False
    words: tuple[Word, ...] = ()
    """Words of ``audio`` with times from its first sample, where the system knows them."""
    is_final: bool = False
    """Nothing follows: ends the recording."""


# --- what a replay records --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """One measured piece of work on the replay's clock.

    ``parents`` are ids of jobs whose output it consumed.  ``on_source`` says that it also
    consumed the source audio of its step, so that it cannot start before that had arrived.
    """

    id: int
    stage: str
    start_s: float
    end_s: float
    parents: tuple[int, ...] = ()
    resource: str = MAIN
    network_s: float = 0.0
    on_source: bool = True

    @property
    def compute_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class TimedWrite:
    """A write as the record keeps it: its audio is in the trace's pieces."""

    job: int
    at_s: float
    """Seconds from the start of ``job`` until it left."""
    text: str = ""
    retract_chars: int = 0
    cancel_audio: bool = False
    speech_s: float = 0.0
    words: tuple[Word, ...] = ()
    is_final: bool = False
    output: bool = True
    """False for what an inner stage of a pipeline passed on (an ASR's transcript)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange: the source given so far and all that was done with it."""

    source_s: float
    """Source given so far: seconds of audio, or tokens of text."""
    arrived_s: float
    """When the last of it existed for a listener, on the source's time."""
    jobs: tuple[Job, ...] = ()
    writes: tuple[TimedWrite, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Speech of one write, stored gapless; ``path`` is relative to the run folder."""

    path: str
    offset: int
    """First sample inside the file."""
    length: int
    """Samples."""
    sample_rate_hz: int
    write: int
    """Index of the write among the trace's output writes, in order."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a recording has no whole answer."""

    kind: Literal["raised", "hung", "died", "limit", "invalid_output", "source", "lost"]
    message: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The record of one recording heard by one system once: the evidence behind every number."""

    system: str
    recording_id: str
    target_lang: str
    source_length: float
    """Seconds of audio, or tokens of text, as decoded."""
    steps: tuple[Step, ...] = ()
    pieces: tuple[Piece, ...] = ()
    source_unit: SourceUnit = "s"
    repeat: int = 0
    kind: Literal["policy", "stream"] = "policy"
    chunking: Literal["fixed", "adaptive"] = "fixed"
    clock: ClockName = "simulated"
    stages: Literal["sequential", "concurrent"] = "sequential"
    outputs: tuple[Modality, ...] = ("text",)
    host: str = ""
    load: Mapping[str, Any] = field(default_factory=dict)
    """Contention while it ran: ``workers``, ``cores``, ``loadavg``, ``waited`` and ``others``
    (:mod:`s2st_bench.contention`), ``shared``; of a stream also ``disconnects``; of a
    load test ``streams`` (listeners at once), ``processes``, ``listener``, ``began_s`` (on the
    level's time) and, where there is one, ``conversation``."""
    warmup_s: float = 0.0
    attempt: int = 1
    perturbation: str = ""
    source_sha256: str = ""
    privileged: bool = False
    """A control that saw the references; never ranked with systems."""
    voices: tuple[str, ...] = ()
    """What its speech is made by, as the system declares it; empty: unknown."""
    error: Failure | None = None
    version: int = 1

    @property
    def key(self) -> tuple[str, str, int]:
        """What one run holds exactly once: recording, target language, repeat."""
        return self.recording_id, self.target_lang, self.repeat


# --- what is read off a trace and what it scores ----------------------------------------------


@dataclass(frozen=True, slots=True)
class Emission:
    """One unit of output as a listener got it; all times in seconds of source time.

    ``delay`` is computation-unaware (source given when the unit was completed), ``elapsed``
    computation-aware (none where the clock did not measure).
    """

    unit: str
    delay: float
    elapsed: float | None
    played: tuple[float, float] | None = None
    first_shown_s: float = 0.0
    final_s: float = 0.0


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """What a metric is, before any number."""

    name: str
    unit: str
    higher_is_better: bool | None
    """None: a description, not a merit."""
    needs: frozenset[str] = frozenset()
    """Any of ``text``, ``speech``, ``reference``, ``transcript``, ``words``, ``compute``,
    ``audio_source``."""
    variants: tuple[Literal["CU", "CA"], ...] = ()
    source: str = ""
    """Paper, or the implementation whose convention it follows."""


@dataclass(frozen=True, slots=True)
class Score:
    """One number of a run, with how it was made."""

    metric: str
    value: float | None
    unit: str
    ci95: tuple[float, float] | None
    n_scored: int
    n_total: int
    n_clusters: int
    coverage: float | None
    signature: str
    higher_is_better: bool | None = None
    reason: str = ""
    """Why ``value`` is none."""
    group: str = "all"
    """The part of the corpus it is of: all, or the items of one ``Segment.origin``."""
    unranked: str = ""
    """Why systems must not be ranked by it; empty: they may."""
    marks: tuple[str, ...] = ()
    """What must stand beside it, a few words each (``circular``)."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: what ran on what, with which settings, where."""

    system: str
    corpus: str
    clock: ClockName
    config: Mapping[str, Any]
    source_lang: str
    target_lang: str
    outputs: tuple[Modality, ...]
    card: Mapping[str, Any] = field(default_factory=dict)
    """The system's card: summary, licence, privileged, …"""
    corpus_card: Mapping[str, Any] = field(default_factory=dict)
    """Licence, ``synthetic`` notice, split, …"""
    fingerprint: str = ""
    """Names the exact test set: a hash of texts, times and audio headers."""
    n_recordings: int = 0
    git_commit: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    host: Mapping[str, Any] = field(default_factory=dict)
    started_at: str = ""
    """UTC, ISO 8601."""
    finished_at: str = ""
    status: Literal["running", "finished", "interrupted"] = "running"
    scores: tuple[Score, ...] = ()
    version: int = 1
