"""Monotonic decoders: training and inference are the same computation; training goes on."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch (extra models)")

from s2st_bench.errors import InputError  # noqa: E402
from s2st_bench.systems.reference.model.decoder import Decoder  # noqa: E402
from s2st_bench.systems.reference.model.monotonic import (  # noqa: E402
    MonotonicDecoder,
    monotonic_from,
)
from s2st_bench.systems.reference.monotonic.alignment import emma, mma  # noqa: E402
from s2st_bench.systems.reference.shape import CHUNK_FRAMES, Shape  # noqa: E402
from s2st_bench.systems.reference.training import simulation  # noqa: E402
from s2st_bench.systems.reference.training.cached import Heard, make_cache  # noqa: E402
from s2st_bench.systems.reference.training.losses import shifted  # noqa: E402
from s2st_bench.systems.reference.training.monotonic import (  # noqa: E402
    DecoderRecipe,
    load_decoder,
    monotonic_loss,
    train_monotonic,
    train_multipath,
)
from s2st_bench.systems.reference.training.speech import Row, Shard  # noqa: E402

SHAPE = Shape(pieces=40, width=32, heads=4, ff=64, encoder_layers=2, asr_layer=1, decoder_layers=2)
KINDS = ("mma-h", "mma-il", "emma")
CHUNKS = 6


def decoder(kind, seed=0, sharp=True, shape=SHAPE):
    """A random one; ``sharp`` makes its decisions nearly binary and spread over the source."""
    torch.manual_seed(seed)
    made = MonotonicDecoder(shape, kind).eval()
    if sharp:
        for layer in made.layers:
            choose = layer.cross.choose
            choose.temperature = 1e-4
            torch.nn.init.zeros_(choose.bias)
            torch.nn.init.normal_(choose.query[2].weight)
            torch.nn.init.normal_(choose.key[2].weight)
    return made


def source(batch=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, CHUNKS * CHUNK_FRAMES, SHAPE.width, generator=generator)


def stepped(model, tokens, frames):
    """One token at a time, all of the source heard: logits, weights, p and stops of each."""
    keys, values = model.remember(frames, torch.tensor(0))
    units = model.units(frames, torch.tensor(0))
    past_keys = past_values = keys[:, :, :0]
    start = torch.zeros(SHAPE.decoder_layers, SHAPE.heads, dtype=torch.long)
    rows = []
    for at, token in enumerate(tokens.tolist()):
        logits, weights, past_keys, past_values, p, stops = model.monotonic_step(
            torch.tensor([[token]]), torch.tensor(at), past_keys, past_values, keys, values,
            units, start, torch.tensor(0.5),
        )
        start = stops[..., 0]
        rows.append((logits[0], weights[:, :, 0], p[:, :, 0], start))
    return [torch.stack(part) for part in zip(*rows, strict=True)]


@torch.no_grad()
@pytest.mark.parametrize("kind", ["mma-h", "mma-il"])
@pytest.mark.parametrize("seed", range(3))
def test_expected_attention_is_the_rule_of_inference_on_nearly_binary_decisions(kind, seed):
    model = decoder(kind, seed).double()
    for layer in model.layers:
        layer.cross.estimate = emma  # MMA's own does not stand binary decisions
    tokens, frames = torch.tensor([3, 9, 17, 30, 5]), source(seed=seed).double()
    logits, alpha = model.expect(tokens[None], frames, torch.tensor([CHUNKS * CHUNK_FRAMES]))
    stepwise, _, p, stops = stepped(model, tokens, frames)
    assert ((p < 0.01) | (p > 0.99)).all()
    assert len(set(stops.flatten().tolist())) > 2
    # [tokens, layers, heads] of [layers, 1, heads, tokens, chunks]
    expected = alpha[:, 0].argmax(-1).permute(2, 0, 1)
    assert (expected == stops.clamp(max=CHUNKS - 1)).all()
    torch.testing.assert_close(logits[0], stepwise, rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_emma_attends_softly_to_all_that_was_heard():
    model = decoder("emma").double()
    tokens, frames = torch.tensor([3, 9, 17]), source().double()
    visible = torch.full((1, 3), CHUNKS * CHUNK_FRAMES)
    whole, attention = model(tokens[None], frames, visible)
    logits, weights, _, _ = stepped(model, tokens, frames)
    torch.testing.assert_close(logits, whole[0])
    torch.testing.assert_close(weights.transpose(0, 1).transpose(1, 2), attention[:, 0])


@torch.no_grad()
def test_emma_takes_tokens_together_or_one_by_one():
    model = decoder("emma", sharp=False)
    tokens, frames = torch.tensor([3, 9, 17]), source()
    keys, values = model.remember(frames, torch.tensor(0))
    none, start = keys[:, :, :0], torch.zeros(2, 4, dtype=torch.long)
    logits, *_, p, _ = model.monotonic_step(
        tokens[None], torch.tensor(0), none, none, keys, values,
        model.units(frames, torch.tensor(0)), start, torch.tensor(0.5),
    )
    one_by_one, _, p_alone, _ = stepped(model, tokens, frames)
    torch.testing.assert_close(logits, one_by_one)
    torch.testing.assert_close(p, p_alone.permute(1, 2, 0, 3))


@torch.no_grad()
def test_units_of_a_stream_are_those_of_the_whole():
    model = decoder("emma", sharp=False)
    frames = source()
    first = torch.tensor(0)
    whole = model.units(frames, first)
    half = model.units(frames[:, : 2 * CHUNK_FRAMES], first)
    rest = model.units(frames[:, 2 * CHUNK_FRAMES :], torch.tensor(2 * CHUNK_FRAMES))
    torch.testing.assert_close(torch.cat([half, rest], dim=2), whole)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_padding_of_sources_and_targets_changes_nothing(kind):
    model = decoder(kind, sharp=False).double()
    tokens, frames = torch.tensor([[3, 9, 17, 0, 0], [4, 8, 12, 6, 30]]), source(2).double()
    counts = torch.tensor([3, CHUNKS]) * CHUNK_FRAMES
    logits, alpha = model.expect(tokens, frames, counts)
    alone, alpha_alone = model.expect(tokens[:1, :3], frames[:1, : 3 * CHUNK_FRAMES], counts[:1])
    torch.testing.assert_close(logits[0, :3], alone[0])
    torch.testing.assert_close(alpha[:, 0, :, :3, :3], alpha_alone[:, 0])
    assert (alpha[:, 0, ..., 3:] == 0).all()


@torch.no_grad()
def test_one_head_is_monotonic_attention_and_many_heads_each_are_their_own():
    """MMA with one head is the single-head form; a head's alignment does not hang on the others."""
    shape = Shape(pieces=40, width=32, heads=1, ff=64, decoder_layers=1)
    model = decoder("mma-il", sharp=False, shape=shape).double()
    tokens, frames = torch.tensor([[3, 9, 17]]), source().double()
    _, alpha = model.expect(tokens, frames, torch.tensor([CHUNKS * CHUNK_FRAMES]))
    layer = model.layers[0]
    x, memory = model.embed(tokens), model.place(frames)
    none = x.new_zeros(1, 1, 0, 32)
    x = x + layer.self_attention(layer.norm_self(x), none, none)[0]
    p = layer.cross.choose(layer.norm_cross(x), layer.cross.choose.remember(memory))
    torch.testing.assert_close(alpha[0, 0, 0], mma(p[0, 0]))


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_learns(kind):
    model = decoder(kind, sharp=False).train()
    target = torch.tensor([[9, 17, 30, 2, 0], [4, 8, 12, 6, 2]])
    batch = Heard(source(2), torch.tensor([12, 24]), target, torch.tensor([3, 4]))
    loss, parts = monotonic_loss(model, batch, DecoderRecipe())
    loss.backward()
    idle = {name for name, weight in model.named_parameters()
            if weight.grad is None or not weight.grad.abs().sum() > 0}
    # hard attention has no energies, and what attends to one frame has no choice of keys
    allowed = ("cross.query", "cross.key") if kind == "mma-h" else ("cross.key.bias",)
    assert all(any(part in name for part in allowed) for name in idle
               if not name.endswith(("key.2.bias", "qkv.bias")))
    assert set(parts) == {"translation", "latency", "variance"}


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_more_is_read_at_a_higher_threshold(kind):
    model = decoder(kind, sharp=False)
    rule = simulation.emma if kind == "emma" else simulation.mma
    eager, patient = ([delay for _, delay in rule(model, source()[0], "en", threshold)]
                      for threshold in (0.0, 1.0))
    assert eager == sorted(eager)
    assert eager[0] < CHUNKS
    assert set(patient) <= {CHUNKS}


