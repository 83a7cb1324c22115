"""Messages that come back, read by a protocol's rules: writes, the end, errors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s2st_bench.types import Speech, Write

from .protocol import Paths, Receive, Rule
from .speech import SpeechDecoder
from .transcript import Transcript
from .wire import Malformed

ANY = "*"
_ERROR_CHARS = 300


@dataclass(frozen=True, slots=True)
class Reading:
    """What one message says."""

    writes: tuple[Write, ...] = ()
    done: bool = False
    error: str | None = None


class Reader:
    """Applies the rules of one session; keeps what was said so far.

    ``outputs`` are those the task wants: what else comes is left out.
    """

    def __init__(self, receive: Receive, outputs: frozenset[str], separator: str) -> None:
        self._rules = receive.rules
        self._speech = receive.speech
        self._outputs = outputs
        self._transcript = Transcript(separator)
        self._decoder = SpeechDecoder(receive.speech) if receive.speech else None

    def reconnected(self) -> None:
        """Another connection: a new stream of speech, and new segments of text."""
        self._transcript.reconnected()
        self._decoder = SpeechDecoder(self._speech) if self._speech else None

    def read(self, message: Mapping[str, Any]) -> Reading:
        """Apply all rules that fit.

        Raises
        ------
        Malformed
            A rule fits and what it names is not there, or not of its kind.
        """
        writes: list[Write] = []
        done = False
        for rule in self._rules:
            if not fits(message, rule.when):
                continue
            if rule.error:
                said = " ".join(_as_text(item) for item in values_at(message, rule.error))
                return Reading(tuple(writes), error=said[:_ERROR_CHARS] or "no reason given")
            writes.extend(self._apply(rule, message))
            done = done or rule.done
        return Reading(tuple(writes), done)

    def _apply(self, rule: Rule, message: Mapping[str, Any]) -> Iterator[Write]:
        if "text" in self._outputs and (write := self._text(rule, message)) is not None:
            yield write
        if rule.closes:
            self._transcript.close()
        if "speech" in self._outputs and self._decoder is not None:
            yield from self._audio(rule, message, self._decoder)

    def _text(self, rule: Rule, message: Mapping[str, Any]) -> Write | None:
        segment = ""
        if rule.segment:
            segment = "".join(_as_text(item) for item in values_at(message, rule.segment))
        try:
            if rule.append:
                return self._transcript.append(
                    texts_at(message, rule.append), join=rule.join, segment=segment,
                    retract=_taken(message, rule.retract) if rule.retract else 0,
                )
            if rule.replace:
                return self._transcript.replace(texts_at(message, rule.replace), segment)
            if rule.full:
                return self._transcript.full(texts_at(message, rule.full))
        except ValueError as error:
            raise Malformed(f"a message {error}") from None
        return None

    def _audio(
        self, rule: Rule, message: Mapping[str, Any], decoder: SpeechDecoder
    ) -> Iterator[Write]:
        cancel = rule.cancel_audio
        for value in (v for path in _listed(rule.audio) for v in values_at(message, path)):
            try:
                samples, rate_hz = decoder.decode(value)
            except ValueError as error:
                raise Malformed(f"speech that cannot be decoded: {error}") from None
            if len(samples):
                yield Write(audio=Speech(samples, rate_hz), cancel_audio=cancel)
                cancel = False
        if cancel:
            yield Write(cancel_audio=True)


def fits(message: Mapping[str, Any], when: Mapping[str, Any]) -> bool:
    """Whether each path leads to its value; ``"*"`` is any value but none, false and empty."""
    for path, wanted in when.items():
        found = values_at(message, path)
        if wanted == ANY:
            if not any(item not in (None, False, "", b"") for item in found):
                return False
        elif not any(item == wanted and type(item) is type(wanted) for item in found):
            return False
    return True


def values_at(message: Any, path: str) -> list[Any]:
    """All values that a path leads to; none where it leads nowhere."""
    if "." not in path:  # most are a single key
        return list(_step(message, path))
    found = [message]
    for key in path.split("."):
        found = [inner for item in found for inner in _step(item, key)]
    return found


def texts_at(message: Mapping[str, Any], paths: Paths) -> str:
    """The texts that paths lead to, joined; a path that leads nowhere is the empty text.

    Raises
    ------
    ValueError
        What is found is no text, or nothing is found at all.
    """
    found = [value for path in _listed(paths) for value in values_at(message, path)]
    if not found:
        raise ValueError(f"has no {' or '.join(_listed(paths))}: {_shown(message)}")
    parts = []
    for value in found:
        if isinstance(value, bytes):
            value = value.decode()  # a UnicodeDecodeError is a ValueError
        if value is not None and not isinstance(value, str):
            raise ValueError(f"has {value!r:.40} where a text is expected: {_shown(message)}")
        parts.append(value or "")
    return "".join(parts)


def _step(item: Any, key: str) -> Sequence[Any]:
    if isinstance(item, Mapping):
        if key == ANY:
            return list(item.values())
        return [item[key]] if key in item else []
    if isinstance(item, list | tuple):
        if key == ANY:
            return list(item)
        if key.isdecimal() and int(key) < len(item):
            return [item[int(key)]]
    return []


def _taken(message: Mapping[str, Any], path: str) -> str | int:
    """What is to be taken back: a text, or a number of characters."""
    found = values_at(message, path)
    if found and isinstance(found[0], int) and not isinstance(found[0], bool):
        return found[0]
    return texts_at(message, path)


def _listed(paths: Paths) -> tuple[str, ...]:
    return ((paths,) if paths else ()) if isinstance(paths, str) else paths


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def _shown(message: Mapping[str, Any]) -> str:
    return json.dumps(message, default=lambda value: f"<{type(value).__name__}>")[:120]
