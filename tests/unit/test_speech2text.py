"""SeamlessM4T, Whisper and others of transformers, replayed on tiny random checkpoints."""

from __future__ import annotations

import shutil
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_recognisers
import tiny_speech2text
from s2st_bench.audio import write_wav
from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import BenchError, ConfigError, InputError
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.replay.one import task_for
from s2st_bench.system import Observation, System
from s2st_bench.systems.speech2text.loading import load
from s2st_bench.systems.speech2text.model import Look, Model, Search
from s2st_bench.systems.speech2text.session import Decode, OfflineSession, Settings
from s2st_bench.systems.speech2text.system import SpeechToText
from s2st_bench.systems.speech2text.tokens import Tokens
from s2st_bench.timeline import final_text
from s2st_bench.types import (
    AudioChunk,
    AudioSource,
    Recording,
    Segment,
    Task,
    TextSource,
    Trace,
    Write,
)

RATE = 16_000
_RNG = np.random.default_rng(0)
NOISE = (0.1 * _RNG.standard_normal(3 * RATE)
         * (1.2 + np.sin(np.arange(3 * RATE) / 4_000))).astype(np.float32)
REGISTRY = Registry()
SHORT = {"max_new_tokens": 8, "no_repeat_ngram": 2, "device": "cpu"}
MAKERS = {
    "seamless": tiny_speech2text.seamless,
    "seamless_s2s": lambda folder: tiny_speech2text.seamless(folder, speech=True),
    "seamless_v1": lambda folder: tiny_speech2text.seamless(folder, version=1),
    "whisper": tiny_recognisers.whisper,
    "speech2text": tiny_speech2text.speech2text,
    "encoder_decoder": tiny_speech2text.encoder_decoder,
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch").set_num_threads(1)
    pytest.importorskip("transformers")
    return tmp_path_factory.mktemp("checkpoints")


def made(kind: str, folder: Path) -> str:
    """The folder of a tiny checkpoint."""
    place = folder / kind
    if not place.exists():
        MAKERS[kind](place)
    return str(place)


def system_of(kind: str, folder: Path, **params: Any) -> SpeechToText:
    name = "seamless" if kind.startswith("seamless") else "speech2text"
    system = build_system(Choice(name, {"model": made(kind, folder), **SHORT, **params}), REGISTRY)
    assert isinstance(system, SpeechToText) and system.name == name
    return system


def task_of(kind: str, *outputs: str) -> Task:
    source, target = ("de", "en") if kind == "whisper" else ("en", "de")
    return Task(source, target, "speech", frozenset(outputs or ("text",)))  # type: ignore[arg-type]


def sound_file(folder: Path, samples: Any = NOISE, lang: str = "en") -> Recording:
    path = folder / "sound.wav"
    write_wav(path, samples, RATE)
    return Recording("r", AudioSource(path), lang, ("de", "en"),
                     (Segment("s", 0.0, len(samples) / RATE),))


def replayed(
    system: System, spoken: Recording, folder: Path, lang: str = "de", **options: Any
) -> Trace:
    for name in ("pieces", "spool"):
        (folder / name).mkdir(parents=True)
    return replay(system, spoken, lang, ReplayOptions(**options), folder).whole()


def writes(system: SpeechToText, task: Task, samples: Any = NOISE, chunk: int = 5_120
           ) -> list[tuple[float, Write]]:
    """What one session says, with how much of the source it had."""
    session, found = system.open(task), []
    for first in range(0, len(samples), chunk):
        last = first + chunk >= len(samples)
        heard = AudioChunk(samples[first : first + chunk], RATE, first / RATE, last)
        answer: Any = session.policy(Observation(heard, is_last=last))
        found += [(min(first + chunk, len(samples)) / RATE, write) for write in answer]
    return found


def text_of(said: list[tuple[float, Write]]) -> str:
    return "".join(write.text for _, write in said)


def test_a_replay_writes_words_as_they_are_committed(checkpoints: Path, tmp_path: Path) -> None:
    system = system_of("seamless", checkpoints, policy="alignatt", f=2, layer=1, step_s=0.64)
    spoken = sound_file(tmp_path)
    ideal = replayed(system, spoken, tmp_path / "ideal", clock="ideal", chunk_s=0.64)
    real = replayed(system, spoken, tmp_path / "simulated", clock="simulated", chunk_s=0.64)
    assert ideal.error is None and real.error is None
    assert final_text(ideal) == final_text(real) != ""
    said = [write for step in real.steps for write in step.writes]
    assert len(said) > 1 and not any(write.retract_chars for write in said)
    assert [s.source_s for s in real.steps[1:]] == pytest.approx([0.64, 1.28, 1.92, 2.56, 3.0])
    stages = {job.stage for step in real.steps for job in step.jobs}
    assert {"encoder", "decoder"} <= stages and "system" not in stages


def test_what_cannot_be_used_is_said_in_one_line(checkpoints: Path, tmp_path: Path) -> None:
    def refusal(**params: Any) -> str:
        with pytest.raises(BenchError) as caught:
            system_of("seamless", checkpoints, **params).load()
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "no such file or folder" in refusal(model=str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    assert "is not a checkpoint" in refusal(model=str(tmp_path / "empty"))
    (tmp_path / "empty" / "config.json").write_text('{"a": 1}')
    assert "names no model_type" in refusal(model=str(tmp_path / "empty"))
    tiny_recognisers.ctc(tmp_path / "ctc")
    assert "is a wav2vec2, not a speech-to-text" in refusal(model=str(tmp_path / "ctc"))
    cut = tmp_path / "cut"
    shutil.copytree(made("seamless", checkpoints), cut)
    weights = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    assert "cannot be loaded" in refusal(model=str(cut))
    assert "lacks weights" in refusal(speech=True)  # of the vocoder
    assert "num_beams=0" in refusal(num_beams=0)
    assert "step_s=99" in refusal(step_s=99)
    assert "frames" in refusal(frames=3)
    assert "decides by" in refusal(policy="emma")


def test_tasks_it_cannot_do_are_refused_before_it_is_loaded(
    checkpoints: Path, tmp_path: Path
) -> None:
    system = system_of("seamless", checkpoints)
    spoken = sound_file(tmp_path)
    assert task_for(system, spoken, "de", ReplayOptions()).target_lang == "de"
    with pytest.raises(ConfigError, match=r"cmn, deu, eng, jpn; not fr \(fra\)"):
        task_for(system, spoken, "fr", ReplayOptions())
    with pytest.raises(ConfigError, match="sample_rate_hz=16000"):
        task_for(system, spoken, "de", ReplayOptions(sample_rate_hz=24_000))
    with pytest.raises(ConfigError, match="gives text, not speech"):
        task_for(system, spoken, "de", ReplayOptions(outputs=("speech",)))
    with pytest.raises(ConfigError, match="takes speech as input, not text"):
        task_for(system, Recording("t", TextSource(("a",)), "en", ("de",), ()), "de",
                 ReplayOptions())
    speaking = system_of("seamless_s2s", checkpoints, speech=True)
    assert speaking.supports(task_of("seamless", "text", "speech")) is None
    reason = speaking.supports(Task("en", "ja", "speech", frozenset({"speech"}))) or ""
    assert reason == "the checkpoint speaks deu, eng; not ja: outputs=[text] writes it"


POLICIES: list[dict[str, Any]] = [
    {"policy": "offline"},
    {"policy": "local_agreement", "n": 2},
    {"policy": "hold", "n": 3},
    {"policy": "wait_k", "k": 2, "unit": "word"},
    {"policy": "wait_k_speech", "k": 2, "ratio": 2, "read_s": 0.16},
    {"policy": "alignatt", "f": 2, "z_normalise": True, "layer": 1},
    {"policy": "alignatt", "f": 2, "num_beams": 3, "attention_at": "output"},
    {"policy": "edatt", "alpha": 0.3},
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["seamless", "seamless_v1", "whisper", "speech2text",
                                  "encoder_decoder"])
@pytest.mark.parametrize("params", POLICIES, ids=lambda p: "-".join(map(str, p.values())))
def test_every_policy_reads_every_model(
    kind: str, params: dict[str, Any], checkpoints: Path
) -> None:
    system = system_of(kind, checkpoints, **params)
    system.load()
    task = task_of(kind)
    said = writes(system, task, chunk=10_240)
    assert text_of(said) and not any(write.retract_chars for _, write in said)
    assert writes(system, task, chunk=10_240) == said
    if params["policy"] in ("hold", "wait_k") and kind != "whisper":  # whose words are endless
        assert said[0][0] < 3.0


@pytest.mark.slow
def test_wait_k_writes_a_word_for_each_unit_read(checkpoints: Path) -> None:
    system = system_of("seamless", checkpoints, policy="wait_k", k=3, unit="word", read_s=0.32)
    system.load()
    said = writes(system, task_of("seamless"))
    said = said[: sum(at < 3.0 for at, _ in said)]
    assert [at for at, _ in said] == pytest.approx([0.32 * n for n in range(3, 10)])
    texts = [text_of(said[: n + 1]) for n in range(len(said))]
    assert [len(text.split()) for text in texts] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.slow
def test_alignatt_commits_no_token_that_looks_at_the_newest_frames(checkpoints: Path) -> None:
    f, settings = 4, Settings(_rule("alignatt", {"f": 4}), max_new_tokens=8)
    checkpoint = load(made("seamless", checkpoints), "cpu", "float32", attention=True)
    model = Model(checkpoint, Search(no_repeat_ngram=2, max_new_tokens=8), Look(1))
    prompt = checkpoint.dialect.prompt("en", "de")
    session = OfflineSession(settings, Tokens(checkpoint.tokenizer, spaced=True), prompt, "de",
                             spaced=True, speaks=False, writes=True, fulfil=lambda *_: None)
    stopped = 0
    for first in range(0, len(NOISE) - 10_240, 10_240):
        chunk = AudioChunk(NOISE[first : first + 10_240], RATE, 0.0, False)
        turn = session.turn(Observation(chunk))
        wish = next(turn)
        assert isinstance(wish, Decode)
        encoded, decoded = _answered(model, wish)
        assert decoded.attention is not None
        frames = encoded.frames[0]
        assert decoded.attention.shape == (len(decoded.ids), frames)
        assert np.allclose(decoded.attention.sum(axis=1), 1.0, atol=1e-3)
        late = np.flatnonzero(decoded.attention.argmax(axis=1) >= frames - f)
        before = session._segment.committed  # type: ignore[union-attr]
        _sent(turn, encoded, decoded)
        count = len(session._segment.committed) - len(before)  # type: ignore[union-attr]
        assert count <= (late[0] if len(late) else len(decoded.ids))
        stopped += bool(len(late))
    assert stopped


def _rule(policy: str, params: dict[str, Any]) -> Any:
    from s2st_bench.systems.speech2text.deciders import rule_of

    return rule_of(policy, params)


def _answered(model: Model, wish: Decode) -> Any:
    encoded = model.encode([wish.samples])
    forced = (*wish.prompt, *wish.committed)
    return encoded, model.decode(encoded, [forced], [len(wish.prompt)], [wish.stop])[0]


def _sent(turn: Any, encoded: Any, decoded: Any) -> None:
    """Give a turn its answer and take all it writes."""
    from s2st_bench.systems.speech2text.session import Answered

    answer: Any = Answered(decoded, encoded)
    while True:
        try:
            turn.send(answer)
        except StopIteration:
            return
        answer = None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["seamless", "whisper", "speech2text"])
def test_offline_it_says_what_the_model_s_own_generate_says(kind: str, checkpoints: Path) -> None:
    """And its attention is that of the step where a token is the decoder's input."""
    import torch

    checkpoint = load(made(kind, checkpoints), "cpu", "float32", attention=True)
    model = Model(checkpoint, Search(max_new_tokens=8), Look(1))
    task = task_of(kind)
    prompt = checkpoint.dialect.prompt(task.source_lang, task.target_lang)
    _, decoded = _answered(model, Decode(NOISE, prompt))
    given = checkpoint.features(NOISE, sampling_rate=RATE, return_tensors="pt")
    options: dict[str, Any] = {"num_beams": 1, "do_sample": False, "max_new_tokens": 8,
                               "return_dict_in_generate": True, "output_attentions": True}
    if kind == "seamless":
        options["tgt_lang"] = "deu"
    if kind == "whisper":
        options |= {"language": "de", "task": "translate", "return_timestamps": False}
        if "force_unique_generate_call" in signature(checkpoint.model.generate).parameters:
            options["force_unique_generate_call"] = True
    with torch.no_grad():
        found = checkpoint.model.generate(**given, **options)
    row = found.sequences[0].tolist()
    assert tuple(row[len(prompt) if row[0] == prompt[0] else 0 :]) == decoded.ids
    rows = [step[1][0, :, -1].mean(dim=0) for step in found.cross_attentions[1:]]
    frames = decoded.attention.shape[1]
    want = torch.stack(rows)[:, :frames].numpy()
    assert np.allclose(decoded.attention[: len(want)], want, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "params"), [
    ("seamless", {"policy": "alignatt", "f": 2}),
    ("seamless", {"policy": "hold", "n": 3}),
    ("seamless", {"policy": "hold", "n": 3, "num_beams": 2}),
    ("seamless", {"policy": "wait_k", "k": 2, "unit": "word"}),
    ("seamless_s2s", {"policy": "hold", "n": 3, "speech": True}),
    ("whisper", {"policy": "local_agreement"}),
    ("encoder_decoder", {"policy": "hold", "n": 3}),
])
def test_sessions_in_a_batch_say_what_they_say_alone(
    kind: str, params: dict[str, Any], checkpoints: Path
) -> None:
    system = system_of(kind, checkpoints, **params)
    system.load()
    task = task_of(kind, *sorted(system.outputs))
    sounds = [NOISE, NOISE[::-1].copy(), NOISE[: RATE + 777], 0 * NOISE, -NOISE[4_000:40_000]]
    alone = [text_of(writes(system, task, sound, 10_240)) for sound in sounds]
    sessions = [system.open(task) for _ in sounds]
    together, audio = [""] * len(sounds), [0.0] * len(sounds)
    for first in range(0, len(NOISE), 10_240):
        going = [n for n, sound in enumerate(sounds) if first < len(sound)]
        observations = []
        for n in going:
            last = first + 10_240 >= len(sounds[n])
            chunk = AudioChunk(sounds[n][first : first + 10_240], RATE, first / RATE, last)
            observations.append(Observation(chunk, is_last=last))
        answers: Any = system.policy_batch([sessions[n] for n in going], observations)
        for n, answer in zip(going, answers, strict=True):
            for write in answer:
                together[n] += write.text
                audio[n] += write.audio.duration_s if write.audio else 0.0
    assert together == alone and sum(map(bool, alone)) == 4
    assert ("speech" in system.outputs) == any(audio)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["seamless", "whisper"])
