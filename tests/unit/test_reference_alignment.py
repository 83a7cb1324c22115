"""Expected alignments against every monotonic path, in half precision, and against inference."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch (extra models)")

from s2st_bench.systems.reference.monotonic.alignment import emma, mma  # noqa: E402

RESIDUALS = ("drop", "last")


def every_path(p, residual):
    """Alignment by listing each sequence of stops; a stop at T means that the end was run over.

    No two paths are ever merged: row i lists all C(T + i + 1, i + 1) of them.
    """
    targets, sources = p.shape
    at, chance = np.zeros(1, np.int64), np.ones(1)
    alpha = np.zeros((targets, sources + 1))
    for i in range(targets):
        ends, chances = [], []
        for j in range(sources + 1):
            come = at <= j
            go = chance[come].copy()
            for at_k in range(j):
                go *= np.where(at[come] <= at_k, 1.0 - p[i, at_k], 1.0)
            ends.append(np.full(len(go), j))
            chances.append(go * (p[i, j] if j < sources else 1.0))
        at, chance = np.concatenate(ends), np.concatenate(chances)
        np.add.at(alpha[i], at, chance)
    if residual == "last":
        alpha[:, sources - 1] += alpha[:, sources]
    return alpha[:, :sources]


def probabilities(kind, shape, seed=0):
    """``uniform`` or within 1e-9 … 0.01 of 0 and 1, with some that are exactly 0 and 1."""
    rng = np.random.default_rng(seed)
    p = rng.random(shape)
    if kind == "extreme":
        near = 10.0 ** rng.uniform(-9, -2, shape)
        p = np.where(p < 0.6, near, 1.0 - near)
        p[rng.random(shape) < 0.1] = 0.0
        p[rng.random(shape) < 0.1] = 1.0
    return p


@pytest.mark.parametrize("residual", RESIDUALS)
@pytest.mark.parametrize("kind", ["uniform", "extreme"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 12), (12, 1), (3, 7), (7, 3), (5, 12), (12, 5)])
def test_emma_is_the_sum_over_all_monotonic_paths(shape, kind, residual):
    p = probabilities(kind, shape)
    got = emma(torch.from_numpy(p), residual=residual).numpy()
    np.testing.assert_allclose(got, every_path(p, residual), rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["uniform", "extreme"])
def test_emma_is_the_sum_over_the_2_704_156_paths_of_twelve_by_twelve(kind):
    p = probabilities(kind, (12, 12), seed=1)
    for residual in RESIDUALS:
        got = emma(torch.from_numpy(p), residual=residual).numpy()
        np.testing.assert_allclose(got, every_path(p, residual), rtol=0, atol=1e-12)


@pytest.mark.parametrize("residual", RESIDUALS)
@pytest.mark.parametrize("form", [emma, mma])
def test_padding_gets_nothing_and_changes_nothing(form, residual):
    lengths = (1, 3, 6)
    p = torch.from_numpy(probabilities("uniform", (3, 2, 4, 6)))
    alpha = form(p, torch.tensor(lengths)[:, None], residual)
    for number, length in enumerate(lengths):
        assert (alpha[number, ..., length:] == 0).all()
        alone = form(p[number, ..., :length], residual=residual)
        torch.testing.assert_close(alpha[number, ..., :length], alone, rtol=0, atol=1e-15)
        for head in range(2):
            np.testing.assert_allclose(
                alone[head].numpy(), every_path(p[number, head, :, :length].numpy(), residual),
                atol=1e-12,
            )


def test_rows_sum_to_one_when_the_residual_stops_at_the_last_position():
    p = torch.from_numpy(probabilities("extreme", (2, 3, 12, 9)))
    whole = emma(p, residual="last").sum(-1)
    torch.testing.assert_close(whole, torch.ones_like(whole), rtol=0, atol=1e-12)
    assert (emma(p, residual="drop").sum(-1) <= 1 + 1e-12).all()


def test_dropped_mass_is_what_the_other_rule_puts_last():
    p = torch.from_numpy(probabilities("uniform", (8, 5)))
    dropped, kept = emma(p, residual="drop"), emma(p, residual="last")
    torch.testing.assert_close(kept[:, :-1], dropped[:, :-1])
    torch.testing.assert_close(kept[:, -1], dropped[:, -1] + 1 - dropped.sum(-1))


@pytest.mark.parametrize("residual", RESIDUALS)
def test_mma_agrees_with_emma_where_no_product_underflows(residual):
    p = torch.from_numpy(0.05 + 0.4 * probabilities("uniform", (2, 4, 12, 12)))
    torch.testing.assert_close(mma(p, residual=residual), emma(p, residual=residual),
                               rtol=0, atol=1e-10)


def test_mma_is_wrong_where_products_underflow_and_emma_is_not():
    p = torch.from_numpy(probabilities("extreme", (12, 12), seed=3))
    exact = torch.from_numpy(every_path(p.numpy()[:6], "last"))
    assert (emma(p)[:6] - exact).abs().max() < 1e-12
    assert (mma(p.float())[:6] - exact).abs().max() > 0.1


@pytest.mark.parametrize("form", [emma, mma])
def test_heads_side_by_side_are_heads_alone(form):
    p = torch.from_numpy(probabilities("uniform", (2, 4, 6, 5)))
    together = form(p)
    for item in range(2):
        for head in range(4):
            torch.testing.assert_close(together[item, head], form(p[item, head]))


HALF = {
    "uniform": lambda rng, shape: rng.random(shape),
    "near 0 and 1": lambda rng, shape: 1 / (1 + np.exp(-20 * rng.standard_normal(shape))),
    "constant": lambda rng, shape: np.full(shape, 0.3),
    "diagonal": lambda rng, shape: rng.random(shape) * min(1.0, 0.4 * shape[1] / shape[0]),
    "never": lambda rng, shape: np.full(shape, 1e-4),
}


@pytest.mark.parametrize(
    ("shape", "kind", "residual"),
    [pytest.param(shape, kind, residual, id=f"{shape[0]}x{shape[1]}-{kind}-{residual}",
                  marks=[] if (shape[0], residual) == (1000, "last") else pytest.mark.slow)
     for shape in ((1000, 200), (200, 1000)) for kind in HALF for residual in RESIDUALS],
)
def test_half_precision_is_close_and_makes_no_mass(shape, kind, residual):
    """Target x source, both ways round; the reference gets the same rounded ``p``."""
    half = torch.from_numpy(HALF[kind](np.random.default_rng(0), shape)).half()
    got = emma(half, residual=residual)
    exact = emma(half.double(), residual=residual)
    assert got.dtype == torch.float16
    assert (got.double() - exact).abs().max() <= 1e-2
    assert got.double().sum(-1).max() <= 1 + 1e-3


def test_autocast_does_not_round_the_products():
    p = torch.from_numpy(np.full((40, 60), 0.3)).float()
    with torch.autocast("cpu", torch.bfloat16):
        got = emma(p)
    torch.testing.assert_close(got, emma(p))


@pytest.mark.parametrize("residual", RESIDUALS)
@pytest.mark.parametrize("form", [emma, mma])
def test_gradients_are_those_of_the_formula(form, residual):
    p = 0.1 + 0.8 * torch.from_numpy(probabilities("uniform", (2, 4, 5)))
    lengths = torch.tensor([3, 5])
    assert torch.autograd.gradcheck(
        lambda x: form(x, lengths, residual), (p.requires_grad_(),), atol=1e-8
    )


def test_gradients_stay_finite_at_zero_and_one():
    p = torch.from_numpy(probabilities("extreme", (12, 12), seed=4)).float().requires_grad_()
    (emma(p) * torch.arange(12.0)).sum().backward()
    assert torch.isfinite(p.grad).all()


def walk(p, threshold=0.5):
    """The rule of inference: on from the last stop, past every position not chosen."""
    at, stops = 0, []
    for row in p:
        while at < len(row) - 1 and row[at] < threshold:
            at += 1
        stops.append(at)
    return stops


@pytest.mark.parametrize("seed", range(5))
def test_training_agrees_with_inference_where_probabilities_are_nearly_binary(seed):
    rng = np.random.default_rng(seed)
    p = np.where(rng.random((30, 20)) < 0.4, 1 - 1e-5, 1e-5)
    alpha = emma(torch.from_numpy(p)).numpy()
    assert alpha.argmax(-1).tolist() == walk(p)
    assert alpha.max(-1).min() > 0.99
