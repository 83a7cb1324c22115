"""What onnxruntime computes is what torch computes with the same int8 weights.

Tolerances: 1e-4 on frames (size about 4), on CTC logits, and on the decoder's logits (about 5)
and attention; measured are 2e-6 to 1e-5, the rounding of sums in another order.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="extra models")
pytest.importorskip("onnx", reason="extra models")
pytest.importorskip("onnxruntime", reason="extra reference")

from s2st_bench.systems.reference.frontend import log_mel  # noqa: E402
from s2st_bench.systems.reference.model.decoder import Decoder  # noqa: E402
from s2st_bench.systems.reference.model.encoder import Encoder  # noqa: E402
from s2st_bench.systems.reference.model.monotonic import Kind, MonotonicDecoder  # noqa: E402
from s2st_bench.systems.reference.pieces import BLANK, END, tag  # noqa: E402
from s2st_bench.systems.reference.runtime import Ear, Models, Writer, models_of  # noqa: E402
from s2st_bench.systems.reference.runtime.models import SHIPPED  # noqa: E402
from s2st_bench.systems.reference.shape import LANGS, Shape  # noqa: E402
from s2st_bench.systems.reference.training.batches import padded  # noqa: E402
from s2st_bench.systems.reference.training.evaluation import collapse, greedy  # noqa: E402
from s2st_bench.systems.reference.training.export import load_weights  # noqa: E402
from s2st_bench.systems.reference.training.int8 import (  # noqa: E402
    multiplied,
    round_weights,
    rows,
    stored,
)

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "reference"
CLOSE = 1e-4


def torch_models(folder: Path) -> tuple[Encoder, Decoder]:
    """Modules with the weights that lie in the folder's graphs."""
    shape = Shape(**json.loads((folder / "reference.json").read_text())["shape"])
    encoder, decoder = Encoder(shape).eval(), Decoder(shape).eval()
    load_weights(encoder, folder / "encoder.onnx")
    load_weights(decoder, folder / "memory-multipath.onnx", folder / "decoder-multipath.onnx")
    return encoder, decoder


@pytest.fixture(scope="module")
def tiny() -> tuple[Encoder, Decoder]:
    return torch_models(TINY)


def monotonic(name: str, kind: Kind) -> MonotonicDecoder:
    shape = Shape(**json.loads((TINY / "reference.json").read_text())["shape"])
    decoder = MonotonicDecoder(shape, kind).eval()
    load_weights(decoder, TINY / f"memory-{name}.onnx", TINY / f"decoder-{name}.onnx")
    return decoder