def test_a_recording_has_as_many_frames_in_a_batch_as_alone(kind: str, checkpoints: Path) -> None:
    checkpoint = load(made(kind, checkpoints), "cpu", "float32", attention=True)
    model = Model(checkpoint, Search(max_new_tokens=4), Look(1))
    prompt = checkpoint.dialect.prompt("de", "en")
    for length in range(1_600, 9_000, 531):
        _, alone = _answered(model, Decode(NOISE[:length], prompt))
        beside = NOISE if model.pads else NOISE[-length:]
        encoded = model.encode([NOISE[:length], beside])
        batched, _ = model.decode(encoded, [prompt, prompt], [len(prompt)] * 2, [None, None])
        assert batched.ids == alone.ids
        assert np.allclose(batched.attention, alone.attention, atol=1e-4)


@pytest.mark.slow
def test_speech_is_what_the_model_s_own_generate_makes_of_the_text(checkpoints: Path) -> None:
    """Of a whole text; the reference implementation leaves its last token out for the end."""
    import torch

    from s2st_bench.systems.speech2text.speaking import Speaker

    checkpoint = load(made("seamless_s2s", checkpoints), "cpu", "float32", speech=True)
    model, torch_model = Model(checkpoint, Search(max_new_tokens=9), None), checkpoint.model
    prompt = checkpoint.dialect.prompt("en", "de")
    encoded, decoded = _answered(model, Decode(NOISE, prompt))
    speaker = Speaker(torch_model, 1)
    units = speaker.units(encoded, prompt, decoded.ids[:-1], 0)
    ours = speaker.voice(units, "de")
    given = checkpoint.features(NOISE, sampling_rate=RATE, return_tensors="pt")
    with torch.no_grad():
        theirs = torch_model.generate(**given, tgt_lang="deu", speaker_id=1, num_beams=1,
                                      max_new_tokens=9)[0]
    assert ours.sample_rate_hz == RATE
    assert np.allclose(ours.samples, theirs.reshape(-1).numpy(), atol=1e-5)
    tail = speaker.units(encoded, prompt, decoded.ids[:-1], 3)
    assert 0 < tail.shape[1] < units.shape[1] and torch.equal(tail, units[:, -tail.shape[1] :])


