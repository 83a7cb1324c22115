"""Readers of corpora of talks on small copies in their true layout: what they give, what damage
they tell, and which oddities pass.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

import corpus_damage as damage
import corpus_fixtures
from corpus_damage import corpus, places
from corpus_fixtures import Made
from s2st_bench.audio import open_audio
from s2st_bench.corpora import Selection
from s2st_bench.corpora.fixtures import SENTENCES, make
from s2st_bench.corpus import fingerprint
from s2st_bench.datasets.mustc.mustc import MustC
from s2st_bench.datasets.simul_mustc.builder import BatchAnswers, Rewriting, build, key, requests
from s2st_bench.errors import ConfigError, CorpusError, DamagedCorpus, InputError
from s2st_bench.types import AudioSource

NAMES = ("mustc", "simul_mustc", "mtedx", "europarl_st")


made = corpus_fixtures.all_made_once(NAMES)
copied = corpus_fixtures.copied


# --- what they give ------------------------------------------------------------------------------


def test_mustc_short_form(made: dict[str, Made]) -> None:
    folder, options = made["mustc"]
    found = list(corpus("mustc", options).recordings())
    assert [r.id for r in found] == ["ted_1096-1", "ted_1096-2", "ted_1096-3",
                                     "ted_1102-1", "ted_1102-2", "ted_1102-3"]
    order = (0, 1, 2, 4, 5, 3)
    assert [r.segments[0].transcript for r in found] == [SENTENCES["en"][k] for k in order]
    assert [r.segments[0].references for r in found] == [{"de": (SENTENCES["de"][k],)}
                                                         for k in order]
    assert {r.cluster for r in found} == {"ted_1096", "ted_1102"}
    assert found[3].segments[0].speaker == "spk.1102" and found[0].sample_rate_hz == 16_000
    second = found[1].source
    assert isinstance(second, AudioSource) and (second.offset_s, second.duration_s) == (2.8, 1.92)
    assert (found[1].segments[0].start_s, found[1].segments[0].end_s) == (0.0, 1.92)


def test_a_slice_is_its_samples(made: dict[str, Made]) -> None:
    for name in ("mustc", "mtedx"):
        for recording in corpus(name, made[name][1]).recordings():
            source = recording.source
            assert isinstance(source, AudioSource) and source.duration_s is not None
            whole, rate = soundfile.read(source.path, dtype="float32")
            start, count = int(source.offset_s * rate), int(source.duration_s * rate)
            with open_audio(source.path, source.offset_s, source.duration_s) as reader:
                assert (reader.read(count + 1) == whole[start : start + count]).all()


def test_mustc_long_form(made: dict[str, Made]) -> None:
    options = made["mustc"][1]
    first, second = corpus("mustc", {**options, "form": "long"}).recordings()
    short = list(corpus("mustc", options).recordings())
    assert (first.id, second.id) == ("ted_1096", "ted_1102") and first.long_form
    assert [s.id for s in first.segments] == [r.id for r in short[:3]]
    assert first.segments[1].start_s == 2.8
    assert first.segments[1].end_s == pytest.approx(4.72)
    assert isinstance(first.source, AudioSource) and first.source.duration_s is None


def test_versions_of_a_test_set_have_other_fingerprints(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    def name() -> str:
        return fingerprint(corpus("mustc", options).recordings())
    before = name()
    text = folder / "en-de/data/tst-COMMON/txt"
    damage.edit(text / "tst-COMMON.de", 1, lambda line: line + "!")
    assert name() != before
    damage.edit(text / "tst-COMMON.de", 1, lambda line: line[:-1])
    assert name() == before
    damage.edit(text / "tst-COMMON.yaml", 1, lambda line: line.replace("0.400000", "0.410000"))
    assert name() != before
    damage.edit(text / "tst-COMMON.yaml", 1, lambda line: line.replace("0.410000", "0.400000"))
    wav = folder / "en-de/data/tst-COMMON/wav/ted_1102.wav"
    samples, rate = soundfile.read(wav, dtype="int16")
    soundfile.write(wav, samples[:-1], rate)
    assert name() != before


def test_fairseq_order_sorts_offsets_as_text(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    yaml = folder / "en-de/data/tst-COMMON/txt/tst-COMMON.yaml"
    damage.silence(folder / "en-de/data/tst-COMMON/wav/ted_1096.wav", 30)
    damage.edit(yaml, 3, lambda line: line.replace("5.120000", "10.5"))
    ids = [r.id for r in corpus("mustc", {**options, "order": "fairseq"}).recordings()]
    assert ids == ["ted_1096-1", "ted_1096-3", "ted_1096-2",
                   "ted_1102-1", "ted_1102-2", "ted_1102-3"]
    with pytest.raises(ConfigError, match="talks keep the"):
        Selection(form="long", order="fairseq")


def test_mtedx_reads_flac_where_the_list_says_wav(made: dict[str, Made]) -> None:
    first = next(corpus("mtedx", made["mtedx"][1]).recordings())
    assert isinstance(first.source, AudioSource) and first.source.path.suffix == ".flac"
    assert first.source_lang == "es" and first.target_langs == ("en",)


def test_europarl_reads_speeches_and_prefers_lossless_copies(copied: Callable[[str], Made]) -> None:
    folder, options = copied("europarl_st")
    found = list(corpus("europarl_st", options).recordings())
    assert [r.id for r in found][:3] == [f"en.20081118.3.2-022-{k}" for k in (1, 2, 3)]
    assert found[0].segments[0].speaker == "4521" and found[4].segments[0].speaker == "28161"
    assert found[0].segments[0].references == {"es": (SENTENCES["es"][0],)}
    assert found[0].segments[0].end_s == pytest.approx(2.0)
    damage.silence(folder / "en/audios/en.20081118.3.2-022.wav", 20)
    source = next(corpus("europarl_st", options).recordings()).source
    assert isinstance(source, AudioSource) and source.path.suffix == ".wav"
    long = list(corpus("europarl_st", {**options, "form": "long"}).recordings())
    assert [len(r.segments) for r in long] == [3, 2]


def test_simul_mustc_takes_the_rewritten_references(made: dict[str, Made]) -> None:
    first = next(corpus("simul_mustc", made["simul_mustc"][1]).recordings())
    assert first.segments[0].transcript == SENTENCES["en"][0]
    assert first.segments[0].references["de"] == (
        "Guten Morgen und willkommen – zu diesem Vortrag.",)


def test_a_pair_must_be_chosen_where_there_are_several(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    make("mustc", folder)
    shutil.copytree(folder / "en-de", folder / "en-es")
    with pytest.raises(ConfigError, match=r"has en-de, en-es: choose one, dataset\.pair=en-de"):
        list(MustC(folder, Selection()).recordings())
    assert MustC(folder / "en-de", Selection()).check
    assert len(list(MustC(folder / "en-de", Selection()).recordings())) == 6
    with pytest.raises(CorpusError, match="no folder such as en-de/data"):
        list(MustC(folder / "nowhere", Selection()).recordings())


def test_silence_is_stripped_only_where_asked_for(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    damage.edit(folder / YAML, 1, lambda text: text.replace("2.000000, offset: 0.400000",
                                                            "2.600000, offset: 0.100000"))
    plain = next(corpus("mustc", options).recordings())
    stripping = corpus("mustc", {**options, "strip_silence": True})
    bare = next(stripping.recordings())
    assert plain.segments[0].end_s == 2.6
    assert isinstance(bare.source, AudioSource) and 0.25 < bare.source.offset_s < 0.45
    assert 1.8 < bare.segments[0].end_s < 2.3
    assert stripping.card().notice == "silence stripped"
    assert fingerprint([bare]) != fingerprint([plain])


# --- damage --------------------------------------------------------------------------------------

YAML, EN, DE = (f"en-de/data/tst-COMMON/txt/tst-COMMON.{end}" for end in ("yaml", "en", "de"))
WAV = "en-de/data/tst-COMMON/wav/ted_1096.wav"
LIST, SAID, TOLD = (f"en/es/test/segments.{end}" for end in ("lst", "en", "es"))
M4A = "en/audios/en.20081118.3.2-022.m4a"


def line(number: int, old: str, new: str) -> Callable[[Path], None]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)
    return lambda path: damage.edit(path, number, change)


def set_line(number: int, text: str) -> Callable[[Path], None]:
    return lambda path: damage.edit(path, number, lambda _: text)


TEXT_DAMAGE: list[tuple[str, str, Callable[[Path], None], str, str, int | None]] = [
    (name, file, how, kind, Path(file).name, at)
    for name, said, told in (("mustc", EN, DE), ("europarl_st", SAID, TOLD))
    for file, how, kind, at in [
        (told, lambda p: damage.drop(p, 6 if "mustc" in str(p) else 5), "counts-differ",
         6 if name == "mustc" else 5),
        (said, lambda p: damage.double(p, 2), "counts-differ", 7 if name == "mustc" else 6),
        (told, set_line(3, ""), "empty-reference", 3),
        (told, set_line(3, " \u2028 "), "empty-reference", 3),
        (told, set_line(2, "ein \x00 Satz"), "control-character", 2),
        (told, set_line(2, "Это первая фраза доклада"), "wrong-script", 2),
        (told, lambda p: p.write_bytes(p.read_bytes().replace(b"n", b"\xff", 1)), "not-utf8", 1),
        (told, Path.unlink, "missing-file", None),
    ]
]
AUDIO_DAMAGE: list[tuple[str, str, Callable[[Path], None], str, str, int | None]] = [
    ("mustc", WAV, Path.unlink, "missing-audio", "tst-COMMON.yaml", 1),
    ("mustc", WAV, damage.cut, "damaged-audio", "tst-COMMON.yaml", 1),
    ("mustc", WAV, lambda p: p.write_bytes(b""), "damaged-audio", "tst-COMMON.yaml", 1),
    ("mustc", WAV, lambda p: p.write_bytes(b"no audio at all"), "damaged-audio",
     "tst-COMMON.yaml", 1),
    ("mustc", WAV, lambda p: damage.shorten(p, 6.0), "segment-past-end", "tst-COMMON.yaml", 3),
    ("mustc", WAV, lambda p: damage.claim_rate(p, 8_000), "sample-rate", "tst-COMMON.yaml", 1),
    ("mustc", WAV, lambda p: damage.silence(p, 0), "empty-audio", "tst-COMMON.yaml", 1),
    ("mtedx", "es-en/data/test/wav/f4tq3xQOCMw.flac", damage.cut, "damaged-audio",
     "test.yaml", 1),
    ("europarl_st", M4A, Path.unlink, "missing-audio", "segments.lst", 1),
    ("europarl_st", M4A, damage.cut, "damaged-audio", "segments.lst", 1),
]
LIST_DAMAGE: list[tuple[str, str, Callable[[Path], None], str, str, int | None]] = [
    ("mustc", YAML, line(2, "1.920000", "0.0"), "zero-duration", "tst-COMMON.yaml", 2),
    ("mustc", YAML, line(2, "1.920000", "-1.0"), "bad-duration", "tst-COMMON.yaml", 2),
    ("mustc", YAML, line(2, "1.920000", "1920000"), "absurd-duration", "tst-COMMON.yaml", 2),
    ("mustc", YAML, line(2, "2.800000", ".nan"), "bad-offset", "tst-COMMON.yaml", 2),
    ("mustc", YAML, line(2, "2.800000", "soon"), "bad-entry", "tst-COMMON.yaml", 2),
    ("mustc", YAML, line(2, "2.800000", "[[1]]"), "bad-entry", "tst-COMMON.yaml", 2),
    ("mustc", YAML, line(2, "wav: ted_1096.wav", "wave: x"), "bad-entry", "tst-COMMON.yaml", 2),
    ("mustc", YAML, line(2, "ted_1096.wav", "../../../x.wav"), "bad-path", "tst-COMMON.yaml", 2),
    ("mustc", YAML, line(2, "}", ""), "not-yaml", "tst-COMMON.yaml", None),
    ("mustc", YAML, lambda p: p.write_text("a: 1\n"), "not-yaml", "tst-COMMON.yaml", 1),
    ("mustc", YAML, lambda p: p.write_text(""), "no-segments", "tst-COMMON.yaml", None),
    ("mustc", YAML, Path.unlink, "missing-file", "tst-COMMON.yaml", None),
    ("mustc", YAML, line(2, "2.800000", "99.0"), "segment-past-end", "tst-COMMON.yaml", 2),
    ("mustc", DE, lambda p: shutil.copy(p.with_suffix(".en"), p), "not-translated",
     "tst-COMMON.de", None),
    ("europarl_st", LIST, line(2, " ", " x "), "bad-entry", "segments.lst", 2),
    ("europarl_st", LIST, line(2, "2.80", "two"), "bad-entry", "segments.lst", 2),
    ("europarl_st", LIST, line(2, "2.80", "nan"), "bad-entry", "segments.lst", 2),
    ("europarl_st", LIST, line(2, "2.80", "4.90"), "bad-duration", "segments.lst", 2),
    ("europarl_st", LIST, line(2, "2.80", "4.72"), "zero-duration", "segments.lst", 2),
    ("europarl_st", LIST, line(3, "6.61", "99"), "segment-past-end", "segments.lst", 3),
    ("europarl_st", LIST, line(2, "en.20081118.3.2-022", "../x"), "bad-entry", "segments.lst", 2),
    ("europarl_st", LIST, Path.unlink, "missing-file", "segments.lst", None),
    ("simul_mustc", "rewritten/en-de/tst-COMMON/output.rewrite", set_line(3, "Error"),
     "rewrite-failed", "output.rewrite", 3),
    ("simul_mustc", "rewritten/en-de/tst-COMMON/output.rewrite", lambda p: damage.drop(p, 6),
     "counts-differ", "output.rewrite", 6),
]


@pytest.mark.parametrize(("name", "file", "how", "kind", "where", "at"),
                         [*TEXT_DAMAGE, *AUDIO_DAMAGE, *LIST_DAMAGE])
def test_damage_is_told_with_its_line_and_stops_a_run(
    copied: Callable[[str], Made], name: str, file: str, how: Callable[[Path], None], kind: str,
    where: str, at: int | None,
) -> None:
    folder, options = copied(name)
    if not (folder / file).exists():
        pytest.skip("the fixture has m4a only where ffmpeg is installed")
    how(folder / file)
    found = places(corpus(name, options).check(), errors_only=True)
    assert kind in [k for k, _, _ in found]
    told = [(f, n) for k, f, n in found if k == kind]
    assert told[0][0] == where and (at is None or told[0][1] == at)
    with pytest.raises(CorpusError):
        list(corpus(name, options).recordings())


@pytest.mark.parametrize(("file", "how", "kind", "where", "at"), [
    (DE, lambda p: p.write_bytes(b"\xef\xbb\xbf" + p.read_bytes()), "byte-order-mark",
     "tst-COMMON.de", 1),
    (DE, lambda p: p.write_bytes(p.read_bytes().replace(b"\n", b"\r\n")), "crlf",
     "tst-COMMON.de", None),
    (DE, set_line(2, "Die erste\u2028Frage ist\x0crecht einfach."), "line-separator",
     "tst-COMMON.de", 2),
    (DE, set_line(2, "Die erste\x85Frage"), "line-separator", "tst-COMMON.de", 2),
    (DE, set_line(2, "Die erste\rFrage"), "line-separator", "tst-COMMON.de", 2),
    (DE, set_line(2, "fu\u0308r"), "not-nfc", "tst-COMMON.de", 2),
    (DE, set_line(2, "The first question is quite simple."), "equals-source",
     "tst-COMMON.de", 2),
    (DE, lambda p: p.write_bytes(p.read_bytes() + b"\n\n"), "blank-lines", "tst-COMMON.de", 7),
    (DE, set_line(2, "fr\x96ulich"), "broken-encoding", "tst-COMMON.de", 2),
    (EN, set_line(2, ""), "empty-transcript", "tst-COMMON.en", 2),
    (YAML, line(2, "2.800000", "2.000000"), "overlap", "tst-COMMON.yaml", 2),
    (YAML, line(2, "2.800000", "0.100000"), "out-of-order", "tst-COMMON.yaml", 2),
    (YAML, line(2, "1.920000", "0.200000"), "too-fast", "tst-COMMON.en", 2),
])
def test_harmless_oddities_are_noted_and_pass(
    copied: Callable[[str], Made], file: str, how: Callable[[Path], None], kind: str, where: str,
    at: int | None,
) -> None:
    folder, options = copied("mustc")
    how(folder / file)
    found = places(corpus("mustc", options).check())
    assert (kind, where, at) in found
    assert not places(corpus("mustc", options).check(), errors_only=True)
    assert len(list(corpus("mustc", options).recordings())) == 6


def test_other_ways_to_write_yaml_are_read(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    path = folder / YAML
    before = list(corpus("mustc", options).recordings())
    rows = [dict(pair.split(": ") for pair in text[3:-1].split(", "))
            for text in path.read_text().splitlines()]
    block = "".join("- " + "\n  ".join(f"{k}: {v}" for k, v in row.items()) + "\n" for row in rows)
    flow = "[" + ",\n ".join(
        "{" + ", ".join(f'"{k}": {v if k in ("duration", "offset") else chr(34) + v + chr(34)}'
                        for k, v in row.items()) + "}" for row in rows) + "]\n"
    wrapped = path.read_text().replace(", wav", ",\n  wav")
    remarked = "# a list\n---\n" + path.read_text().replace("}", "}  # odd", 1)
    for text in (block, flow, wrapped, remarked, path.read_text().rstrip("\n")):
        path.write_text(text)
        assert list(corpus("mustc", options).recordings()) == before


def test_an_entry_that_is_not_closed_names_a_line(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    damage.edit(folder / YAML, 4, lambda text: text[:-1])
    (found,) = [f for f in corpus("mustc", options).check() if f.kind == "not-yaml"]
    assert found.place is not None and found.place.line in (4, 5)


def test_damaged_recordings_are_left_out_where_asked_for(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    damage.edit(folder / DE, 2, lambda _: "")
    skipping = corpus("mustc", {**options, "skip_damaged": True})
    assert [r.id for r in skipping.recordings()] == [
        "ted_1096-1", "ted_1096-3", "ted_1102-1", "ted_1102-2", "ted_1102-3"]
    assert {i: f.kind for i, f in skipping.left_out().items()} == {"ted_1096-2": "empty-reference"}
    talks = corpus("mustc", {**options, "skip_damaged": True, "form": "long"})
    assert [r.id for r in talks.recordings()] == ["ted_1102"]
    with pytest.raises(DamagedCorpus, match=r"tst-COMMON\.de, line 2: .*s2st-bench check mustc "
                                            r".*skip_damaged=true"):
        list(corpus("mustc", options).recordings())
    damage.drop(folder / DE, 6)
    with pytest.raises(DamagedCorpus, match="5 lines, but 6 segments"):
        list(corpus("mustc", {**options, "skip_damaged": True}).recordings())


def test_a_limit_does_not_hide_lists_that_cannot_be_paired(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    damage.drop(folder / DE, 6)
    with pytest.raises(DamagedCorpus, match="5 lines, but 6 segments"):
        list(corpus("mustc", {**options, "limit": 1}).recordings())


def test_talks_must_be_in_order_and_together(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    path = folder / YAML
    rows = path.read_text().splitlines()
    path.write_text("\n".join([rows[1], rows[0], *rows[3:], rows[2]]) + "\n")
    found = places(corpus("mustc", {**options, "form": "long"}).check(), errors_only=True)
    assert ("out-of-order", "tst-COMMON.yaml", 2) in found
    assert ("duplicate-id", "tst-COMMON.yaml", 6) in found
    assert not places(corpus("mustc", options).check(), errors_only=True)


def test_text_in_another_language_of_the_same_script(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    (folder / DE).write_text("".join(
        f"{text}\n" for text in ("les des est pas", "vous dans qui une", "nous pour sur cette",
                                 "les des est pas", "vous dans qui une", "nous pour sur")))
    assert places(corpus("mustc", options).check()) == [("wrong-language", "tst-COMMON.de", None)]


# --- hostile input -------------------------------------------------------------------------------


def test_hostile_lists_end_in_a_message(copied: Callable[[str], Made]) -> None:
    folder, options = copied("mustc")
    bomb = "- &a [x, x]\n" + "".join(f"- &{chr(98 + k)} [*{chr(97 + k)}, *{chr(97 + k)}]\n"
                                     for k in range(20))
    for text in (bomb, "- " + "[" * 100_000, "\x00\x01\x02", "- {wav: " + "x" * (2 << 20) + "}",
                 "- {wav: ted_1096.wav, offset: 1" + "0" * 400 + ", duration: 1}\n"):
        (folder / YAML).write_text(text)
        found = list(corpus("mustc", options).check())
        assert any(f.is_error for f in found)
        assert all(len(str(f)) < 2000 for f in found)


@pytest.mark.parametrize("make_odd", [os.mkdir, os.mkfifo])
def test_a_pipe_or_folder_is_no_text(
    copied: Callable[[str], Made], make_odd: Callable[[Path], None]
) -> None:
    folder, options = copied("mustc")
    (folder / EN).unlink()
    make_odd(folder / EN)
    assert places(corpus("mustc", options).check()) == [("unreadable-file", "tst-COMMON.en", None)]


# --- the builder of Simul-MuST-C -----------------------------------------------------------------


def test_the_builder_asks_once_and_keeps_what_is_off_the_task(made: dict[str, Made],
                                                              tmp_path: Path) -> None:
    mustc = made["mustc"][0]
    asked: list[str] = []

    def rewriter(sentence: str, target_lang: str) -> Rewriting | None:
        asked.append(sentence)
        if len(asked) == 1:
            return Rewriting((("the Salami Technique", "x"),), "x")
        return None if len(asked) == 2 else Rewriting(((sentence, "ein\nSatz"),), "ein\nSatz")

    built = build(mustc, tmp_path, rewriter, split="tst-COMMON", pair="en-de")
    assert (built.sentences, built.kept, built.failed) == (6, 1, 1)
    lines = (built.folder / "output.rewrite").read_text().splitlines()
    assert lines == [SENTENCES["de"][0], "Error", *["ein Satz"] * 4]
    found = places(corpus("simul_mustc", {**made["mustc"][1], "rewritten": tmp_path}).check())
    assert ("rewrite-failed", "output.rewrite", 2) in found


def test_answers_of_a_batch_are_found_by_sentence(made: dict[str, Made], tmp_path: Path) -> None:
    import json

    mustc = made["mustc"][0]
    wanted = list(requests(mustc, split="tst-COMMON", pair="en-de"))
    assert len(wanted) == 6 and wanted[0]["custom_id"] == key(SENTENCES["en"][0])
    assert "German" in wanted[0]["body"]["messages"][0]["content"]
    rest = list(requests(mustc, split="tst-COMMON", pair="en-de",
                         leave_out=[SENTENCES["en"][0]]))
    assert len(rest) == 5

    def answer(request: dict[str, Any], content: str) -> str:
        return json.dumps({"custom_id": request["custom_id"], "response": {"body": {
            "choices": [{"message": {"content": content}}]}}}) + "\n"

    good = json.dumps({"segmented_pairs": [["a", "b"]], "output": "b"})
    path = tmp_path / "answers.jsonl"
    path.write_text(answer(wanted[0], good) + answer(wanted[1], "{") + answer(wanted[2], "[]"))
    answers = BatchAnswers(path)
    assert answers(SENTENCES["en"][0], "de") == Rewriting((("a", "b"),), "b")
    assert answers(SENTENCES["en"][1], "de") is None is answers(SENTENCES["en"][2], "de")
    path.write_text("no answer\n")
    with pytest.raises(InputError, match="line 1: not an answer"):
        BatchAnswers(path)
