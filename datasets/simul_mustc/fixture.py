"""A Simul-MuST-C of a few sentences: a small MuST-C, its references rewritten by a rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from s2st_bench.corpora.fixtures import SENTENCES, talk, write_audio, write_lines

from .builder import Rewriting, build

TALKS: Final = {"ted_1096": (0, 1, 2), "ted_1102": (4, 5, 3)}
SPLIT: Final = "tst-COMMON"


def make(folder: Path, target: str = "de") -> dict[str, Any]:
    """Write ``mustc/en-<target>/data/…`` and ``rewritten/…`` below ``folder``; returns the options
    to run it with.
    """
    there = folder / "mustc" / f"en-{target}" / "data" / SPLIT
    entries: list[str] = []
    for name, numbers in TALKS.items():
        said = talk([SENTENCES["en"][k] for k in numbers], "en")
        write_audio(there / "wav" / f"{name}.wav", said.samples, said.rate_hz)
        entries += [f"- {{duration: {duration_s:.6f}, offset: {offset_s:.6f}, speaker_id: "
                    f"spk.{name[4:]}, wav: {name}.wav}}" for offset_s, duration_s in said.spans]
    write_lines(there / "txt" / f"{SPLIT}.yaml", entries)
    chosen = [k for numbers in TALKS.values() for k in numbers]
    for lang in ("en", target):
        write_lines(there / "txt" / f"{SPLIT}.{lang}", [SENTENCES[lang][k] for k in chosen])
    build(folder / "mustc", folder / "rewritten", halves, split=SPLIT, pair=f"en-{target}")
    return {"path": folder / "mustc", "rewritten": folder / "rewritten", "split": SPLIT,
            "source_lang": "en", "target_lang": target}


def halves(sentence: str, target_lang: str) -> Rewriting | None:
    """Two chunks, cut in the middle of both sentences: enough to see the layout."""
    translation = SENTENCES[target_lang][SENTENCES["en"].index(sentence)]
    (a, b), (c, d) = _cut(sentence), _cut(translation)
    return Rewriting(((a, c), (b, d)), f"{c} – {d}")


def _cut(text: str) -> tuple[str, str]:
    words = text.split(" ")
    middle = (len(words) + 1) // 2
    return " ".join(words[:middle]), " ".join(words[middle:])