@pytest.mark.slow
def test_speech_is_spoken_as_words_are_committed(checkpoints: Path, tmp_path: Path) -> None:
    system = system_of("seamless_s2s", checkpoints, policy="hold", n=2, speech=True, step_s=0.64)
    trace = replayed(system, sound_file(tmp_path), tmp_path / "run", clock="simulated")
    assert trace.error is None and trace.voices == ("seamless-m4t-v2",)
    spoken = [w for step in trace.steps for w in step.writes if w.speech_s]
    assert len(spoken) > 2 and len(trace.pieces) == len(spoken)
    assert all(piece.sample_rate_hz == RATE for piece in trace.pieces)
    stages = {job.stage for step in trace.steps for job in step.jobs}
    assert {"encoder", "decoder", "t2u", "vocoder"} <= stages
    mute = replayed(system, sound_file(tmp_path), tmp_path / "text", clock="ideal",
                    outputs=("text",))
    assert final_text(mute) == final_text(trace) and not mute.pieces
    silent_text = replayed(system, sound_file(tmp_path), tmp_path / "speech", clock="ideal",
                           outputs=("speech",))
    assert final_text(silent_text) == "" and len(silent_text.pieces) == len(spoken)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("kind", ["seamless_s2s", "whisper", "speech2text"])