def sound(seconds: float) -> np.ndarray:
    draws = np.random.default_rng(3)
    count = int(seconds * 16_000)
    loud = np.repeat(draws.uniform(0.001, 0.3, count // 800 + 1), 800)[:count]
    return (draws.standard_normal(count) * loud).astype(np.float32)


@torch.no_grad()
def test_the_ear_hears_what_the_whole_encoder_hears(tiny: tuple[Encoder, Decoder]) -> None:
    """Streaming, chunk by chunk, against all at once; longer than the past that is kept."""
    encoder, _ = tiny
    heard = sound(5.1)
    ear = Ear(models_of(TINY))
    for part in np.array_split(heard, 23):
        ear.push(part)
    ear.finish()
    mel, counts = padded([log_mel(heard)])
    frames, asr = encoder(encoder.normalise(mel))
    assert ear.count == counts.item() > 2 * encoder.shape.left_frames
    assert np.abs(ear.frames - frames[0].numpy()).max() < CLOSE
    assert ear.asr == collapse(asr[0].argmax(-1).tolist())
    for lang, head in zip(LANGS, encoder.st, strict=True):
        assert ear.st(lang) == collapse(head(frames)[0].argmax(-1).tolist())


@torch.no_grad()
def test_the_writer_thinks_what_the_whole_decoder_thinks(tiny: tuple[Encoder, Decoder]) -> None:
    """Token by token while the source grows, against all tokens at once with a mask."""
    _, decoder = tiny
    frames = np.random.default_rng(5).standard_normal((24, 64)).astype(np.float32)
    tokens, seen = [9, 30, 12, 25, 7], [4, 8, 8, 20, 24]
    writer = Writer(models_of(TINY).decoder("multipath"), "de")
    logits, attention = decoder(
        torch.tensor([[tag("de"), *tokens[:-1]]]), torch.from_numpy(frames)[None],
        torch.tensor([seen]),
    )
    for at, (token, visible) in enumerate(zip(tokens, seen, strict=True)):
        writer.hear(frames[writer.heard : visible])
        step = writer.next()
        assert np.abs(step.logits - logits[0, at].numpy()).max() < CLOSE
        wanted = attention[:, 0, :, at, :visible].numpy()
        assert np.abs(step.attention - wanted).max() < CLOSE
        writer.push(token)


@torch.no_grad()
def test_emma_attends_as_the_whole_decoder_and_says_when_it_would_stop() -> None:
    decoder = monotonic("emma-1", "emma")
    frames = np.random.default_rng(5).standard_normal((24, 64)).astype(np.float32)
    tokens, seen = [9, 30, 12, 25], [4, 8, 8, 24]
    writer = Writer(models_of(TINY).decoder("emma-1"), "de")
    logits, attention = decoder(
        torch.tensor([[tag("de"), *tokens[:-1]]]), torch.from_numpy(frames)[None],
        torch.tensor([seen]),
    )
    for at, (token, visible) in enumerate(zip(tokens, seen, strict=True)):
        writer.hear(frames[writer.heard : visible])
        step = writer.next()
        assert np.abs(step.logits - logits[0, at].numpy()).max() < CLOSE
        assert np.abs(step.attention - attention[:, 0, :, at, :visible].numpy()).max() < CLOSE
        assert step.p_choose is not None and step.p_choose.shape == (2, 2, visible // 4)
        assert ((step.p_choose >= 0) & (step.p_choose <= 1)).all()
        writer.push(token)


@torch.no_grad()
def test_mma_goes_on_from_where_its_heads_stopped() -> None:
    decoder = monotonic("mma-1", "mma-il")
    shape = decoder.shape
    frames = np.random.default_rng(6).standard_normal((1, 40, 64)).astype(np.float32)
    threshold = 0.3  # the tiny model's heads stop here and there
    writer = Writer(models_of(TINY).decoder("mma-1"), "en", threshold)
    past = [torch.zeros(shape.decoder_layers, shape.heads, 0, 32)] * 2
    start = torch.zeros(shape.decoder_layers, shape.heads, dtype=torch.long)
    stopped, inputs = [], [tag("en"), 9, 30, 12, 25]
    for at, (token, heard) in enumerate(zip(inputs, [8, 16, 16, 32, 40], strict=True)):
        part = torch.from_numpy(frames[:, :heard])
        keys, values = decoder.remember(part, torch.tensor(0))
        logits, attention, *past, p, stops = decoder.monotonic_step(
            torch.tensor([[token]]), torch.tensor(at), *past, keys, values,
            decoder.units(part, torch.tensor(0)), start, torch.tensor(threshold),
        )
        start = stops[:, :, -1]
        stopped.append(start.tolist())
        if at:
            writer.push(token)
        writer.hear(frames[0, writer.heard : heard])
        writer.next()
        step = writer.next(visible=heard)
        assert np.abs(step.logits - logits[-1].numpy()).max() < CLOSE
        assert np.abs(step.attention - attention[:, :, -1].numpy()).max() < CLOSE
        assert step.p_choose is not None
        assert np.abs(step.p_choose - p[:, :, -1].numpy()).max() < CLOSE
    assert any(one != [[0, 0], [0, 0]] for one in stopped), "heads move"


def test_rows_are_rounded_to_half_a_scale() -> None:
    weight = torch.randn(6, 5, 3) * torch.logspace(-6, 2, 6)[:, None, None]
    weight[3] = 0.0
    whole, scale = rows(weight)
    assert whole.dtype == torch.int8 and scale.shape == (6, 1, 1)
    assert ((whole * scale - weight).abs() <= scale * 0.5001).all()
    assert whole.flatten(1).abs().amax(1).tolist() == [127, 127, 127, 0, 127, 127]


def test_only_large_matrices_are_rounded() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.LayerNorm(64))
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    assert {n for n, w in stored(module).items() if w.dtype == torch.int8} == {"0.weight"}
    round_weights(module)
    after = module.state_dict()
    assert {n for n in before if not torch.equal(before[n], after[n])} == {"0.weight"}
    again = multiplied(stored(module))
    assert torch.allclose(again["0.weight"], after["0.weight"], rtol=1e-6, atol=0)


def test_graphs_hold_no_paths() -> None:
    """The exporter notes file names of the machine it ran on; they are taken out."""
    for path in TINY.glob("*.onnx"):
        content = path.read_bytes()
        assert not [word for word in (b".py", b"site-packages", b"s2st") if word in content]


@pytest.mark.slow
def test_an_export_today_is_the_committed_one(tmp_path: Path) -> None:
    """The code of the model and of the export still gives what lies in ``tests/data``."""
    pytest.importorskip("onnxscript", reason="extra models")
    pytest.importorskip("sentencepiece", reason="extra reference")
    path = ROOT / "tests" / "helpers" / "tiny_reference.py"
    spec = importlib.util.spec_from_file_location("tiny_reference", path)
    assert spec is not None and spec.loader is not None
    helper = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helper)
    helper.make(tmp_path)
    heard = sound(1.0)
    ears = [Ear(Models(folder)) for folder in (tmp_path, TINY)]
    for ear in ears:
        ear.push(heard)
    assert np.abs(ears[0].frames - ears[1].frames).max() < CLOSE
    writers = [Writer(Models(folder).decoder("multipath"), "es") for folder in (tmp_path, TINY)]
    for writer in writers:
        writer.hear(ears[0].frames)
    assert np.abs(writers[0].next().logits - writers[1].next().logits).max() < CLOSE


def dev(lang: str) -> list[np.ndarray]:
    """Speech of the conference corpus' development set."""
    import soundfile

    corpus = ROOT / "datasets" / "conference"
    lines = (corpus / "data" / f"{lang}.dev.jsonl").read_text(encoding="utf-8").splitlines()
    names = [json.loads(line)["recording"] for line in lines]
    found = []
    for name in names:
        samples, rate = soundfile.read(corpus / "audio" / lang / f"{name}.opus", dtype="float32")
        assert rate == 16_000
        found.append(samples)
    return found


def agreement(folder: Path, source: str, target: str) -> float:
    """Share of dev whose whole greedy translation is the same from onnxruntime and from torch."""
    encoder, decoder = torch_models(folder)
    models = Models(folder)
    equal = []
    for heard in dev(source):
        ear, writer = Ear(models), Writer(models.decoder("multipath"), target)
        ear.push(heard)
        ear.finish()
        writer.hear(ear.frames)
        with torch.no_grad():
            mel, counts = padded([log_mel(heard)])
            frames, _ = encoder(encoder.normalise(mel))
        wanted = greedy(decoder, frames, counts, [target], longest=80)[0]
        said = [token for token in writer.greedy(limit=80) if token not in (BLANK, END)]
        equal.append(said == wanted)
    return sum(equal) / len(equal)


@pytest.mark.slow
@pytest.mark.skipif(not SHIPPED.is_dir(), reason="this checkout has no weights")
@pytest.mark.parametrize(("source", "target"), [("de", "en"), ("en", "de")])
def test_greedy_translations_of_dev_equal_torchs(source: str, target: str) -> None:
    assert agreement(SHIPPED, source, target) >= 0.99


@pytest.mark.slow
@pytest.mark.skipif(not SHIPPED.is_dir(), reason="this checkout has no weights")
def test_the_weights_are_small_and_differ_little_from_torch() -> None:
    """25 MB in all; frames within 1e-4 of torch's on real speech, logits within 1e-3."""
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 25e6
    encoder, decoder = torch_models(SHIPPED)
    heard = dev("de")[0]
    ear = Ear(models_of())
    ear.push(heard)
    ear.finish()
    with torch.no_grad():
        mel, counts = padded([log_mel(heard)])
        frames, _ = encoder(encoder.normalise(mel))
        assert np.abs(ear.frames - frames[0].numpy()).max() < 1e-4
        writer = Writer(models_of().decoder("multipath"), "en")
        writer.hear(ear.frames)
        said = writer.greedy(limit=40)
        logits, _ = decoder(torch.tensor([[tag("en"), *said[:-1]]]), frames,
                            counts[:, None].expand(-1, len(said)))
    for token, wanted in zip(said, logits[0].numpy(), strict=True):
        assert np.abs(writer.next().logits - wanted).max() < 1e-3
        writer.push(token)
