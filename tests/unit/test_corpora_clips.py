"""Readers of corpora of clips on small copies in their true layout: what they give, what damage
they tell, and which oddities pass.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import corpus_damage as damage
import corpus_fixtures
from corpus_damage import corpus, places
from corpus_fixtures import Made
from s2st_bench.audio import open_audio
from s2st_bench.corpora.fixtures import SENTENCES
from s2st_bench.datasets.fleurs.fixture import file_name
from s2st_bench.errors import ConfigError, CorpusError, DamagedCorpus
from s2st_bench.types import AudioSource, Recording, Samples

NAMES = ("covost2", "cvss", "fleurs")
LIST = "covost_v2.fr_en.test.tsv"


made = corpus_fixtures.all_made_once(NAMES)
copied = corpus_fixtures.copied


def heard(recording: Recording) -> AudioSource:
    assert isinstance(recording.source, AudioSource)
    return recording.source


def whole_of(path: Path) -> tuple[Samples, int]:
    """All samples of a file as a run hears them, and their rate."""
    with open_audio(path) as reader:
        return reader.read(1 << 20), reader.sample_rate_hz


# --- what they give ------------------------------------------------------------------------------


def test_covost2(made: dict[str, Made]) -> None:
    folder, options = made["covost2"]
    found = list(corpus("covost2", options).recordings())
    assert [r.id for r in found] == [f"common_voice_fr_1729939{k}" for k in (3, 4, 5)]
    for recording, k in zip(found, (3, 4, 5), strict=True):
        (segment,) = recording.segments
        assert segment.transcript == SENTENCES["fr"][k]
        assert segment.references == {"en": (SENTENCES["en"][k],)}
        path = folder / "clips" / f"{recording.id}.mp3"
        assert heard(recording) == AudioSource(path)
        whole, rate = soundfile.read(path, dtype="float32")
        samples, its_rate = whole_of(path)
        assert rate == its_rate == recording.sample_rate_hz == 48_000
        assert np.array_equal(samples, whole) and segment.start_s == 0.0
        assert segment.end_s == pytest.approx(len(whole) / rate, abs=0.06)  # headers estimate
    assert found[0].cluster == found[2].cluster != found[1].cluster and len(found[0].cluster) == 128
    assert found[0].segments[0].speaker == found[0].cluster
    card = corpus("covost2", options).card()
    assert (card.cluster, card.split, card.licence) == ("speaker", "test", "CC0 1.0")


def test_covost2_by_its_codes(copied: Callable[[str], Made]) -> None:
    folder, options = copied("covost2")
    shutil.copy(folder / LIST, folder / "covost_v2.zh-CN_en.test.tsv")
    shutil.copy(folder / LIST, folder / "covost_v2.en_sv-SE.test.tsv")
    def languages(source: str | None, target: str | None) -> tuple[str, tuple[str, ...]]:
        asked = {**options, "source_lang": source, "target_lang": target}
        first = next(corpus("covost2", asked).recordings())
        return first.source_lang, first.target_langs
    assert languages("zh", "en") == ("zh", ("en",))
    assert languages("zh-CN", None) == ("zh-CN", ("en",))
    assert languages("en", None) == ("en", ("sv-SE",))
    with pytest.raises(ConfigError, match="has en-sv-SE, fr-en, zh-CN-en: choose one"):
        languages(None, None)
    with pytest.raises(ConfigError, match="dataset.pair=zh-TW-en: .* has en-sv-SE, fr-en"):
        languages("zh-TW", "en")


def test_converted_clips_stand_in(copied: Callable[[str], Made]) -> None:
    folder, options = copied("covost2")
    clips = folder / "clips"
    for k, ending in ((3, ".mp3.wav"), (4, ".wav"), (5, ".flac")):
        mp3 = clips / f"common_voice_fr_1729939{k}.mp3"
        samples, _ = soundfile.read(mp3)
        mp3.unlink()
        soundfile.write(clips / f"common_voice_fr_1729939{k}{ending}", samples[::3], 16_000)
    found = list(corpus("covost2", options).recordings())
    assert [heard(r).path.name[-8:] for r in found] == [".mp3.wav", "9394.wav", "395.flac"]
    assert {r.sample_rate_hz for r in found} == {16_000}


def test_cvss(made: dict[str, Made]) -> None:
    folder, options = made["cvss"]
    found = list(corpus("cvss", options).recordings())
    # in CoVoST's order, with its transcripts and speakers
    assert [r.id for r in found] == [f"common_voice_fr_1729939{k}" for k in (3, 4, 5)]
    assert [r.segments[0].transcript for r in found] == list(SENTENCES["fr"][3:])
    assert [r.segments[0].references for r in found] == [
        {"en": ("thank you very much",)}, {"en": ("we measured this for two years",)},
        {"en": ("and this is what we found",)}]
    assert {r.text_norm for r in found} == {"lower"} and found[1].cluster == "a" * 128
    assert heard(found[0]).path == folder / "common_voice/fr/clips" / f"{found[0].id}.mp3"
    speech = found[0].reference_audio["en"]
    assert speech.path == folder / "cvss_c_fr_en_v1.0/test" / f"{found[0].id}.mp3.wav"
    _, rate = soundfile.read(speech.path)
    assert rate == 24_000


def test_cvss_without_covost_and_in_the_other_voice(made: dict[str, Made]) -> None:
    folder, options = made["cvss"]
    other = corpus("cvss", {**options, "voice": "T", "covost": None})
    found = list(other.recordings())
    assert [r.id[-1] for r in found] == ["5", "3", "4"] and found[0].segments[0].transcript == ""
    assert "cvss_t_fr_en_v1.0" in str(found[0].reference_audio["en"].path)
    assert other.card().name == "CVSS-T" and other.card().cluster == "sentence"
    alone = {**options, "path": folder / "cvss_c_fr_en_v1.0", "source_lang": None}
    assert [r.source_lang for r in corpus("cvss", alone).recordings()] == ["fr"] * 3
    for wrong, match in (({"source_lang": "de"}, "source_lang=de: .* has fr"),
                         ({"target_lang": "de"}, "into en only"),
                         ({"split": "tst"}, "CVSS has train, dev, test"),
                         ({"form": "long"}, "no talks"),
                         ({"covost": folder}, "no covost_v2.fr_en.test.tsv")):
        with pytest.raises(ConfigError, match=match):
            list(corpus("cvss", {**options, **wrong}).recordings())
    with pytest.raises(CorpusError, match="neither test.tsv nor"):
        list(corpus("cvss", {**options, "path": folder / "common_voice"}).recordings())


def test_fleurs_pairs_readings_one_way(made: dict[str, Made]) -> None:
    folder, options = made["fleurs"]
    found = list(corpus("fleurs", options).recordings())
    def name(lang: str, place: int) -> str:
        return file_name(lang, "test", place)
    # French reads 2 1 4 1 2 0, English 0 1 2 1 1 3: nobody reads 4 in English
    assert [r.id + ".wav" for r in found] == [name("fr_fr", k) for k in (0, 1, 3, 4, 5)]
    assert [r.cluster for r in found] == ["1002", "1001", "1001", "1002", "1000"]
    assert [r.reference_audio["en"].path.name for r in found] == [
        name("en_us", k) for k in (2, 1, 3, 2, 0)]
    assert [r.segments[0].references["en"][0] for r in found] == [
        SENTENCES["en"][k] for k in (2, 1, 1, 2, 0)]
    assert [r.segments[0].transcript for r in found] == [
        SENTENCES["fr"][k] for k in (2, 1, 1, 2, 0)]
    for recording in found:
        path = folder / "fr_fr/audio/test" / f"{recording.id}.wav"
        whole, rate = soundfile.read(path, dtype="float32")
        samples, _ = whole_of(heard(recording).path)
        assert heard(recording).path == path and np.array_equal(samples, whole)
        assert recording.segments[0].end_s == len(whole) / rate and rate == 16_000


def test_fleurs_options(made: dict[str, Made]) -> None:
    options = made["fleurs"][1]
    first = list(corpus("fleurs", {**options, "readings": "first", "text": "normalised"})
                 .recordings())
    assert [r.cluster for r in first] == ["1002", "1001", "1000"]
    assert first[0].segments[0].references == {"en": ("why do we listen to each other",)}
    assert first[0].text_norm == "lower"
    for asked in ("zh", "cmn", "cmn_hans_cn", "cmn-Hans-CN"):
        found = list(corpus("fleurs", {**options, "target_lang": asked}).recordings())
        assert [r.target_langs for r in found] == [(asked,)] * 4
    for wrong, match in (({"target_lang": "de"}, "lang=de: .* has cmn_hans_cn, en_us, fr_fr"),
                         ({"source_lang": None}, "source_lang is not given"),
                         ({"split": "validation"}, "FLEURS has train, dev, test")):
        with pytest.raises(ConfigError, match=match):
            list(corpus("fleurs", {**options, **wrong}).recordings())


def test_a_check_of_a_fixture_finds_nothing_wrong(made: dict[str, Made]) -> None:
    for name, (_, options) in made.items():
        notes = places(corpus(name, options).check())
        assert notes == ([("no-translation", "test.tsv", None)] if name == "fleurs" else [])


# --- damage --------------------------------------------------------------------------------------

Damage = tuple[str, Callable[[Path], object], list[damage.Found]]


def cell(path: Path, line: int, column: int, change: Callable[[str], str]) -> None:
    def changed(text: str) -> str:
        cells = text.split("\t")
        cells[column] = change(cells[column])
        return "\t".join(cells)
    damage.edit(path, line, changed)


def latin1(path: Path, line: int) -> None:
    """One line in another encoding."""
    damage.edit(path, line, lambda text: text + "\udce9")


CLIP = "clips/common_voice_fr_17299394.mp3"
COVOST: tuple[Damage, ...] = (
    ("a clip is missing", lambda f: (f / CLIP).unlink(), [("missing-audio", LIST, 3)]),
    ("a name that no disk takes", lambda f: cell(f / LIST, 3, 0, lambda _: "x" * 300 + ".mp3"),
     [("missing-audio", LIST, 3)]),
    ("a clip is no audio", lambda f: (f / CLIP).write_bytes(b"x" * 999),
     [("damaged-audio", LIST, 3)]),
    ("a clip is empty", lambda f: (f / CLIP).write_bytes(b""), [("damaged-audio", LIST, 3)]),
    ("the list is empty", lambda f: (f / LIST).write_bytes(b""), [("bad-header", LIST, 1)]),
    ("a column is missing", lambda f: damage.edit(f / LIST, 1, lambda t: t.replace("path", "file")),
     [("bad-header", LIST, 1)]),
    ("a field is lost", lambda f: damage.edit(f / LIST, 3, lambda t: t.rpartition("\t")[0]),
     [("bad-row", LIST, 3)]),
    ("a tab too many", lambda f: damage.edit(f / LIST, 2, lambda t: t + "\t"),
     [("bad-row", LIST, 2)]),
    ("a lone backslash", lambda f: damage.edit(f / LIST, 2, lambda t: t + "\\"),
     [("bad-row", LIST, 2)]),
    ("a row twice", lambda f: damage.double(f / LIST, 3), [("duplicate-id", LIST, 4)]),
    ("no translation", lambda f: cell(f / LIST, 4, 2, lambda _: ""),
     [("empty-reference", LIST, 4)]),
    ("another script", lambda f: cell(f / LIST, 2, 2, lambda _: "Большое вам спасибо за это"),
     [("wrong-script", LIST, 2)]),
    ("a control character", lambda f: cell(f / LIST, 2, 2, lambda t: t + "\x08"),
     [("control-character", LIST, 2)]),
    ("a way out", lambda f: cell(f / LIST, 2, 0, lambda t: "../" + t), [("bad-path", LIST, 2)]),
    ("no UTF-8", lambda f: latin1(f / LIST, 3), [("not-utf8", LIST, 3)]),
    ("transcripts for translations", lambda f: [
        cell(f / LIST, k, 2, lambda _, k=k: SENTENCES["fr"][k + 1]) for k in (2, 3, 4)],
     [("not-translated", LIST, None)]),
)
C = "cvss_c_fr_en_v1.0/"
SPEECH = C + "test/common_voice_fr_17299394.mp3.wav"
CVSS: tuple[Damage, ...] = (
    ("no target speech", lambda f: (f / SPEECH).unlink(), [("missing-audio", "test.tsv", 3)]),
    ("speech cut short", lambda f: damage.cut(f / SPEECH), [("damaged-audio", "test.tsv", 3)]),
    ("speech of another rate", lambda f: damage.claim_rate(f / SPEECH, 16_000),
     [("sample-rate", "test.tsv", 3)]),
    ("no samples of speech", lambda f: damage.silence(f / SPEECH, 0, 24_000),
     [("empty-audio", "test.tsv", 3)]),
    ("no clip", lambda f: (f / "common_voice/fr" / CLIP).unlink(),
     [("missing-audio", "test.tsv", 3)]),
    ("a clip is no audio", lambda f: (f / "common_voice/fr" / CLIP).write_bytes(b"x" * 99),
     [("damaged-audio", "test.tsv", 3)]),
    ("no text", lambda f: cell(f / C / "test.tsv", 1, 1, lambda _: " "),
     [("empty-reference", "test.tsv", 1)]),
    ("a row twice", lambda f: damage.double(f / C / "test.tsv", 2),
     [("duplicate-id", "test.tsv", 3)]),
    ("a field lost", lambda f: damage.edit(f / C / "test.tsv", 2, lambda t: t.split("\t")[0]),
     [("bad-row", "test.tsv", 2)]),
    ("a way out", lambda f: cell(f / C / "test.tsv", 2, 0, lambda t: "/etc/" + t),
     [("bad-path", "test.tsv", 2)]),
    ("not of the list", lambda f: damage.drop(f / "common_voice/fr" / LIST, 3),
     [("not-in-covost", "test.tsv", 3)]),
    ("a field of CoVoST lost", lambda f: damage.edit(
        f / "common_voice/fr" / LIST, 2, lambda t: t.split("\t")[0]),
     [("bad-row", LIST, 2), ("not-in-covost", "test.tsv", 2)]),
    ("a list of another kind", lambda f: damage.edit(
        f / "common_voice/fr" / LIST, 1, lambda t: t.lower().replace("sentence", "text")),
     [("bad-header", LIST, 1)]),
    ("a control character", lambda f: cell(f / C / "test.tsv", 3, 1, lambda t: "\x00" + t),
     [("control-character", "test.tsv", 3)]),
)
FR, EN = Path("fr_fr/test.tsv"), Path("en_us/test.tsv")


def fleurs_audio(folder: Path, lang: str, line: int) -> Path:
    name = (folder / lang / "test.tsv").read_text().split("\n")[line - 1].split("\t")[1]
    return folder / lang / "audio/test" / name


FLEURS: tuple[Damage, ...] = (
    ("no audio", lambda f: fleurs_audio(f, "fr_fr", 2).unlink(),
     [("missing-audio", "test.tsv", 2)]),
    ("audio cut short", lambda f: damage.cut(fleurs_audio(f, "fr_fr", 2)),
     [("damaged-audio", "test.tsv", 2)]),
    ("other audio", lambda f: damage.shorten(fleurs_audio(f, "fr_fr", 2), 0.5),
     [("audio-length", "test.tsv", 2)]),
    ("another rate", lambda f: damage.claim_rate(fleurs_audio(f, "fr_fr", 2), 22_050),
     [("sample-rate", "test.tsv", 2)]),
    ("no target speech", lambda f: fleurs_audio(f, "en_us", 1).unlink(),
     [("missing-audio", "test.tsv", 1)]),
    ("no list", lambda f: (f / EN).unlink(), [("missing-file", "test.tsv", None)]),
    ("a field lost", lambda f: damage.edit(f / FR, 4, lambda t: t.rpartition("\t")[0]),
     [("bad-row", "test.tsv", 4)]),
    ("a field of the target lost", lambda f: damage.edit(
        f / EN, 6, lambda t: t.rpartition("\t")[0]), [("bad-row", "test.tsv", 6)]),
    ("an id that is none", lambda f: cell(f / FR, 4, 0, lambda _: "x"),
     [("bad-row", "test.tsv", 4)]),
    ("a length that is none", lambda f: cell(f / FR, 4, 5, lambda t: t + ".5"),
     [("bad-row", "test.tsv", 4)]),
    ("a row twice", lambda f: damage.double(f / FR, 1), [("duplicate-id", "test.tsv", 2)]),
    ("no translation", lambda f: cell(f / EN, 1, 2, lambda _: ""),
     [("empty-reference", "test.tsv", 1)]),
    ("another language", lambda f: [
        cell(f / EN, k, 2, lambda _: SENTENCES["zh"][0]) for k in range(1, 7)],
     [*(("wrong-script", "test.tsv", k) for k in (1, 2, 3)), ("wrong-language", "test.tsv", None)]),
    ("a way out", lambda f: cell(f / FR, 2, 1, lambda t: "../" + t), [("bad-path", "test.tsv", 2)]),
    ("no UTF-8", lambda f: latin1(f / FR, 5), [("not-utf8", "test.tsv", 5)]),
)


@pytest.mark.parametrize(
    ("name", "what", "break_it", "expected"),
    [(name, *one) for name, all_of in (("covost2", COVOST), ("cvss", CVSS), ("fleurs", FLEURS))
     for one in all_of],
    ids=lambda value: value if isinstance(value, str) else "")
def test_damage_is_found_in_its_place(
    copied: Callable[[str], Made], name: str, what: str, break_it: Callable[[Path], object],
    expected: list[damage.Found],
) -> None:
    folder, options = copied(name)
    break_it(folder)
    assert set(places(corpus(name, options).check(), errors_only=True)) == set(expected)
    with pytest.raises(DamagedCorpus):
        list(corpus(name, options).recordings())


def test_damaged_clips_can_be_left_out(copied: Callable[[str], Made]) -> None:
    folder, options = copied("cvss")
    (folder / SPEECH).unlink()
    left = corpus("cvss", {**options, "skip_damaged": True})
    assert [r.id[-1] for r in left.recordings()] == ["3", "5"]
    assert list(left.left_out()) == ["common_voice_fr_17299394"]


# --- oddities that pass --------------------------------------------------------------------------


def test_oddities_of_tables_pass(copied: Callable[[str], Made]) -> None:
    folder, options = copied("covost2")
    cell(folder / LIST, 2, 1, lambda _: '"Merci\u2028 beaucoup.')    # a quote that never closes
    cell(folder / LIST, 3, 2, lambda _: r"A \"word\", a \\ and a \	 tab\x85.")
    cell(folder / LIST, 4, 2, lambda t: t + "\x85")
    (folder / LIST).write_bytes(
        b"\xef\xbb\xbf" + (folder / LIST).read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    found = list(corpus("covost2", options).recordings())
    texts = [(r.segments[0].transcript, r.segments[0].references["en"][0]) for r in found]
    assert texts[0] == ('"Merci\u2028 beaucoup.', "Thank you very much.")
    assert texts[1][1] == 'A "word", a \\ and a \t tabx85.' and texts[2][1].endswith("\x85")
    assert places(corpus("covost2", options).check(), errors_only=True) == []
    kinds = {kind for kind, *_ in places(corpus("covost2", options).check())}
    assert {"byte-order-mark", "crlf", "blank-lines", "line-separator"} <= kinds


def test_clips_that_cvss_lacks_are_no_damage(copied: Callable[[str], Made]) -> None:
    folder, options = copied("cvss")
    damage.drop(folder / C / "test.tsv", 2)
    assert places(corpus("cvss", options).check()) == [("no-target-speech", LIST, None)]
    assert len(list(corpus("cvss", options).recordings())) == 2


def test_fleurs_unpacked_beside_its_folder(copied: Callable[[str], Made]) -> None:
    folder, options = copied("fleurs")
    (folder / "fr_fr/audio/test").rename(folder / "fr_fr/test")
    assert len(list(corpus("fleurs", options).recordings())) == 5


# --- real samples --------------------------------------------------------------------------------

SHARED = Path(__file__).parents[2].parent / "shared" / "speech"


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/speech")
def test_real_clips_of_common_voice_and_cvss(tmp_path: Path) -> None:
    name = "common_voice_fr_19176154.mp3"
    for voice in "ct":
        folder = tmp_path / f"cvss_{voice}_fr_en_v1.0"
        (folder / "test").mkdir(parents=True)
        (folder / "test.tsv").write_text(f"{name}\ta translation of the clip\n")
        shutil.copy(SHARED / f"cvss_{voice}_{name}.wav", folder / "test" / f"{name}.wav")
    clips = tmp_path / "clips"
    clips.mkdir()
    shutil.copy(SHARED / f"covost2_{name}.wav", clips / f"{name}.wav")
    lengths = {}
    for voice in "CT":
        options = {"path": tmp_path, "clips": clips, "voice": voice, "source_lang": "fr"}
        (found,) = corpus("cvss", options).recordings()
        samples, rate = whole_of(found.reference_audio["en"].path)
        lengths[voice] = len(samples)
        assert rate == 24_000 and found.segments[0].end_s == 214_272 / 48_000
        assert not places(corpus("cvss", options).check())
    assert lengths == {"C": 82_500, "T": 103_500}

    rows = ["path\tsentence\ttranslation\tclient_id"]
    for line in (SHARED / "human_fr.tsv").read_text("utf-8").splitlines()[1:]:
        mp3, _, said, translation, speaker = line.split("\t")
        shutil.copy(SHARED / mp3, clips / mp3)
        rows.append(f"{mp3}\t{said}\t{translation}\t{speaker}")
    (tmp_path / LIST).write_text("\n".join(rows) + "\n", "utf-8")
    options = {"path": tmp_path, "source_lang": "fr", "target_lang": "en"}
    assert not places(corpus("covost2", options).check())
    for recording in corpus("covost2", options).recordings():
        samples, rate = whole_of(heard(recording).path)
        # what the bit rate and the size say is what a decoder gives, but for its delay
        assert recording.segments[0].end_s == pytest.approx(len(samples) / rate, abs=0.05)