def test_half_precision(kind: str, dtype: str, checkpoints: Path) -> None:
    speech = {"speech": True} if kind == "seamless_s2s" else {}
    system = system_of(kind, checkpoints, dtype=dtype, policy="alignatt", f=1, **speech)
    system.load()
    said = writes(system, task_of(kind, *sorted(system.outputs)), chunk=16_000)
    assert text_of(said)
    for _, write in said:
        if write.audio is not None:
            assert np.isfinite(write.audio.samples).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["seamless_s2s", "whisper", "speech2text", "encoder_decoder"])
def test_hostile_sound(kind: str, checkpoints: Path) -> None:
    speech = {"speech": True} if kind == "seamless_s2s" else {}
    system = system_of(kind, checkpoints, policy="hold", n=1, **speech)
    system.load()
    task = task_of(kind, *sorted(system.outputs))
    for silent in (NOISE[:0], NOISE[:1], np.zeros(RATE, np.float32),
                   np.full(RATE, np.nan, np.float32), NOISE[:300]):
        assert writes(system, task, silent) == []
    assert text_of(writes(system, task, NOISE[:1_700]))
    assert text_of(writes(system, task, 50 * NOISE[:RATE]))
    assert text_of(writes(system, task, NOISE[:RATE], chunk=1_001))


