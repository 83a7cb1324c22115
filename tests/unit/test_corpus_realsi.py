"""RealSI: units, times in milliseconds, terms, clips that are gone, and damage."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import corpus_fixtures
import spoil
from s2st_bench.audio import read_audio
from s2st_bench.build import build_corpus
from s2st_bench.config import Choice
from s2st_bench.corpora.fixtures import SENTENCES
from s2st_bench.corpus import Corpus
from s2st_bench.errors import ConfigError, CorpusError
from s2st_bench.registry import Registry
from s2st_bench.types import AudioSource, Term

TECH, HEALTH = "en2zh-01-tech", "en2zh-02-healthcare"
Damage = Callable[[Path], object]


made = corpus_fixtures.made_once({"realsi": "."})
folder = corpus_fixtures.folder


def corpus(folder: Path, **params: Any) -> Corpus:
    options = {"path": folder, "source_lang": "en", "target_lang": "zh", "form": "long", **params}
    return build_corpus(Choice("realsi", options), Registry())


def tech(folder: Path) -> Path:
    return folder / "data" / "en2zh" / f"{TECH}.json"


def spans(folder: Path) -> list[tuple[float, float]]:
    clip = json.loads(tech(folder).read_text("utf-8"))
    return [(s["start_time"] / 1000, s["end_time"] / 1000) for s in clip["segment"]]


def test_clips_with_their_segments(folder: Path) -> None:
    first, second = corpus(folder).recordings()
    assert (first.id, second.id) == (TECH, HEALTH)
    assert [s.id for s in first.segments] == [f"{TECH}-1", f"{TECH}-2"]
    assert [(s.start_s, pytest.approx(s.end_s)) for s in first.segments] == spans(folder)
    one = first.segments[0]
    assert one.transcript == f"{SENTENCES['en'][0]} {SENTENCES['en'][1]}"
    assert one.references == {"zh": (SENTENCES["zh"][0] + SENTENCES["zh"][1],)}
    assert one.terms == (Term("question", {"zh": ("问题",)}),)
    assert first.source == AudioSource(folder / "data/en2zh/audio" / f"{TECH}.wav")
    assert first.context.glossary == ()
    assert spoil.told(corpus(folder)) == set()


def test_segments_and_utterances_alone(folder: Path) -> None:
    whole, _ = soundfile.read(folder / "data/en2zh/audio" / f"{TECH}.wav", dtype="float32")
    found = list(corpus(folder, form="short").recordings())
    assert [r.id for r in found] == [f"{TECH}-1", f"{TECH}-2", f"{HEALTH}-1"]
    parts = list(corpus(folder, form="short", unit="utterance").recordings())
    assert [r.id for r in parts] == [f"{TECH}-1.1", f"{TECH}-1.2", f"{TECH}-2.1",
                                     f"{HEALTH}-1.1", f"{HEALTH}-1.2"]
    assert [r.cluster for r in parts] == [TECH] * 3 + [HEALTH] * 2
    assert parts[1].segments[0].references == {"zh": (SENTENCES["zh"][1],)}
    source, (start_s, end_s) = found[1].source, spans(folder)[1]
    assert isinstance(source, AudioSource)
    heard = read_audio(source.path, source.offset_s, source.duration_s)
    first = int(start_s * 16_000)
    assert np.array_equal(heard, whole[first : first + len(heard)])
    assert len(heard) == pytest.approx((end_s - start_s) * 16_000, abs=1)


def test_the_other_direction(folder: Path) -> None:
    (clip,) = corpus(folder, source_lang="zh", target_lang="en").recordings()
    assert clip.segments[0].transcript == SENTENCES["zh"][0]
    with pytest.raises(ConfigError, match="choose one"):
        list(corpus(folder, source_lang=None, target_lang=None).recordings())
    with pytest.raises(ConfigError, match="has en-zh, zh-en"):
        list(corpus(folder, target_lang="de").recordings())
    with pytest.raises(CorpusError, match="en2zh"):
        list(corpus(folder / "data/en2zh/audio").recordings())


def test_terms_and_documents_are_told_where_asked_for(folder: Path) -> None:
    (folder / f"{HEALTH}.txt").write_text("About measuring.")
    first, second = corpus(folder, glossary=True, documents=folder).recordings()
    assert first.context.glossary == (Term("question", {"zh": ("问题",)}),)
    assert second.context.documents == ("About measuring.",)


def test_clips_that_are_gone_are_named(folder: Path) -> None:
    (folder / "data/en2zh/audio" / f"{TECH}.wav").unlink()
    assert ("missing-audio", f"{TECH}.json", 6) in spoil.told(corpus(folder))
    chosen = corpus(folder, allow_missing=True)
    assert [r.id for r in chosen.recordings()] == [HEALTH]
    assert chosen.card().notice.startswith("1 clips without audio (")
    assert TECH in chosen.card().notice
    assert corpus(folder, allow_missing=False).card().notice == ""


def edit(change: Callable[[dict[str, Any]], object]) -> Damage:
    """Damage of the values of a clip, written as they were."""
    def damage(folder: Path) -> None:
        clip = json.loads(tech(folder).read_text("utf-8"))
        change(clip)
        tech(folder).write_text(json.dumps(clip, ensure_ascii=False, indent=2), "utf-8")
    return damage


def part(clip: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = clip["segment"][1]["utterance"][0]
    return found


def seconds(clip: dict[str, Any]) -> None:
    clip["duration"] /= 1000
    for segment in clip["segment"]:
        for value in (segment, *segment["utterance"]):
            for key in [key for key in value if key.endswith("_time")]:
                value[key] /= 1000


DAMAGE: list[tuple[Damage, str, int | None]] = [
    (lambda f: spoil.cut(tech(f)), "not-json", None),
    (lambda f: tech(f).write_bytes("{\"a\": \"ü\"}".encode("latin-1")), "not-utf8", 1),
    (lambda f: tech(f).write_text("[]"), "bad-entry", 1),
    (edit(lambda c: c.update(vid="other")), "bad-id", 1),
    (edit(lambda c: c.update(segment=[])), "no-segments", 1),
    (edit(lambda c: c["segment"][1].update(utterance=[])), "bad-entry", 31),
    (edit(lambda c: part(c).update(sub_trg_text=None)), "bad-entry", 35),
    (edit(lambda c: part(c).update(sub_trg_text=" ")), "empty-reference", 31),
    (edit(lambda c: part(c).update(sub_start_time="0")), "bad-entry", 35),
    (edit(lambda c: part(c).update(term=[{"src": "x"}])), "bad-entry", 35),
    (edit(lambda c: c["segment"][1].update(end_time=c["segment"][1]["start_time"])),
     "zero-duration", 31),
    (edit(lambda c: c["segment"][1].update(start_time=-5)), "bad-offset", 31),
    (edit(lambda c: c["segment"][1].update(end_time=10**7)), "segment-past-end", 31),
    (edit(lambda c: c["segment"].reverse()), "out-of-order", None),
    (edit(lambda c: c.update(duration=c["duration"] + 5000)), "audio-length", 1),
    (edit(seconds), "bad-unit", 1),
    (edit(lambda c: part(c).update(sub_trg_text="Мы слушаем друг друга.")), "wrong-script", 31),
    (lambda f: spoil.cut(f / "data/en2zh/audio" / f"{TECH}.wav"), "damaged-audio", 6),
    (lambda f: (f / "data/en2zh/audio" / f"{TECH}.wav").unlink(), "missing-audio", 6),
]


@pytest.mark.parametrize(("damage", "kind", "line"), DAMAGE)
def test_damage_is_told(folder: Path, damage: Damage, kind: str, line: int | None) -> None:
    damage(folder)
    found = spoil.told(corpus(folder))
    if line is None:
        assert (kind, tech(folder).name) in {(k, file) for k, file, _ in found}
    else:
        assert (kind, tech(folder).name, line) in found
    with pytest.raises(CorpusError, match=TECH):
        list(corpus(folder).recordings())


def test_half_a_segment_is_no_reference(folder: Path) -> None:
    edit(lambda c: c["segment"][0]["utterance"][0].update(sub_trg_text=7))(folder)
    chosen = corpus(folder, skip_damaged=True, form="short")
    assert [r.id for r in chosen.recordings()] == [f"{TECH}-2", f"{HEALTH}-1"]
    assert [r.id for r in corpus(folder, skip_damaged=True).recordings()] == [HEALTH]


def test_harmless_oddities_pass(folder: Path) -> None:
    edit(lambda c: (part(c).pop("term"), c.update(domain="tech"),
                    part(c).update(sub_trg_text="我们\u2028倾听。")))(folder)
    path = tech(folder)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert spoil.told(corpus(folder)) == set()
    assert {kind for kind, *_ in spoil.told(corpus(folder), "note")} == {"line-separator"}
    assert len(list(corpus(folder).recordings())) == 2
