"""What a service's YAML can say: every key, its default, and what is refused.

One dataclass a level, read by :mod:`s2st_bench.params`, so a key nobody knows is refused with the
nearest one.  The card (README.md) explains each key to those who write one.

*Paths* name a place in a message: keys joined by dots, a number for an item of a list, ``*`` for
all items.  *Placeholders* are names in braces (:mod:`.templates`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .address import check_header, check_url
from .templates import AUDIO, CREDENTIAL, names_in

Encoding = Literal["s16le", "f32le", "ogg_opus"]
SpeechEncoding = Literal["s16le", "f32le", "wav", "ogg_opus"]
TextFrames = Literal["json", "plain", "any"]
BinaryFrames = Literal["json", "msgpack", "protobuf", "tagged", "raw"]
Paths = tuple[str, ...] | str
Codes = Mapping[str, str] | tuple[str, ...]

OPUS_FRAMES_S = (0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.12)
OPUS_RATES_HZ = (8000, 12000, 16000, 24000, 48000)


@dataclass(frozen=True, slots=True)
class Message:
    """One message to the service: exactly one of the forms."""

    json: Any = None
    msgpack: Any = None
    protobuf: Mapping[str, Any] | None = None
    text: str | None = None
    hex: str | None = None
    """Bytes in hexadecimal, and ``{audio}``."""

    def __post_init__(self) -> None:
        given = [f.name for f in fields(self) if getattr(self, f.name) is not None]
        if len(given) != 1:
            raise ValueError("a message has exactly one of json, msgpack, protobuf, text, hex")
        if self.hex is not None:
            bytes.fromhex(self.hex.replace(f"{{{AUDIO}}}", ""))

    @property
    def form(self) -> str:
        return next(f.name for f in fields(self) if getattr(self, f.name) is not None)

    @property
    def body(self) -> Any:
        return getattr(self, self.form)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done before the first or after the last audio: exactly one of these."""

    send: Message | None = None
    wait: Mapping[str, Any] | None = None
    """Until a message comes that fits, as in a rule's ``when``."""
    silence_s: float = 0.0
    """Silence sent, at the end in real time, at the start at once."""
    close_sending: bool = False
    """TCP only: say that nothing follows."""

    def __post_init__(self) -> None:
        given = [self.send is not None, self.wait is not None, self.silence_s > 0,
                 self.close_sending]
        if sum(given) != 1:
            raise ValueError("a step has exactly one of send, wait, silence_s, close_sending")


@dataclass(frozen=True, slots=True)
class Audio:
    """How source audio is sent."""

    rate_hz: int
    message: Message
    encoding: Encoding = "s16le"
    frame_s: float = 0.0
    """Audio in each message; 0: as the run cuts it."""

    def __post_init__(self) -> None:
        if not 1000 <= self.rate_hz <= 192_000:
            raise ValueError(f"audio.rate_hz: from 1000 to 192000, not {self.rate_hz}")
        if not 0 <= self.frame_s <= 10:
            raise ValueError(f"audio.frame_s: from 0 to 10, not {self.frame_s}")
        if self.encoding == "ogg_opus":
            if self.rate_hz not in OPUS_RATES_HZ:
                raise ValueError(f"audio.rate_hz: Opus knows {_listed(OPUS_RATES_HZ)}, not "
                                 f"{self.rate_hz}")
            if self.frame_s not in OPUS_FRAMES_S:
                raise ValueError(f"audio.frame_s: Opus knows {_listed(OPUS_FRAMES_S)}, not "
                                 f"{self.frame_s}")


@dataclass(frozen=True, slots=True)
class Speech:
    """How the service's speech is encoded."""

    rate_hz: int
    encoding: SpeechEncoding = "s16le"
    """``wav``: a file with a header; bytes without one are read as s16le."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a message that fits ``when`` means; all rules that fit are applied, in order."""

    when: Mapping[str, Any] = field(default_factory=dict)
    """Path to value; ``"*"``: anything that is there and not empty."""
    append: Paths = ()
    """Paths of text that is put behind what stands."""
    replace: Paths = ()
    """Paths of text that takes the place of the open segment's."""
    full: Paths = ()
    """Paths of text that takes the place of all that was said on this connection."""
    retract: str = ""
    """Path of what is first taken back from the open segment: a text or a number of characters."""
    join: str = ""
    """Put between what stands and what ``append`` adds."""
    segment: str = ""
    """Path of the id of the segment meant; without it, the open one."""
    closes: bool = False
    """The segment is done: what follows starts a new one."""
    audio: Paths = ()
    """Paths of speech."""
    cancel_audio: bool = False
    """Speech not yet played is dropped."""
    done: bool = False
    """The service has said all."""
    error: str = ""
    """Path of what the service says went wrong; the recording fails with it."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a message carries the service's own time."""

    path: str
    unit_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Receive:
    """How what comes back is read."""

    rules: tuple[Rule, ...]
    text: TextFrames = "json"
    """``any``: JSON where it is a JSON object, else plain."""
    binary: BinaryFrames = "json"
    speech: Speech | None = None
    separator: str = " "
    """Between segments, where neither has a space and the language writes them."""
    closing: Literal["done", "failure"] = "failure"
    """What it means when the service closes after the end was sent."""
    quiet_s: float = 0.0
    """The recording is over when so long after its end nothing was said; 0: it must be said."""
    stamp: Stamp | None = None

    def __post_init__(self) -> None:
        if not self.rules:
            raise ValueError("receive.rules is empty: nothing that comes back would be read")
        if not 0 <= self.quiet_s <= 600:
            raise ValueError(f"receive.quiet_s: from 0 to 600, not {self.quiet_s}")
        if not (self.quiet_s or self.closing == "done" or any(r.done for r in self.rules)):
            raise ValueError("nothing ends a recording: give a rule with done: true, "
                             "receive.closing: done or receive.quiet_s")


