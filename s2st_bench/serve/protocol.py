"""What a client may say and what it is told: simulstream's messages, and ours beside them.

Source of the base protocol: simulstream 1.0.0 (Apache-2.0), ``server/websocket_server.py`` and
``server/message_processor.py``.  Text messages are JSON objects.  Audio is mono PCM, little
endian, of any length; a sample cut in two is joined again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import numpy as np

from s2st_bench.config import LANGUAGE
from s2st_bench.errors import InputError
from s2st_bench.types import Samples, Speech, Word

VERSION: Final = 1
DEFAULT_RATE_HZ: Final = 16_000
RATES_HZ: Final = (1_000, 384_000)

Encoding = Literal["pcm_s16le", "pcm_f32le"]
ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)
WIDTHS: Final[Mapping[Encoding, int]] = {"pcm_s16le": 2, "pcm_f32le": 4}

# RFC 6455, section 7.4.1, and IANA's registry for 1013
GOING_AWAY: Final = 1001
BAD_DATA: Final = 1007
POLICY: Final = 1008
FAILED: Final = 1011
TRY_LATER: Final = 1013


class Refused(InputError):
    """A client, or what it sent, is not taken; it is told why, then the connection is closed.

    ``code`` is for programs: ``bad_message``, ``bad_audio``, ``bad_setting``, ``too_late``,
    ``unsupported``, ``flood``, ``idle``, ``too_long``, ``full``, ``shutting_down``,
    ``system_failed``, ``system_hung``, ``internal``.
    """

    def __init__(self, code: str, message: str, close: int = POLICY) -> None:
        super().__init__(message)
        self.code = code
        self.close = close


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client has asked for so far."""

    sample_rate_hz: int = DEFAULT_RATE_HZ
    source_lang: str | None = None
    target_lang: str | None = None
    encoding: Encoding = "pcm_s16le"
    speech: Encoding | None = None
    """How it wants speech; none: it wants text only."""


@dataclass(frozen=True, slots=True)
class Control:
    """One text message: settings by name, and whether the audio is over."""

    changes: Mapping[str, Any]
    is_end: bool

    def applied(self, settings: Settings) -> Settings:
        """The settings after it."""
        return replace(settings, **self.changes)


def read_control(text: str) -> Control:
    """A text message of a client.  Members that nobody knows are passed over.

    Raises
    ------
    Refused
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("bad_message", "a text message is a JSON object; this is none",
                      BAD_DATA) from None
    if not isinstance(data, dict):
        raise Refused("bad_message", f"a text message is a JSON object, not "
                      f"{_kind(data)}", BAD_DATA)
    changes: dict[str, Any] = {}
    if "sample_rate" in data:
        changes["sample_rate_hz"] = _rate(data["sample_rate"])
    for key in ("source_lang", "target_lang"):
        if data.get(key) is not None:
            changes[key] = _language(key, data[key])
    if "encoding" in data:
        changes["encoding"] = _encoding("encoding", data["encoding"])
    if "speech" in data:
        wanted = data["speech"]
        changes["speech"] = None if wanted in (None, False) else _encoding("speech", wanted)
    return Control(changes, "end_of_stream" in data)


def samples_of(data: bytes, encoding: Encoding) -> Samples:
    """Whole samples as float32 in [-1, 1].

    Raises
    ------
    Refused
        Float samples that are not finite.
    """
    if encoding == "pcm_s16le":
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32_768)
    samples = np.frombuffer(data, "<f4").astype(np.float32)
    if not np.isfinite(samples).all():
        raise Refused("bad_audio", "audio with NaN or infinite samples", BAD_DATA)
    return samples


def bytes_of(samples: Samples, encoding: Encoding) -> bytes:
    """Samples as bytes; beyond full scale they are clipped where the encoding has no more."""
    if encoding == "pcm_f32le":
        return samples.astype("<f4").tobytes()
    scaled = np.rint(np.asarray(samples, np.float64) * 32_768)
    clipped: bytes = np.clip(scaled, -32_768, 32_767).astype("<i2").tobytes()
    return clipped


def caption(new: str = "", deleted: str = "", **more: object) -> dict[str, Any]:
    """A message that every client of simulstream understands, with what only some know."""
    return {"new": new, "deleted": deleted, **more}


def speech_header(
    speech: Speech | None, encoding: Encoding, words: Sequence[Word], is_cancel: bool
) -> dict[str, Any]:
    """What is said of the binary message that follows it (where ``bytes`` is above 0)."""
    length = len(speech.samples) if speech is not None else 0
    return {
        "encoding": encoding,
        "sample_rate": speech.sample_rate_hz if speech is not None else None,
        "bytes": length * WIDTHS[encoding],
        "cancel": is_cancel,
        "words": [[word.text, word.start_s, word.end_s] for word in words],
    }


def failure(error: Refused) -> dict[str, Any]:
    """The last message before the connection is closed."""
    return caption(error={"code": error.code, "message": str(error)})


def encode(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, allow_nan=False)


def _rate(value: object) -> int:
    low, high = RATES_HZ
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high \
            or value != int(value):
        raise Refused("bad_setting", f"sample_rate: a whole number from {low} to {high} is "
                      f"wanted, not {_shown(value)}")
    return int(value)


def _language(key: str, value: object) -> str:
    if not isinstance(value, str) or not LANGUAGE.fullmatch(value):
        raise Refused("bad_setting", f"{key}: a language code such as de is wanted, not "
                      f"{_shown(value)}")
    return value


def _encoding(key: str, value: object) -> Encoding:
    found = next((encoding for encoding in ENCODINGS if encoding == value), None)
    if found is None:
        raise Refused("bad_setting", f"{key}: {' or '.join(ENCODINGS)} is wanted, not "
                      f"{_shown(value)}")
    return found


def _shown(value: object) -> str:
    return ascii(value)[:60]


def _kind(value: object) -> str:
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")
