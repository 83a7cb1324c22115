"""Whose voice a listener hears: values, what must not rank, and whatever audio may be."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from s2st_bench.audio import write_wav
from s2st_bench.items import items
from s2st_bench.metrics.voice.turns import owning_turns, turns
from s2st_bench.scoring import Options, score
from s2st_bench.table import ScoreTable
from s2st_bench.types import AudioSource, Failure, Recording, Score, Segment, Trace
from voice_traces import RATE, VOICES, Said, corpus_path, corpus_speech, made, short

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None or importlib.util.find_spec("torch") is None,
    reason="needs torch, and pip install --no-deps resemblyzer==0.1.4")

Pair = tuple[Trace, Recording]
SIMILARITY = "SpeakerSimilarity"


def scored(
    pairs: Sequence[Pair], folder: Path, names: Sequence[str] = (SIMILARITY,), **options: object
) -> ScoreTable:
    recordings = {recording.id: recording for _, recording in pairs}
    return score([trace for trace, _ in pairs], list(recordings.values()), names,
                 Options(folder=folder), metric_options={name: options for name in names})


def corpus_score(table: ScoreTable, name: str = SIMILARITY) -> Score:
    return next(s for s in table.corpus if s.metric == name and s.group == "all")


def answer(folder: Path, name: str, source: str, output: str, **changes: object) -> Pair:
    """The sentence ``output`` of the corpus as the translation of ``source``."""
    return short(folder, name, corpus_path(source), [Said(4.0, corpus_speech(output), "ein")],
                 **changes)


def test_the_sources_voice_is_nearer_than_another(tmp_path: Path) -> None:
    own = [answer(tmp_path, f"own{i}", first, second)
           for i, (first, second, _) in enumerate(VOICES.values())]
    others = list(VOICES.values())
    other = [answer(tmp_path, f"other{i}", first, others[i - 1][1])
             for i, (first, _, _) in enumerate(others)]
    table = scored(own + other, tmp_path)
    values = [row.scores[SIMILARITY] for row in table.recordings]
    assert min(values[:4]) > max(values[4:])
    found = corpus_score(scored(own, tmp_path))
    assert found.value == pytest.approx(np.mean(values[:4]))
    assert (found.n_scored, found.n_total, found.unranked) == (4, 4, "")
    assert found.marks == ("language not checked",)
    assert "embedder:resemblyzer(0.1.4)|sha256:" in found.signature


def test_an_echo_scores_one_and_never_ranks(tmp_path: Path) -> None:
    pairs = [answer(tmp_path, name, first, first) for name, (first, *_) in VOICES.items()]
    table = scored(pairs, tmp_path, [SIMILARITY])
    found = corpus_score(table)
    assert found.value is not None and found.value > 0.97
    assert found.unranked.startswith("echo of the source") and "echo of the source" in found.marks
    echo = corpus_score(scored(pairs, tmp_path, ["SourceEcho"]), "SourceEcho")
    assert echo.value is not None and echo.value > 90 and echo.higher_is_better is None
    fair = [answer(tmp_path, name, first, second) for name, (first, second, _) in VOICES.items()]
    assert corpus_score(scored(fair, tmp_path, ["SourceEcho"]), "SourceEcho").value == 0.0


def test_silence_and_failures_cost_coverage(tmp_path: Path) -> None:
    pairs = [answer(tmp_path, name, first, second) for name, (first, second, _) in VOICES.items()]
    assert corpus_score(scored(pairs, tmp_path)).unranked == ""
    silent = replace(pairs[0][0], steps=(), pieces=())
    failed = replace(pairs[1][0], error=Failure("died", "exit 1"))
    found = corpus_score(scored([(silent, pairs[0][1]), (failed, pairs[1][1]), *pairs[2:]],
                                tmp_path))
    assert found.unranked == "coverage 0.50: below 0.8"
    assert (found.n_scored, found.n_total) == (2, 4)


def test_a_short_source_costs_nobody_coverage(tmp_path: Path) -> None:
    write_wav(tmp_path / "short.wav", corpus_speech("en-hand-test-021")[: 2 * RATE], RATE)
    pairs = [answer(tmp_path, name, first, second) for name, (first, second, _) in VOICES.items()]
    speech = corpus_speech("en-hand-test-061")
    pairs += [short(tmp_path, f"short{i}", tmp_path / "short.wav", [Said(2.0, speech, "ein")])
              for i in range(3)]
    table = scored(pairs, tmp_path)
    assert corpus_score(table).unranked == ""
    assert table.recordings[-1].reasons[SIMILARITY] == (
        "source: less than 3 s of active speech")


def test_another_language_than_the_targets_does_not_rank(tmp_path: Path) -> None:
    if importlib.util.find_spec("speechbrain") is None:
        pytest.skip("speechbrain is not installed")
    import tiny_voices

    (tmp_path / "german").mkdir()
    german = str(tiny_voices.ecapa(tmp_path / "german", always="de: German"))
    for lang, verdict in (("de", ""), ("es", "not the target language: 100% of the outputs")):
        pair = answer(tmp_path, f"to-{lang}", "en-hand-test-021", "en-hand-test-061",
                      target_lang=lang)
        found = corpus_score(scored([pair], tmp_path, language_id=german, device="cpu"))
        assert (found.unranked, found.marks) == (verdict, ())
        assert "language_id:german" in found.signature


PANEL = (Segment("0", 0.0, 8.0, "a", {"de": ("eins zwei",)}, "anna"),
         Segment("1", 8.0, 16.0, "b", {"de": ("drei vier",)}, "anna"),
         Segment("2", 16.0, 24.0, "c", {"de": ("fünf sechs",)}, "ben"))


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    """Two sentences by one voice, then one by another; 8 s each."""
    names = ("en-hand-test-021", "en-hand-test-061", "en-hand-test-005")
    parts = [np.resize(corpus_speech(name), 8 * RATE) for name in names]
    write_wav(tmp_path / "panel.wav", np.concatenate(parts), RATE)
    return tmp_path / "panel.wav"


def say_panel(
    folder: Path, source: Path, voices: Sequence[str], texts: Sequence[str]
) -> Pair:
    """Each sentence comes 6 s late: that of the first speaker's end while the second speaks."""
    said = [Said(at, np.resize(corpus_speech(voice), 5 * RATE), text)
            for at, voice, text in zip((14.0, 22.0, 24.0), voices, texts, strict=True)]
    return made(folder, "panel", source, said, PANEL)