@dataclass(frozen=True, slots=True)
class Languages:
    """What the service takes: codes, or the run's code to the service's; empty: any, as it is."""

    source: Codes = ()
    target: Codes = ()
    pairs: tuple[str, ...] = ()
    """``en-de``, or ``*-en``, ``en-*``; none: each with each."""
    same: bool | None = None
    """True: a recogniser, source and target are one language; false: they differ."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Patience and limits."""

    timeout_s: float = 10.0
    """For one try to connect, and for each ``wait`` at the start."""
    attempts: int = 3
    """Tries to connect, at the start and after each loss."""
    backoff_s: float = 0.5
    """Before the second try; doubled for each one more."""
    reconnects: int = 5
    """Losses that one recording survives."""
    gap: Literal["send", "drop"] = "send"
    """Audio that came while there was no connection is sent late, or left out."""
    stall_s: float = 10.0
    """How long the service may leave a message of ours untaken."""
    message_mb: float = 16.0
    """The longest message that is taken."""
    ping_s: float = 1.0
    """Between pings, which measure the way there and back; 0: none."""

    def __post_init__(self) -> None:
        for name in ("timeout_s", "stall_s", "message_mb"):
            if not getattr(self, name) > 0:
                raise ValueError(f"connection.{name}: above 0, not {getattr(self, name)}")
        for name in ("backoff_s", "ping_s", "reconnects"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"connection.{name}: 0 or more, not {getattr(self, name)}")
        if self.attempts < 1:
            raise ValueError(f"connection.attempts: 1 or more, not {self.attempts}")


@dataclass(frozen=True, slots=True)
class Cost:
    """What an hour of source costs, as the vendor states it."""

    per_hour: float
    currency: str = "USD"
    source: str = ""
    """Where it is stated, and when it was read there."""

    def __post_init__(self) -> None:
        if not 0 <= self.per_hour < 1e6:
            raise ValueError(f"cost.per_hour: from 0 to 1000000, not {self.per_hour}")


@dataclass(frozen=True, slots=True)
class Protocol:
    """One service."""

    url: str
    audio: Audio
    receive: Receive
    headers: tuple[str, ...] = ()
    """``Name: value``, a line each."""
    subprotocols: tuple[str, ...] = ()
    credential_env: str = ""
    """The environment variable with the key."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Placeholders of the YAML's own, with their values."""
    by_output: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """``speech`` and ``text``: placeholders whose values depend on whether speech is wanted."""
    outputs: tuple[Literal["text", "speech"], ...] = ("text",)
    languages: Languages = field(default_factory=Languages)
    start: tuple[Step, ...] = ()
    end: tuple[Step, ...] = ()
    connection: Connection = field(default_factory=Connection)
    schema: Mapping[str, Any] = field(default_factory=dict)
    """Of protobuf messages, for ``send`` and ``receive``: see :mod:`.protobuf`."""
    cost: Cost | None = None
    sessions: int | None = None
    """How many clients the service serves at a time; none: not known."""

    def __post_init__(self) -> None:
        check_url(self.url)
        for line in self.headers:
            check_header(line)
        if self.sessions is not None and self.sessions < 1:
            raise ValueError(f"sessions: 1 or more, not {self.sessions}")
        if not self.outputs:
            raise ValueError("outputs: text, speech or both")
        if "speech" in self.outputs and self.receive.speech is None:
            raise ValueError("outputs has speech: receive.speech must say its rate_hz and encoding")
        if any(step.wait is not None for step in self.end):
            raise ValueError("end: a step that waits belongs to start; a rule with done: true "
                             "says when all was said")
        if unknown := sorted(set(self.by_output) - {"speech", "text"}):
            raise ValueError(f"by_output: knows speech and text, not {unknown[0]}")
        if CREDENTIAL in self.placeholders() and not self.credential_env:
            raise ValueError("{credential} is used, but credential_env names no variable")

    def placeholders(self) -> frozenset[str]:
        """All that the file writes in braces."""
        steps = [step.send for step in (*self.start, *self.end) if step.send]
        messages = [message.body for message in (*steps, self.audio.message)]
        return names_in([self.url, *self.headers, *messages])

    def forms(self) -> frozenset[str]:
        """Message forms and encodings in use: what packages are needed."""
        steps = [step.send.form for step in (*self.start, *self.end) if step.send]
        speech = [self.receive.speech.encoding] if self.receive.speech else []
        return frozenset([*steps, self.audio.message.form, self.audio.encoding,
                          self.receive.binary, *speech])


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
