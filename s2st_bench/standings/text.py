"""Text that others wrote, made safe to show: ids, names, predictions, messages, paths.

Escaping is left to jinja2 (HTML), to ``textContent`` (the pages' scripts) and to
:func:`script` (data files).  What is left to do here is what escaping does not cover: characters
that make one name look like another, lengths, file names.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Any

MAX_TEXT = 20_000
"""Characters of one text that a page carries."""
MAX_LABEL = 120

_CONTROLS = {c: "\N{REPLACEMENT CHARACTER}" for c in (*range(32), *range(127, 160))}
_KEPT = {ord("\n"): "\n", ord("\t"): "\t"}
_BIDI = {c: "\N{REPLACEMENT CHARACTER}" for c in (
    0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_ABSOLUTE = re.compile(r"/|~|[A-Za-z]:[/\\]|\\\\")
_SLUG = re.compile(r"[^a-z0-9]+")


def label(text: object, limit: int = MAX_LABEL) -> str:
    """A name on one line: no control or direction characters, at most ``limit`` characters."""
    plain = _encodable(str(text)).translate({**_CONTROLS, **_BIDI})
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def passage(text: object, limit: int = MAX_TEXT) -> str:
    """A longer text, cut at ``limit`` with a note of its whole length.

    Direction characters stay, since they are part of what was said: pages isolate every passage.
    """
    whole = str(text)
    plain = _encodable(whole[:limit]).translate({**_CONTROLS, **_KEPT})
    return plain if len(whole) <= limit else f"{plain}… [cut; {len(whole):,} characters in all]"


def setting(value: object) -> str:
    """A setting as a published page shows it: of an absolute path only the last part."""
    text = str(value)
    if _ABSOLUTE.match(text):
        text = "…/" + re.split(r"[/\\]", text.rstrip("/\\"))[-1]
    return passage(text, 400)


def file_key(text: str, *, index: int | None = None) -> str:
    """A file stem of ``[a-z0-9-]``, different for different texts."""
    slug = _SLUG.sub("-", unicodedata.normalize("NFKD", text[:200]).lower()).strip("-")[:32]
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    parts = ([] if index is None else [f"{index:04d}"]) + [slug.strip("-"), digest]
    return "-".join(part for part in parts if part)


def script(call: str, *values: Any) -> str:
    """A script file that calls ``call`` with ``values``: inert whatever the values hold.

    Only ASCII is written and ``<``, ``>`` and ``&`` are escaped, so that no ``</script>``, no
    comment and no line separator can end the text early, wherever it is put.
    """
    dumped = ",".join(
        json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        for value in values
    )
    safe = dumped.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return f"{call}({safe});\n"


def _encodable(text: str) -> str:
    """Without lone surrogates, which no file in UTF-8 can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