TEXTS = ("eins zwei ", "drei vier ", "fünf sechs")
ANNA, BEN = "en-grammar-test-029", "en-hand-test-015"


def test_a_late_stretch_belongs_to_the_turn_of_its_text(tmp_path: Path, panel: Path) -> None:
    right = say_panel(tmp_path, panel, (ANNA, ANNA, BEN), TEXTS)
    found = items(*right, folder=tmp_path)
    (group,) = turns(found)
    assert [(turn.speaker, turn.bounds_s) for turn in group] == [
        ("anna", (0.0, 16.0)), ("ben", (16.0, 24.0))]
    assert found[0].sound is not None
    assert owning_turns(found[0].sound, group) == [0, 0, 1]
    table = scored([right], tmp_path)
    assert corpus_score(table).value == pytest.approx(0.9, abs=0.1)
    wrong = corpus_score(scored([say_panel(tmp_path, panel, (BEN, BEN, ANNA), TEXTS)], tmp_path))
    assert wrong.value is not None and wrong.value < corpus_score(table).value - 0.1
    assert (wrong.n_scored, wrong.n_total) == (3, 3)


def test_without_text_the_time_decides(tmp_path: Path, panel: Path) -> None:
    found = items(*say_panel(tmp_path, panel, (ANNA, ANNA, BEN), ("", "", "")), folder=tmp_path)
    (group,) = turns(found)
    assert found[0].sound is not None
    assert owning_turns(found[0].sound, group) == [0, 1, 1]


def corpus_run(folder: Path) -> list[Pair]:
    """All sentences, each answered by the next of its voice."""
    return [answer(folder, name, name, names[(i + 1) % len(names)], speaker=voice)
            for voice, names in VOICES.items() for i, name in enumerate(names)]


def test_what_a_similarity_is_worth_on_the_corpus(tmp_path: Path) -> None:
    pairs = corpus_run(tmp_path)
    table = scored(pairs, tmp_path, ["SpeakerPercentile", "SpeakerEER"])
    percentile, rate = (corpus_score(table, n) for n in ("SpeakerPercentile", "SpeakerEER"))
    assert percentile.value == 100.0 and rate.value == 0.0
    assert percentile.marks == ("language not checked", "within-language calibration")
    assert rate.marks == ("within-language calibration",)
    # 4 voices with 3 sentences: 4 * 3 same pairs, 66 - 12 others
    assert "pairs:within-language(12+54)" in rate.signature
    assert rate.higher_is_better is None and rate.unranked == ""


def test_pairs_across_languages_where_references_have_the_sources_voices(tmp_path: Path) -> None:
    pairs = []
    for voice, names in VOICES.items():
        for i, name in enumerate(names):
            trace, recording = answer(tmp_path, name, name, names[i - 1], speaker=voice)
            spoken = AudioSource(corpus_path(names[i - 2]))
            pairs.append((trace, replace(recording, reference_audio={"de": spoken})))
    table = scored(pairs, tmp_path, ["SpeakerEER"], reference_voice="source")
    assert "pairs:cross-language(36+108)" in corpus_score(table, "SpeakerEER").signature
    assert corpus_score(table, "SpeakerEER").marks == ()