def test_a_multipath_decoder_hands_on_all_its_weights():
    torch.manual_seed(0)
    start = Decoder(SHAPE).eval()
    made = monotonic_from(start, "emma").eval()
    tokens, frames, visible = torch.tensor([[3, 9]]), source(), torch.tensor([[8, 16]])
    torch.testing.assert_close(made(tokens, frames, visible)[0], start(tokens, frames, visible)[0])


class Letters:
    """Pieces enough for a training: a letter each."""

    count = SHAPE.pieces

    def encode(self, text):
        return [6 + ord(letter) - ord("a") for letter in text]

    def starts_word(self, piece):
        return piece % 2 == 0


@pytest.fixture
def cache():
    rng = np.random.default_rng(0)
    texts = {"de": "abcd", "en": "efg", "es": "hij"}
    rows = tuple(Row("de", texts, "v", at * 24, 24) for at in range(8))
    return Shard(rng.standard_normal((8 * 24, SHAPE.width)).astype(np.float16), rows)


RECIPE = DecoderRecipe(steps=6, warmup=1, decay=2, batch_s=6.0, save_every=3, report_every=3)


@pytest.mark.parametrize("kind", ["multipath", *KINDS])
def test_an_interrupted_training_ends_as_one_that_was_not(tmp_path, cache, kind):
    torch.manual_seed(0)
    start = Decoder(SHAPE)

    def train(folder, recipe):
        if kind == "multipath":
            return train_multipath("d", start, cache, Letters(), folder, recipe)
        return train_monotonic("d", kind, start, cache, Letters(), folder, recipe)

    def interrupting(row):
        if row["step"] == 4:
            raise KeyboardInterrupt

    whole = load_decoder(train(tmp_path / "a", RECIPE)).state_dict()
    with pytest.raises(KeyboardInterrupt):
        if kind == "multipath":
            train_multipath("d", start, cache, Letters(), tmp_path / "b", RECIPE,
                            report=interrupting)
        else:
            train_monotonic("d", kind, start, cache, Letters(), tmp_path / "b", RECIPE,
                            report=interrupting)
    resumed = load_decoder(train(tmp_path / "b", RECIPE)).state_dict()
    for name, weight in whole.items():
        assert torch.equal(weight, resumed[name]), name
    for name in ("a", "b"):
        assert len((tmp_path / name / "d.log.jsonl").read_text().splitlines()) == 2


def test_a_cache_is_made_once(tmp_path):
    from s2st_bench.systems.reference.model.encoder import Encoder

    rng = np.random.default_rng(0)
    texts = {"de": "a", "en": "b", "es": "c"}
    mel = rng.standard_normal((300, 64)).astype(np.float16)
    shard = Shard(mel, tuple(Row("de", texts, "v", at, 100) for at in (0, 100, 200)))
    made = make_cache(tmp_path / "c", Encoder(SHAPE), [shard], 1)
    assert len(made.rows) == 3
    assert all(row.count % CHUNK_FRAMES == 0 and 8 <= row.count <= 16 for row in made.rows)
    assert made.features.shape == (sum(row.count for row in made.rows), SHAPE.width)
    again = make_cache(tmp_path / "c", Encoder(SHAPE), [], 2)
    assert again.rows == made.rows and (again.features == made.features).all()


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"no")
    with pytest.raises(InputError, match="x.pt"):
        load_decoder(tmp_path / "x.pt")


def test_shifted_begins_with_the_language():
    assert shifted(torch.tensor([[7, 8, 2]]), torch.tensor([4])).tolist() == [[4, 7, 8]]


