"""Protocol Buffers' wire format for messages whose fields a YAML lists; no generated code.

A schema maps a field's name to its number (a scalar whose type follows from the value) or to
``{number: N, type: T}`` with ``T`` one of ``string``, ``bytes``, ``int``, ``bool``, ``double``,
``float``, or to ``{number: N, fields: {…}}`` for a message inside.  Decoding gives a mapping with
the names that the schema knows; other fields are skipped.  Of a field that comes twice, the last
one counts, except ``repeated: true``, which gives a list.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from s2st_bench.errors import ConfigError

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_TYPES = ("string", "bytes", "int", "bool", "double", "float")


def check_schema(schema: Mapping[str, Any], where: str) -> None:
    """Refuse a schema that cannot be used.

    Raises
    ------
    ConfigError
    """
    for name, entry in schema.items():
        given = entry if isinstance(entry, Mapping) else {"number": entry, "type": "string"}
        extra = set(given) - {"number", "type", "fields", "repeated"}
        number = given.get("number")
        if extra or not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise ConfigError(f"{where}.{name}: expected a field number, or "
                              "{number: N, type: T} or {number: N, fields: {…}}")
        if "fields" in given:
            check_schema(given["fields"], f"{where}.{name}")
        elif given.get("type", "string") not in _TYPES:
            raise ConfigError(f"{where}.{name}: type is one of {', '.join(_TYPES)}, not "
                              f"{given['type']!r}")


def encode(message: Mapping[str, Any], schema: Mapping[str, Any]) -> bytes:
    """A message's bytes, its fields in the order given.

    Raises
    ------
    KeyError
        A field that the schema does not have.
    """
    out = bytearray()
    for name, value in message.items():
        number, type_, inner, _ = _entry(schema[name])
        for item in value if isinstance(value, list) else [value]:
            if inner is not None:
                item, type_ = encode(item, inner), "bytes"
            out += _field(number, item, type_)
    return bytes(out)


def decode(data: bytes, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The known fields of a message.

    Raises
    ------
    ValueError
        The bytes are no message.
    """
    by_number = {_entry(entry)[0]: name for name, entry in schema.items()}
    out: dict[str, Any] = {}
    for number, wire, raw in _fields(data):
        if (name := by_number.get(number)) is None:
            continue
        _, type_, inner, repeated = _entry(schema[name])
        value = decode(_bytes(raw), inner) if inner is not None else _value(raw, wire, type_)
        if repeated:
            out.setdefault(name, []).append(value)
        else:
            out[name] = value
    return out


def _entry(entry: Any) -> tuple[int, str, Mapping[str, Any] | None, bool]:
    if isinstance(entry, Mapping):
        return (entry["number"], entry.get("type", "string"), entry.get("fields"),
                bool(entry.get("repeated", False)))
    return entry, "", None, False


def _field(number: int, value: Any, type_: str) -> bytes:
    if type_ in ("double", "float"):
        wire, form = (_FIXED64, "<d") if type_ == "double" else (_FIXED32, "<f")
        return _varint(number << 3 | wire) + struct.pack(form, value)
    if isinstance(value, bool | int):
        return _varint(number << 3 | _VARINT) + _varint(int(value) & (1 << 64) - 1)
    body = value if isinstance(value, bytes) else str(value).encode()
    return _varint(number << 3 | _LENGTH) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ValueError("a field with number 0")
        if wire == _VARINT:
            value, at = _read_varint(data, at)
            yield number, wire, value
            continue
        if wire == _LENGTH:
            length, at = _read_varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + length > len(data):
            raise ValueError("it ends inside a field")
        yield number, wire, data[at : at + length]
        at += length


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("it ends inside a number")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def _value(raw: int | bytes, wire: int, type_: str) -> Any:
    if isinstance(raw, int):
        if type_ == "bool":
            return bool(raw)
        return raw - (1 << 64) if raw >> 63 else raw
    if wire == _FIXED64:
        return struct.unpack("<d", raw)[0]
    if wire == _FIXED32:
        return struct.unpack("<f", raw)[0]
    return raw if type_ == "bytes" else raw.decode()


def _bytes(raw: int | bytes) -> bytes:
    if isinstance(raw, int):
        raise ValueError("a number where a message is expected")
    return raw
