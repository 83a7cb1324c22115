"""Messages as they travel: a filled template to a frame, a frame to a mapping.

Whatever the form, what comes back is read as a mapping: JSON and msgpack as they are, ``plain``
text (and ``any`` text that is no JSON object) as ``{text}``, ``raw`` bytes as ``{bytes}``,
``tagged`` bytes as ``{tag, body}`` with the first byte as the tag.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from . import protobuf
from .protocol import Message, Protocol
from .templates import AUDIO, fill

Frame = str | bytes
"""A text frame (a line, over TCP) or a binary one."""


class Malformed(Exception):
    """A frame that is not what the protocol says."""


def encode(message: Message, values: Mapping[str, Any], protocol: Protocol) -> Frame:
    """A message with its placeholders filled.

    Raises
    ------
    ValueError, TypeError, KeyError
        The filled message cannot be written in its form.
    """
    if message.form == "hex":
        return _hex(message.body, values)
    if message.form == "text":
        texts = {k: _base64(v) if isinstance(v, bytes) else v for k, v in values.items()}
        return str(fill(message.body, texts))
    body = fill(message.body, values)
    if message.form == "json":
        return json.dumps(body, default=_base64, ensure_ascii=False, separators=(",", ":"))
    if message.form == "msgpack":
        import msgpack

        packed: bytes = msgpack.packb(body, use_single_float=True)
        return packed
    return protobuf.encode(body, protocol.schema["send"])


def decode(frame: Frame, protocol: Protocol) -> Mapping[str, Any]:
    """What a frame says.

    Raises
    ------
    Malformed
        In a few words.
    """
    receive = protocol.receive
    form = receive.text if isinstance(frame, str) else receive.binary
    try:
        if form == "plain":
            return {"text": frame}
        if form == "raw":
            return {"bytes": frame}
        if form == "any":
            return _object(frame)
        if form == "json":
            found = json.loads(frame)
        elif isinstance(frame, str):
            raise ValueError("a text frame")
        elif form == "tagged":
            if not frame:
                raise ValueError("an empty frame")
            return {"tag": frame[0], "body": frame[1:]}
        elif form == "msgpack":
            import msgpack

            found = msgpack.unpackb(frame, raw=False, strict_map_key=False)
        else:
            found = protobuf.decode(frame, protocol.schema["receive"])
    except (ValueError, TypeError, RecursionError) as error:
        # JSON's, Unicode's and msgpack's own are ValueErrors; msgpack may find a key unhashable
        raise Malformed(f"a message is not {form}: {_brief(error)}: {_shown(frame)}") from None
    if not isinstance(found, Mapping):
        raise Malformed(f"a message is not a mapping: {_shown(frame)}")
    return found


def _object(frame: Frame) -> Mapping[str, Any]:
    """A text that is a JSON object as that, any other as ``{text}``."""
    try:
        found = json.loads(frame)
    except ValueError:
        found = None
    return found if isinstance(found, Mapping) else {"text": frame}


def _hex(template: str, values: Mapping[str, Any]) -> bytes:
    before, placeholder, after = template.partition(f"{{{AUDIO}}}")
    body = values[AUDIO] if placeholder else b""
    return bytes.fromhex(before) + bytes(body) + bytes.fromhex(after)


def _base64(value: Any) -> str:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")
    return base64.b64encode(value).decode("ascii")


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__


def _shown(frame: Frame) -> str:
    start = frame[:60]
    return f"{start!r}{'…' if len(frame) > 60 else ''}"