def test_too_few_speakers_are_a_reason(tmp_path: Path) -> None:
    pairs = [answer(tmp_path, n, n, "en-hand-test-061", speaker=s)
             for n, s in (("en-hand-test-021", "anna"), ("en-hand-test-005", "ben"))]
    for names, reason in (
        (pairs, "fewer than 20 pairs of different speakers with 3 s of active speech"),
        (pairs[:1], "the corpus names fewer than two speakers"),
    ):
        table = scored(names, tmp_path, ["SpeakerPercentile", "SpeakerEER"])
        assert {s.reason for s in table.corpus} == {reason}


def noise(seconds: float) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).normal(size=round(seconds * RATE))).astype(np.float32)


OUTPUTS = {
    "empty": noise(0), "one sample": noise(1 / RATE), "zeros": np.zeros(5 * RATE, np.float32),
    "clipped": np.sign(noise(5)), "noise": noise(5), "constant": np.full(5 * RATE, 0.5),
}


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_any_output_gives_a_value_or_a_reason(tmp_path: Path, kind: str, rate: int) -> None:
    pair = short(tmp_path, "r", corpus_path("en-hand-test-021"),
                 [Said(1.0, OUTPUTS[kind].astype(np.float32), "ein")], rate=rate, speaker="anna")
    check(scored([pair], tmp_path,
                 [SIMILARITY, "SourceEcho"]))


def check(table: ScoreTable) -> None:
    for row in table.recordings:
        for name, value in row.scores.items():
            assert row.reasons.get(name) if value is None else np.isfinite(value)
    for found in table.corpus:
        assert found.reason if found.value is None else np.isfinite(found.value)


def write_source(path: Path, kind: str) -> None:
    speech = corpus_speech("en-hand-test-021")
    samples, rate, subtype = {
        "empty": (noise(0), RATE, "PCM_16"),
        "one sample": (noise(1 / RATE), RATE, "PCM_16"),
        "zeros": (0 * speech, RATE, "PCM_16"),
        "NaN": (np.where(np.arange(len(speech)) == 5, np.nan, speech), RATE, "FLOAT"),
        "clipped": (np.sign(speech), RATE, "PCM_16"),
        "8 kHz": (speech[::2], 8_000, "PCM_16"),
        "48 kHz stereo": (np.repeat(np.stack([speech, speech], 1), 3, 0), 48_000, "PCM_16"),
    }[kind]
    soundfile.write(path, samples, rate, subtype=subtype)


@pytest.mark.parametrize(
    "kind", ["empty", "one sample", "zeros", "NaN", "clipped", "8 kHz", "48 kHz stereo"])
def test_any_source_gives_a_value_or_a_reason(tmp_path: Path, kind: str) -> None:
    write_source(tmp_path / "source.wav", kind)
    pair = short(tmp_path, "r", tmp_path / "source.wav",
                 [Said(1.0, corpus_speech("en-hand-test-061"), "ein")], speaker="anna")
    table = scored([pair], tmp_path, [SIMILARITY, "SourceEcho"])
    check(table)
    if kind in ("8 kHz", "48 kHz stereo"):
        assert table.recordings[0].scores[SIMILARITY] > 0.7
    if kind == "NaN":
        assert "NaN" in table.recordings[0].reasons[SIMILARITY]


def test_a_missing_source_or_piece_is_a_reason(tmp_path: Path) -> None:
    trace, recording = answer(tmp_path, "r", "en-hand-test-021", "en-hand-test-061")
    gone = replace(recording, source=AudioSource(tmp_path / "none.wav"))
    table = scored([(trace, gone)], tmp_path)
    assert "none.wav" in table.recordings[0].reasons[SIMILARITY]
    (tmp_path / "pieces" / "r.wav").unlink()
    table = scored([(trace, recording)], tmp_path)
    assert "r.wav" in table.recordings[0].reasons[SIMILARITY]


@pytest.mark.slow
def test_half_an_hour(tmp_path: Path) -> None:
    talk = np.resize(corpus_speech("en-talk-research_talk"), 1800 * RATE)
    write_wav(tmp_path / "long.wav", talk, RATE)
    said = [Said(10.0 * (i + 1), np.resize(corpus_speech("en-hand-test-061"), 9 * RATE), "ein ")
            for i in range(180)]
    segments = tuple(Segment(str(i), 18.0 * i, 18.0 * (i + 1), "a", {"de": ("ein ein",)},
                             f"speaker{i // 25}") for i in range(100))
    pair = made(tmp_path, "long", tmp_path / "long.wav", said, segments)
    table = scored([pair], tmp_path, [SIMILARITY, "SourceEcho"])
    check(table)
    assert corpus_score(table).n_total == 100
