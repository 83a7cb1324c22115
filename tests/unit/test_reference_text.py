"""The text translator: what it may see, its streaming step, its training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from random import Random

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("sentencepiece", reason="sentencepiece is not installed")

from s2st_bench.systems.reference.model.text import TextTranslator  # noqa: E402
from s2st_bench.systems.reference.pieces import END, Pieces, train_pieces  # noqa: E402
from s2st_bench.systems.reference.shape import Shape  # noqa: E402
from s2st_bench.systems.reference.training.batches import pad  # noqa: E402
from s2st_bench.systems.reference.training.noise import as_heard, misspelt, noisy, plain  # noqa: E402
from s2st_bench.systems.reference.training.text import (  # noqa: E402
    TextBatch,
    TextRecipe,
    load_text,
    text_batches,
    train_text,
    visible_pieces,
)

WORDS = {
    "de": "der Saal die Pause beginnt endet heute morgen um drei".split(),
    "en": "the hall the break begins ends today tomorrow at three".split(),
    "es": "la sala la pausa empieza termina hoy mañana a las".split(),
}
TINY = {"width": 16, "heads": 2, "ff": 32, "encoder_layers": 2, "decoder_layers": 2}


def sentences(seed: int) -> Iterator[Mapping[str, str]]:
    rng = Random(seed)
    while True:
        drawn = [rng.randrange(10) for _ in range(rng.randint(3, 6))]
        yield {lang: " ".join(words[i] for i in drawn) for lang, words in WORDS.items()}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The same result on every machine, and no waiting for a core that others have."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Pieces:
    path = tmp_path_factory.mktemp("pieces") / "pieces.model"
    lines = [text for texts in islice(sentences(0), 300) for text in texts.values()]
    train_pieces(lines, path, 80, "".join(sorted({c for line in lines for c in line} - {" "})))
    return Pieces(path)


@pytest.fixture(scope="module")
def model(pieces: Pieces) -> TextTranslator:
    torch.manual_seed(1)
    return TextTranslator(Shape(pieces=pieces.count, **TINY)).eval()


def test_the_encoder_reads_words_one_after_the_other(
    model: TextTranslator, pieces: Pieces
) -> None:
    source = torch.tensor([[*pieces.encode("the break begins at three"), END]])
    with torch.no_grad():
        whole = model.encoder(source)
        padded = model.encoder(torch.cat([source, torch.zeros(1, 5, dtype=torch.long)], dim=1))
        states = torch.zeros(2, 2, 0, 8), torch.zeros(2, 2, 0, 8)
        parts, first = [], 0
        for part in source.split([1, 4, source.shape[1] - 5], dim=1):
            frames, *states = model.encoder.step(part, torch.tensor(first), *states)
            parts.append(frames)
            first += part.shape[1]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(padded[:, : source.shape[1]], whole, atol=1e-5, rtol=0)


def test_a_word_sees_k_words_and_those_said_before_it() -> None:
    starts = torch.zeros(20, dtype=torch.bool)
    starts[[END, 10, 11, 12]] = True
    # source words of 2, 1 and 3 pieces and the end; target words of 1 and 2 pieces and the end
    source = torch.tensor([[10, 15, 11, 12, 15, 15, END, 0, 0]])
    target = torch.tensor([[10, 11, 15, END]])
    batch = TextBatch(source, target, torch.tensor([3]))
    seen = set()
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        seen.add(tuple(visible_pieces(batch, starts, 0.0, generator)[0].tolist()))
    assert {(2, 3, 3, 6), (3, 6, 6, 7), (6, 7, 7, 7), (7, 7, 7, 7)} == seen
    everything = visible_pieces(batch, starts, 1.0, torch.Generator().manual_seed(1))
    assert everything.tolist() == [[7, 7, 7, 7]]


def test_noise_is_what_recognisers_do() -> None:
    text = "Wissen Sie, ob der „große“ Saal heute offen ist?"
    assert plain(text) == "wissen sie ob der große saal heute offen ist"
    assert plain("?!") == ""
    rng = Random(1)
    kept = noisy(" ".join(["Saal"] * 4000), ["Pause"], rng, error=0.1).split()
    wrong = sum(word != "Saal" for word in kept)
    assert 0.03 < wrong / 4000 < 0.07  # misspelt and taken for another; the others drop and double
    assert 0.97 < len(kept) / 4000 < 1.03
    assert misspelt("ab", rng) == "ab" and len(misspelt("Saal", rng)) in (3, 4, 5)
    assert noisy("eins", ["zwei"], Random(3), error=1.0)
    forms = {as_heard(text, ["und"], Random(seed)) for seed in range(60)}
    assert {text, plain(text)} <= forms and len(forms) > 10


def test_batches_are_the_same_wherever_one_begins(pieces: Pieces) -> None:
    whole = list(islice(text_batches(sentences, pieces, 400, seed=3), 6))
    later = list(islice(text_batches(sentences, pieces, 400, seed=3, start=4), 2))
    for one, other in zip(whole[4:], later, strict=True):
        assert torch.equal(one.source, other.source) and torch.equal(one.target, other.target)
    for batch in whole:
        assert (batch.source == END).sum(1).eq(1).all() and (batch.target == END).sum(1).eq(1).all()
        assert batch.source.numel() + batch.target.numel() <= 400
    assert {int(tag) for batch in whole for tag in batch.tags} == {3, 4, 5}


def test_it_learns_and_goes_on_where_it_was_interrupted(
    pieces: Pieces, tmp_path: Path
) -> None:
    shape = Shape(pieces=pieces.count, **TINY)
    recipe = TextRecipe(steps=18, warmup=3, decay=6, batch_tokens=400, save_every=6,
                        report_every=6, rate=1e-2)
    rows: list[dict[str, float]] = []
    whole = load_text(train_text(sentences, pieces, tmp_path / "a", recipe, shape=shape,
                                 report=rows.append))
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < 0.85 * losses[0]

    class Stop(Exception):
        pass

    def stop(row: dict[str, float]) -> None:
        if row["step"] == 12:
            raise Stop

    with pytest.raises(Stop):
        train_text(sentences, pieces, tmp_path / "b", recipe, shape=shape, report=stop)
    again = load_text(train_text(sentences, pieces, tmp_path / "b", recipe, shape=shape))
    for (name, weight), other in zip(
        whole.state_dict().items(), again.state_dict().values(), strict=True
    ):
        assert torch.equal(weight, other), name
    assert whole.encoder.embedding.weight is whole.decoder.embedding.weight


def test_padding_fills_with_blanks() -> None:
    assert pad([[5], [6, 7]]).tolist() == [[5, 0], [6, 7]]
