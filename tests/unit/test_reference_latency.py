"""What is attended in expectation, and what reading on costs."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch (extra models)")

from s2st_bench.systems.reference.monotonic import latency  # noqa: E402
from s2st_bench.systems.reference.monotonic.alignment import emma  # noqa: E402
from s2st_bench.systems.reference.monotonic.attention import hard, lookback  # noqa: E402


def rng(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("unit", [1, 4])
def test_lookback_averages_softmaxes_over_stops(unit):
    alpha = emma(rng(2, 3, 5, 4).sigmoid())
    energy = 3 * rng(2, 3, 5, 4 * unit, seed=1)
    wanted = torch.zeros_like(energy)
    for k in range(4):
        upto = (k + 1) * unit
        wanted[..., :upto] += alpha[..., k, None] * energy[..., :upto].softmax(-1)
    torch.testing.assert_close(lookback(alpha, energy, unit), wanted)


def test_lookback_is_soft_attention_once_all_is_read():
    alpha = torch.zeros(3, 6)
    alpha[:, -1] = 1.0
    energy = rng(3, 12).float()
    torch.testing.assert_close(lookback(alpha, energy, 2), energy.softmax(-1))


def test_lookback_keeps_early_stops_before_overwhelming_energies():
    alpha = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    energy = torch.tensor([[-400.0, 900.0], [-400.0, 900.0]], requires_grad=True)
    beta = lookback(alpha, energy)
    torch.testing.assert_close(beta, torch.tensor([[1.0, 0.0], [0.5, 0.5]]))
    beta.sum().backward()
    assert torch.isfinite(energy.grad).all()


def test_lookback_ignores_padded_units():
    lengths = torch.tensor([2, 4])
    alpha = emma(rng(2, 5, 4).sigmoid(), lengths)
    energy = rng(2, 5, 16, seed=1)
    beta = lookback(alpha, energy, 4)
    assert (beta[0, :, 8:] == 0).all()
    energy[0, :, 8:] = 1e4
    torch.testing.assert_close(lookback(alpha, energy, 4), beta)


def test_lookback_gradients():
    alpha = emma(rng(3, 4).sigmoid()).requires_grad_()
    energy = rng(3, 8, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, e: lookback(a, e, 2), (alpha, energy))


def test_hard_attends_to_the_last_frame_of_the_unit():
    assert hard(torch.tensor([[0.25, 0.75]]), 3).tolist() == [[0, 0, 0.25, 0, 0, 0.75]]


def test_expected_delays_count_from_one():
    alpha = torch.tensor([[1.0, 0, 0], [0, 0.5, 0.5]])
    assert latency.expected_delays(alpha).tolist() == [1.0, 2.5]


def reference_dal(delays, source):
    """Cherry and Foster 2019, section 3: as the recursion is printed."""
    rate = source / len(delays)
    total = last = 0.0
    for i, d in enumerate(delays):
        last = d if i == 0 else max(d, last + rate)
        total += last - i * rate
    return total / len(delays)


def test_dal_is_the_published_recursion_and_leaves_padding_out():
    delays = torch.from_numpy(np.sort(np.random.default_rng(0).uniform(1, 9, (3, 7)), axis=1))
    source, target = torch.tensor([9, 10, 12]), torch.tensor([7, 4, 1])
    got = latency.dal(delays, source, target)
    wanted = [reference_dal(d[:n], s) for d, n, s in
              zip(delays.tolist(), target.tolist(), source.tolist(), strict=True)]
    np.testing.assert_allclose(got.numpy(), wanted)


@pytest.mark.parametrize("k", [1, 3])
def test_dal_of_wait_k_is_k(k):
    delays = torch.arange(8.0) + k
    assert latency.dal(delays.clamp(max=8.0), torch.tensor(8), torch.tensor(8)).item() == k


def test_dal_gradients_reach_the_tokens_that_set_the_pace():
    delays = torch.tensor([4.0, 1.0, 2.0], requires_grad=True)
    latency.dal(delays, torch.tensor(3), torch.tensor(3)).backward()
    assert delays.grad.tolist() == [1.0, 0.0, 0.0]


def test_weighted_lies_between_mean_and_slowest_head():
    delays = torch.tensor([[1.0, 2.0], [5.0, 2.0]])
    mixed = latency.weighted(delays, 0)
    assert 3.0 < mixed[0] < 5.0
    assert mixed[1] == pytest.approx(2.0)


def test_variance_is_the_difference_of_moments():
    alpha = emma(rng(2, 6, 5).sigmoid())
    read = torch.arange(1, 6, dtype=torch.float64)
    moments = (alpha * read**2).sum(-1) - (alpha * read).sum(-1) ** 2
    target = torch.tensor([6, 2])
    wanted = torch.stack([moments[0].mean(), moments[1, :2].mean()])
    torch.testing.assert_close(latency.variance(alpha, target), wanted)
    assert latency.variance(torch.eye(4)[None], torch.tensor([4])).item() == 0.0


def test_divergence_is_zero_for_heads_that_move_together():
    delays = torch.tensor([[[1.0, 2.0]], [[3.0, 2.0]]])
    assert latency.divergence(delays, 0, torch.tensor([2])).tolist() == [0.5]
    assert latency.divergence(delays[:1], 0, torch.tensor([2])).tolist() == [0.0]
