"""Inference of the reference models, on tiny random ones (``helpers/tiny_reference.py``).

Tolerances: states computed token by token and all at once differ by rounding only, 1e-4 on logits
whose size is about 5; what is cut otherwise but computed the same must be the same bits.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.errors import ConfigError, DependencyError, InputError

pytest.importorskip("onnxruntime", reason="extra reference")

from s2st_bench.systems.reference.pieces import BLANK, END, tag  # noqa: E402
from s2st_bench.systems.reference.runtime import Ear, Models, Writer, models_of  # noqa: E402
from s2st_bench.systems.reference.runtime.ctc import BestPath  # noqa: E402
from s2st_bench.systems.reference.runtime.ear import CHUNK_SAMPLES  # noqa: E402
from s2st_bench.systems.reference.runtime.writer import repeating  # noqa: E402

FOLDER = Path(__file__).parents[1] / "data" / "reference"
CLOSE = 1e-4


def noise(samples: int, seed: int = 1) -> np.ndarray:
    draws = np.random.default_rng(seed)
    loud = np.repeat(draws.uniform(0.001, 0.3, samples // 800 + 1), 800)[:samples]
    return (draws.standard_normal(samples) * loud).astype(np.float32)


SOUND = noise(4 * CHUNK_SAMPLES + 2000)


@pytest.fixture(scope="module")
def models() -> Models:
    return models_of(FOLDER)


@pytest.fixture(scope="module")
def frames(models: Models) -> np.ndarray:
    return hear(models, SOUND).frames


def hear(models: Models, *parts: np.ndarray) -> Ear:
    ear = Ear(models)
    for part in parts:
        ear.push(part)
    ear.finish()
    return ear


def writer(
    models: Models, frames: np.ndarray, *tokens: int, decoder: str = "multipath"
) -> Writer:
    made = Writer(models.decoder(decoder), "en")
    made.hear(frames)
    for token in tokens:
        made.push(token)
    return made


# -- hearing

@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, len(SOUND)), max_size=12))
def test_any_cut_of_the_sound_gives_the_same_bits(cuts: list[int]) -> None:
    models = models_of(FOLDER)
    whole, parts = hear(models, SOUND), hear(models, *np.split(SOUND, sorted(cuts)))
    assert parts.frames.tobytes() == whole.frames.tobytes()
    assert (parts.asr, parts.st("de")) == (whole.asr, whole.st("de"))


def test_single_samples_and_empty_pushes(models: Models) -> None:
    short = SOUND[: CHUNK_SAMPLES + 3]
    nothing = np.zeros(0, np.float32)
    ear = Ear(models)
    new = [ear.push(part) for part in (nothing, *np.split(short, len(short)), nothing)]
    assert sum(new) == ear.count == 4 and ear.finish() == 0
    assert ear.frames.tobytes() == hear(models, short).frames.tobytes()


def test_a_chunk_is_encoded_as_soon_as_it_is_whole(models: Models) -> None:
    ear = Ear(models)
    assert ear.push(SOUND[: CHUNK_SAMPLES - 1]) == 0
    assert ear.push(SOUND[CHUNK_SAMPLES - 1 : CHUNK_SAMPLES]) == 4
    assert ear.push(SOUND[CHUNK_SAMPLES : 3 * CHUNK_SAMPLES]) == 8
    assert ear.finish() == 0
    assert ear.frames.shape == (12, 64)


def test_what_was_heard_does_not_change(models: Models) -> None:
    ear = Ear(models)
    ear.push(SOUND[:CHUNK_SAMPLES])
    before = ear.frames.copy()
    ear.push(np.tile(SOUND, 6))
    assert ear.count > 64, "long enough for the frames to have moved"
    assert (ear.frames[:4] == before).all()


def test_the_end_is_filled_with_silence(models: Models) -> None:
    ear = hear(models, SOUND[: CHUNK_SAMPLES + 1600])
    assert ear.count == 8
    assert Ear(models).finish() == 0


def test_reset_forgets_everything(models: Models, frames: np.ndarray) -> None:
    ear = Ear(models)
    ear.push(noise(70_000, seed=7))
    ear.reset()
    assert (ear.count, ear.asr, ear.st("es"), len(ear.frames)) == (0, [], [], 0)
    ear.push(SOUND)
    ear.finish()
    assert ear.frames.tobytes() == frames.tobytes()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_heard_as_silence(models: Models, bad: float) -> None:
    broken, silent = SOUND.copy(), SOUND.copy()
    broken[300:900], silent[300:900] = bad, 0.0
    assert hear(models, broken).frames.tobytes() == hear(models, silent).frames.tobytes()


def test_absurd_loudness_stays_finite(models: Models) -> None:
    assert np.isfinite(hear(models, SOUND * np.float32(1e30)).frames).all()


def test_double_precision_is_taken(models: Models, frames: np.ndarray) -> None:
    assert hear(models, SOUND.astype(np.float64)).frames.tobytes() == frames.tobytes()


@pytest.mark.parametrize("wrong", [
    np.zeros(100, np.int16), np.zeros((2, 100), np.float32), np.array(0.5, np.float32),
    np.zeros(3, bool),
])
def test_other_samples_are_refused(models: Models, wrong: np.ndarray) -> None:
    with pytest.raises(InputError, match="floating-point samples"):
        Ear(models).push(wrong)


def test_ctc_heads_are_read_as_they_grow(models: Models) -> None:
    ear = Ear(models)
    seen: list[tuple[int, ...]] = []
    for part in np.split(np.tile(SOUND, 5), 25):
        ear.push(part)
        seen.append(tuple(ear.asr))
    assert ear.asr, "the tiny model says something"
    for before, after in zip(seen, seen[1:], strict=False):
        assert after[: len(before)] == before
    with pytest.raises(ConfigError, match="de, en, es"):
        ear.st("fr")


@given(path=st.lists(st.integers(0, 3), max_size=30), cut=st.integers(0, 30))
def test_best_path_collapses_like_the_definition(path: list[int], cut: int) -> None:
    growing = BestPath()
    for part in (path[:cut], path[cut:]):
        growing.push(np.eye(4, dtype=np.float32)[np.array(part, int)])
    wanted = [p for at, p in enumerate(path) if p != BLANK and (at == 0 or path[at - 1] != p)]
    assert growing.pieces == wanted


# -- writing

def test_states_kept_equal_states_computed_at_once(models: Models, frames: np.ndarray) -> None:
    slow = writer(models, frames)
    for token in (7, 9, 31, 12):
        slow.next()
        slow.push(token)
    at_once = writer(models, frames, 7, 9, 31, 12).next()
    kept = slow.next()
    assert np.abs(kept.logits - at_once.logits).max() < CLOSE
    assert np.abs(kept.attention - at_once.attention).max() < CLOSE
    assert kept.attention.shape == (2, 2, len(frames)) and kept.p_choose is None
    assert kept.attention.sum(-1) == pytest.approx(np.ones((2, 2)), abs=1e-5)


def test_asking_again_says_the_same(models: Models, frames: np.ndarray) -> None:
    asked = writer(models, frames, 7, 9)
    first, again = asked.next(), asked.next()
    assert first.logits.tobytes() == again.logits.tobytes()
    assert asked.tokens == (7, 9)


@given(tokens=st.lists(st.integers(6, 39), min_size=1, max_size=6), data=st.data())
@settings(max_examples=20)
def test_rewound_and_pushed_again_is_the_same(tokens: list[int], data: st.DataObject) -> None:
    models = models_of(FOLDER)
    frames = hear(models, SOUND[:20_000]).frames
    plain, turned = writer(models, frames), writer(models, frames)
    for token in tokens:
        for each in (plain, turned):
            each.next()
            each.push(token)
    count = data.draw(st.integers(0, len(tokens)))
    turned.next()
    turned.rewind(count)
    for token in tokens[len(tokens) - count :]:
        turned.next()
        turned.push(token)
    assert turned.tokens == plain.tokens
    assert turned.next().logits.tobytes() == plain.next().logits.tobytes()


def test_only_visible_frames_matter(models: Models, frames: np.ndarray) -> None:
    few, all_of_them = writer(models, frames[:8], 7), writer(models, frames, 7)
    step = all_of_them.next(visible=8)
    assert np.abs(few.next().logits - step.logits).max() < CLOSE
    assert (step.attention[:, :, 8:] == 0).all()
    assert np.abs(all_of_them.next().logits - step.logits).max() > 1e-3


def test_committed_tokens_keep_the_source_they_saw(models: Models, frames: np.ndarray) -> None:
    """As in multipath training; `refresh` looks again with all that is heard now."""
    grown = writer(models, frames[:4])
    grown.next()
    grown.push(7)
    grown.hear(frames[4:])
    grown.push(9)
    kept = grown.next().logits
    grown.refresh()
    fresh = grown.next().logits
    assert np.abs(fresh - writer(models, frames, 7, 9).next().logits).max() < CLOSE
    assert np.abs(fresh - kept).max() > 1e-4


def test_hearing_in_parts_is_hearing_at_once(models: Models, frames: np.ndarray) -> None:
    parts = Writer(models.decoder("multipath"), "en")
    for part in np.split(frames, [1, 1, 6]):
        parts.hear(part)
    assert parts.heard == len(frames)
    logits = writer(models, frames).next().logits
    assert np.abs(parts.next().logits - logits).max() < CLOSE


def test_languages_differ_and_others_are_named(models: Models, frames: np.ndarray) -> None:
    german = Writer(models.decoder("multipath"), "de-AT")
    german.hear(frames)
    assert np.abs(german.next().logits - writer(models, frames).next().logits).max() > 1e-3
    with pytest.raises(ConfigError, match="target_lang=fr"):
        Writer(models.decoder("multipath"), "fr")


def test_a_clone_goes_its_own_way(models: Models, frames: np.ndarray) -> None:
    one = writer(models, frames, 7)
    one.next()
    other = one.clone()
    other.push(9)
    other.hear(frames)
    assert (one.tokens, one.heard) == ((7,), len(frames))
    assert one.next().logits.tobytes() == writer(models, frames, 7).next().logits.tobytes()


def test_greedy_is_the_best_again_and_again(models: Models, frames: np.ndarray) -> None:
    one = writer(models, frames)
    one.next()
    one.push(7)
    said = one.greedy(limit=6)
    assert one.tokens == (7,), "what is committed stays"
    by_hand = []
    while len(one.tokens) < 6 and END not in by_hand:
        by_hand.append(one.next().best)
        one.push(by_hand[-1])
    assert list(said) == by_hand and said
    assert writer(models, frames, *said).greedy(limit=len(said)) == ()


def test_greedy_ends_on_its_own_limit(models: Models, frames: np.ndarray) -> None:
    one = writer(models, frames)
    said = one.greedy()
    assert said[-1] == END or len(said) == one.limit == int(0.6 * len(frames)) + 20


def test_no_sequence_is_said_twice(models: Models, frames: np.ndarray) -> None:
    said = writer(models, frames).greedy(limit=25, no_repeat=2)
    pairs = list(zip(said, said[1:], strict=False))
    assert len(pairs) == len(set(pairs)) > 3


@pytest.mark.parametrize(("tokens", "size", "wanted"), [
    ((), 2, []), ((5,), 2, []), ((5, 6, 5), 2, [6]), ((5, 6, 7, 5, 6), 3, [7]),
    ((5, 6), 1, [5, 6]), ((5, 5), 0, []), ((5, 5, 5), 3, [5]),
])
def test_what_would_repeat(tokens: tuple[int, ...], size: int, wanted: list[int]) -> None:
    assert sorted(set(repeating(tokens, size))) == wanted


@pytest.mark.parametrize("decoder", ["emma-1", "mma-1"])
def test_monotonic_decoders_keep_states_too(
    models: Models, frames: np.ndarray, decoder: str
) -> None:
    """Each token asked about, some taken back, a clone gone astray: as if pushed at once."""
    one = writer(models, frames, decoder=decoder)
    for token in (7, 9, 31, 12):
        one.next()
        one.push(token)
    one.rewind(3)
    astray = one.clone()
    astray.push(30)
    astray.next()
    for token in (9, 31, 12):
        one.next(visible=8)
        one.next()
        one.push(token)
    step, wanted = one.next(), writer(models, frames, 7, 9, 31, 12, decoder=decoder).next()
    assert np.abs(step.logits - wanted.logits).max() < CLOSE
    assert step.p_choose is not None and wanted.p_choose is not None
    assert np.abs(step.p_choose - wanted.p_choose).max() < CLOSE
    assert step.p_choose.shape == (2, 2, len(frames) // 4)
    assert one.greedy(limit=8)[:1] == (step.best,)


def test_monotonic_decoders_see_whole_chunks(models: Models, frames: np.ndarray) -> None:
    one = writer(models, frames, 7, decoder="mma-1")
    step = one.next(visible=8)
    assert step.attention.shape[2] == len(frames) and (step.attention[:, :, 8:] == 0).all()
    assert step.p_choose is not None and step.p_choose.shape[2] == 2
    with pytest.raises(ValueError, match="not whole chunks"):
        one.next(visible=7)
    with pytest.raises(ValueError, match="whole chunks"):
        one.hear(frames[:3])


def test_wrong_questions_are_refused(models: Models, frames: np.ndarray) -> None:
    one = writer(models, frames, 7)
    for visible in (0, -1, len(frames) + 1):
        with pytest.raises(ValueError, match="frames have been heard"):
            one.next(visible=visible)
    for count in (-1, 2):
        with pytest.raises(ValueError, match="tokens are committed"):
            one.rewind(count)
    with pytest.raises(ValueError, match="0 frames"):
        Writer(models.decoder("multipath"), "en").next()


# -- the folder

@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "models"))


def test_what_the_folder_holds(models: Models) -> None:
    assert models.decoders == ("emma-1", "mma-1", "multipath")
    assert models.encoder is models.encoder is models_of(FOLDER).encoder
    assert models.description["made"] == {"seed": 1}
    with pytest.raises(ConfigError, match="decoder=mma: .* has emma-1, mma-1, multipath"):
        models.decoder("mma")


def test_pieces_lie_with_the_models(models: Models) -> None:
    pytest.importorskip("sentencepiece", reason="extra reference")
    assert models.pieces.decode([tag("en"), *models.pieces.encode("a small test"), END]) \
        == "a small test"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 1, "sha256": 3}'])
def test_a_broken_description_is_named(copied: Path, text: str) -> None:
    (copied / "reference.json").write_text(text)
    with pytest.raises(InputError, match=r"reference\.json: not a description"):
        Models(copied)


def test_other_versions_and_missing_folders(copied: Path, tmp_path: Path) -> None:
    described = json.loads((copied / "reference.json").read_text())
    (copied / "reference.json").write_text(json.dumps(described | {"version": 99}))
    with pytest.raises(InputError, match="version 99"):
        Models(copied)
    with pytest.raises(InputError, match=r"none/reference\.json: missing"):
        Models(tmp_path / "none")


def test_changed_and_missing_files_are_named(copied: Path) -> None:
    (copied / "encoder.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (copied / "memory-multipath.onnx").unlink()
    found = Models(copied)
    with pytest.raises(InputError, match=r"encoder\.onnx: SHA-256"):
        Ear(found)
    with pytest.raises(InputError, match=r"memory-multipath\.onnx: cannot be read"):
        found.decoder("multipath")
    with pytest.raises(InputError, match=r"does not name another\.onnx"):
        found.graph("another")


def test_a_file_that_is_no_graph_is_named(tmp_path: Path) -> None:
    from s2st_bench.systems.reference.runtime import Graph

    (tmp_path / "a.onnx").write_bytes(b"no graph")
    with pytest.raises(InputError, match=r"a\.onnx: not a graph"):
        Graph(tmp_path / "a.onnx")


def test_without_onnxruntime_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DependencyError, match=r"s2st-bench\[reference\]"):
        Ear(Models(FOLDER))
