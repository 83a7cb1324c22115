"""An MCIF of two short talks, into German and Chinese, with a list of segments."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from s2st_bench.corpora.fixtures import SENTENCES, talk, write_audio, write_lines

TALKS: Final[Mapping[str, tuple[int, ...]]] = {"AbCdEfGhIj": (0, 1, 2), "KlMnOpQrSt": (4, 5)}
TARGETS: Final = ("de", "zh")
RATE_HZ: Final = 16_000


def make(folder: Path) -> dict[str, Any]:
    """Write the references, ``MCIF_DATA/LONG_AUDIOS`` and ``segments.yaml``; returns the options to
    run them with.
    """
    entries: list[str] = []
    for name, numbers in TALKS.items():
        said = talk([SENTENCES["en"][k] for k in numbers], "en", RATE_HZ)
        write_audio(folder / "MCIF_DATA" / "LONG_AUDIOS" / f"{name}.wav", said.samples, RATE_HZ)
        entries += [f"- {{duration: {duration_s:.2f}, offset: {offset_s:.2f}, speaker_id: NA, "
                    f"wav: {name}.wav}}" for offset_s, duration_s in said.spans]
    write_lines(folder / "segments.yaml", entries)
    write_lines(folder / "MCIF.long.de.ref.xml", _markup("de"))
    packed = gzip.compress("\n".join(_markup("zh")).encode(), mtime=0)
    (folder / "MCIF.long.zh.ref.xml.gz").write_bytes(packed)
    return {"path": folder, "segments": folder / "segments.yaml", "source_lang": "en",
            "target_lang": "de"}


def _markup(lang: str) -> list[str]:
    lines = ["<?xml version='1.0' encoding='utf-8'?>", '<testset name="MCIF1.0">',
             f'<task track="long" text_lang="{lang}">']
    for number, (name, numbers) in enumerate(TALKS.items(), 1):
        texts = {code: "\n".join(escape(SENTENCES[code][k]) for k in numbers)
                 for code in ("en", lang)}
        lines += [
            f'<sample id="{number}0" iid="QA_{number}" task="QA">',
            f"<audio_path>{name}.wav</audio_path>", "<reference>Yes.</reference>", "</sample>",
            f'<sample id="{number}" iid="TRANS_{number}" task="TRANS">',
            f"<audio_path>{name}.wav</audio_path>",
            *f"<reference>{texts[lang]}</reference>".split("\n"),
            "<metadata>", *f"<transcript>{texts['en']}</transcript>".split("\n"), "</metadata>",
            "</sample>"]
    return [*lines, "</task>", "</testset>"]
