"""The manifest corpus on lists, audio and segments written here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2st_bench.audio import write_wav
from s2st_bench.datasets.manifest.manifest import Manifest
from s2st_bench.errors import ConfigError, CorpusError
from s2st_bench.types import AudioSource, Recording, TextSource

RATE_HZ = 16_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, seconds in (("a.wav", 2.0), ("b.wav", 3.0)):
        write_wav(tmp_path / name, np.zeros(int(seconds * RATE_HZ), np.float32), RATE_HZ)
    return tmp_path


def run(folder: Path, text: str, **options: Any) -> list[Recording]:
    path = folder / "list.tsv"
    path.write_text(text, encoding="utf-8")
    return list(Manifest(path, **options).recordings())


def test_short_rows(folder: Path) -> None:
    found = run(folder, "audio\tlang\ttranscript\tes\tde\tspeaker\toffset\tduration\n"
                        "a.wav\ten\tone\tuno\teins\tann\t\t\n"
                        "b.wav\ten\ttwo\tdos\tzwei\tbob\t0.5\t1.25\n", target_lang="es")
    assert [r.id for r in found] == ["a", "b@0.5"]
    first, second = found
    assert first.source_lang == "en" and first.target_langs == ("es",)
    assert first.segments[0].references == {"es": ("uno",)} and first.segments[0].end_s == 2.0
    assert second.source == AudioSource(folder / "b.wav", 0.5, 1.25)
    assert (second.segments[0].start_s, second.segments[0].end_s) == (0.0, 1.25)
    assert second.segments[0].speaker == "bob" and second.cluster == "b@0.5"


def test_all_references_without_a_target(folder: Path) -> None:
    found = run(folder, "audio\tlang\tes\tde\na.wav\ten\tuno\teins\n")
    assert found[0].target_langs == ("es", "de")


def test_text_rows(folder: Path) -> None:
    found = run(folder, "text\tlang\tes\nhello there all\ten\thola a todos\n")
    assert found[0].source == TextSource(("hello", "there", "all"))
    assert found[0].segments[0].transcript == "hello there all"


def test_source_language_picks_rows(folder: Path) -> None:
    text = "audio\tlang\tes\na.wav\ten\tuno\nb.wav\tde\tdos\n"
    with pytest.raises(CorpusError, match=r"several source languages \(de, en\)"):
        run(folder, text)
    assert [r.id for r in run(folder, text, source_lang="de")] == ["b"]
    with pytest.raises(CorpusError, match="no row with lang 'fr'; it has de, en"):
        run(folder, text, source_lang="fr")
    with pytest.raises(CorpusError, match="does not say its language"):
        run(folder, "audio\tes\na.wav\tuno\n")
    assert run(folder, "audio\tes\na.wav\tuno\n", source_lang="en")[0].source_lang == "en"


def test_ids_limit_and_clusters(folder: Path) -> None:
    text = "id\taudio\tlang\tes\tspeaker\nx\ta.wav\ten\tuno\tann\ny\tb.wav\ten\tdos\tann\n"
    assert [r.id for r in run(folder, text, limit=1)] == ["x"]
    assert [r.id for r in run(folder, text, ids=["y"])] == ["y"]
    assert {r.cluster for r in run(folder, text, cluster="speaker")} == {"ann"}
    with pytest.raises(ConfigError, match="has no z"):
        run(folder, text, ids=["z"])


@pytest.mark.parametrize(("rows", "what"), [
    ("none.wav\ten\tuno\t\t\n", "line 2: audio .*none.wav is missing"),
    ("a.wav\ten\tuno\t0\t2.5\n", r"line 2: the slice ends at 2.500 s, the audio .* at 2.000 s"),
    ("a.wav\ten\tuno\t0\t0\n", "line 2: duration is 0"),
    ("a.wav\ten\tuno\t2.0\t\n", "line 2: nothing is left"),
    ("a.wav\ten\tuno\tnan\t\n", "line 2: offset is nan"),
    ("a.wav\ten\tuno\t\t\na.wav\ten\tdos\t\t\n", "line 3: id 'a' is that of line 2 too"),
    ("a.wav\ten\t\t\t\n", "line 2: no reference in 'es'"),
    ("\ten\tuno\t\t\n", "line 2: no audio"),
])
def test_damage(folder: Path, rows: str, what: str) -> None:
    with pytest.raises(CorpusError, match=what):
        run(folder, "audio\tlang\tes\toffset\tduration\n" + rows, target_lang="es")


def test_audio_that_is_none(folder: Path) -> None:
    (folder / "c.wav").write_bytes(b"RIFF")
    with pytest.raises(CorpusError, match="list.tsv, line 2: "):
        run(folder, "audio\tlang\tes\nc.wav\ten\tuno\n")


YAML = ("- {wav: a.wav, offset: 0.1, duration: 0.9, speaker_id: ann}\n"
        "- {wav: a.wav, offset: 1.0, duration: 1.0, speaker_id: ann}\n"
        "- {wav: b.wav, offset: 0.0, duration: 2.0, speaker_id: bob}\n")


def long_form(folder: Path, yaml: str = YAML, es: str = "uno\ndos\u2028dos\ntres\n",
              **options: Any) -> list[Recording]:
    (folder / "s.yaml").write_text(yaml, encoding="utf-8")
    (folder / "s.es").write_text(es, encoding="utf-8")
    (folder / "s.en").write_text("one\ntwo\nthree\n", encoding="utf-8")
    return run(folder, "audio\tlang\na.wav\ten\nb.wav\ten\n", segments=Path("s.yaml"),
               references={"es": Path("s.es")}, transcripts=Path("s.en"), **options)


def test_long_form_lines_belong_to_segments_by_order(folder: Path) -> None:
    first, second = long_form(folder, target_lang="es")
    assert [s.id for s in first.segments] == ["a-1", "a-2"] and first.long_form
    assert first.segments[1].references == {"es": ("dos\u2028dos",)}
    assert (first.segments[1].start_s, first.segments[1].end_s) == (1.0, 2.0)
    assert second.segments[0].transcript == "three" and second.segments[0].speaker == "bob"


@pytest.mark.parametrize(("yaml", "es", "what"), [
    (YAML, "uno\ndos\n", r"s\.es, line 3: 2 lines, but 3 segments in .*s\.yaml"),
    (YAML, "uno\n\ntres\n", r"s\.es, line 2: empty"),
    (YAML.replace("duration: 2.0", "duration: 9.0"), "1\n2\n3\n", "ends at 9.000 s"),
    (YAML.replace("offset: 1.0", "offset: .nan"), "1\n2\n3\n",
     r"s\.yaml, line 2: segment 2 starts at nan s"),
    (YAML.replace("offset: 1.0", "offset: 0.05"), "1\n2\n3\n", r"s\.yaml, line 2: starts at 0.05"),
    (YAML.replace("duration: 0.9", "length: 0.9"), "1\n2\n3\n",
     r"s\.yaml, line 1: duration is None"),
    (YAML.replace("wav: b.wav", "wav: c.wav"), "1\n2\n3\n", "has no segment of b.wav"),
    ("{", "1\n", r"s\.yaml, line 2: not YAML"),
    ("a: 1\n", "1\n", r"s\.yaml, line 1: not a list"),
])
def test_long_form_damage(folder: Path, yaml: str, es: str, what: str) -> None:
    with pytest.raises(CorpusError, match=what):
        long_form(folder, yaml, es)


def test_references_need_segments(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"go with dataset\.segments"):
        Manifest(folder / "list.tsv", references={"es": Path("x")})


def test_check_tells_all_damage_with_its_line(folder: Path) -> None:
    text = ("audio\tlang\tes\toffset\tduration\n"
            "none.wav\ten\tuno\t\t\na.wav\ten\tdos\t\t\nb.wav\ten\tt\u2028es\t0\t9\n")
    (folder / "list.tsv").write_text(text, encoding="utf-8")
    found = list(Manifest(folder / "list.tsv").check())
    assert [(f.kind, f.place and f.place.line) for f in found] == [
        ("missing-audio", 2), ("segment-past-end", 4)]
    (folder / "list.tsv").write_text(text.replace("\t9\n", "\t1\n"), encoding="utf-8")
    found = list(Manifest(folder / "list.tsv", skip_damaged=True).check())
    assert [(f.kind, f.place and f.place.line) for f in found] == [
        ("missing-audio", 2), ("line-separator", 4)]


def test_damaged_rows_are_left_out_where_asked_for(folder: Path) -> None:
    corpus = Manifest(folder / "list.tsv", skip_damaged=True)
    text = "audio\tlang\tes\nnone.wav\ten\tuno\na.wav\ten\tdos\n"
    assert [r.id for r in run(folder, text, skip_damaged=True)] == ["a"]
    assert {k: f.kind for k, f in corpus.left_out().items()} == {"none": "missing-audio"}


SHARED = Path(__file__).parents[3] / "shared" / "speech"


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/speech is not there")
def test_real_recordings() -> None:
    found = list(Manifest(SHARED / "human_en.tsv", target_lang="es").recordings())
    assert len(found) == 11 and found[3].sample_rate_hz == 44_100
    assert found[3].segments[0].end_s == pytest.approx(11.0, abs=0.1)