@pytest.mark.slow
def test_long_recordings_are_heard_in_segments(checkpoints: Path) -> None:
    long = np.tile(NOISE, 5)
    system = system_of("seamless", checkpoints, policy="hold", n=3, min_segment_s=3.0,
                       max_segment_s=4.0)
    system.load()
    said = text_of(writes(system, task_of("seamless"), long, 16_000))
    assert len(said.split()) > 12 and "  " not in said and said == said.strip()
    japanese = Task("en", "ja", "speech", frozenset({"text"}))
    assert text_of(writes(system, japanese, long, 16_000))
    whole = system_of("whisper", checkpoints, max_segment_s=40.0)
    with pytest.raises(ConfigError, match="at most 30 s at once"):
        whole.load()


@pytest.mark.slow
def test_policies_go_around_it(checkpoints: Path, tmp_path: Path) -> None:
    inner = {"name": "seamless", "model": made("seamless", checkpoints), **SHORT}
    spoken = sound_file(tmp_path)
    offline = replayed(system_of("seamless", checkpoints), spoken, tmp_path / "o", clock="ideal")
    for name in ("offline", "local_agreement", "eager"):
        system = build_system(Choice(name, {"inner": dict(inner)}), REGISTRY)
        trace = replayed(system, spoken, tmp_path / name, clock="ideal", chunk_s=0.64)
        assert trace.error is None
        if name != "local_agreement":
            assert final_text(trace) == final_text(offline)


@pytest.mark.slow
def test_a_layer_or_voice_there_is_not(checkpoints: Path) -> None:
    with pytest.raises(ConfigError, match="has 2 layers, from 0 to 1"):
        system_of("seamless", checkpoints, policy="alignatt", f=2, layer=2).load()
    with pytest.raises(ConfigError, match="4 voices, from 0 to 3"):
        system_of("seamless_s2s", checkpoints, speech=True, speaker=4).load()
    with pytest.raises(InputError, match="does not speak here"):
        system_of("seamless_v1", checkpoints, speech=True).load()
