"""The cost of reading on, as a loss on expected alignments.

Delays count source units from 1, as latency metrics do: stopping at source position ``j`` (from 0)
has read ``j + 1``.  Rows of ``alpha`` are taken to sum to 1 (residual rule ``"last"``).

Shapes: ``alpha [..., U, T]``; ``delays [..., U]``; ``source, target [...]`` count source units and
target tokens that are not padding, broadcast against the leading axes.
"""

from __future__ import annotations

import torch
from torch import Tensor


def expected_delays(alpha: Tensor) -> Tensor:
    """Source units read for each token in expectation, ``[..., U]``."""
    read = torch.arange(1, alpha.shape[-1] + 1, device=alpha.device, dtype=alpha.dtype)
    return (alpha * read).sum(-1)


def dal(delays: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Differentiable average lagging (Cherry and Foster 2019, arXiv 1906.00048), ``[...]``.

    Each token counts as at least ``source / target`` later than the one before it.  Units of the
    source; gradients go to the tokens that set the pace.
    """
    at = torch.arange(delays.shape[-1], device=delays.device)
    lag = delays - at * (source / target)[..., None]
    # max(d[i], d'[i - 1] + rate) - i * rate is a running maximum of d[i] - i * rate
    paced = lag.cummax(-1).values
    return _mean(paced, target)


def weighted(delays: Tensor, dim: int) -> Tensor:
    """One delay a token out of several heads', each weighing by its softmax: the slow ones most.

    MMA's weighted average (Ma et al. 2020, arXiv 1909.12406, section 2.3); ``dim`` is the axis
    of the heads.
    """
    return (delays.softmax(dim) * delays).sum(dim)


def variance(alpha: Tensor, target: Tensor) -> Tensor:
    """Variance of where a head stops, averaged over tokens: EMMA's variance loss, ``[...]``.

    The paper's difference of moments, taken about the mean.
    """
    read = torch.arange(1, alpha.shape[-1] + 1, device=alpha.device, dtype=alpha.dtype)
    away = read - expected_delays(alpha)[..., None]
    return _mean((alpha * away**2).sum(-1), target)


def divergence(delays: Tensor, dim: int, target: Tensor) -> Tensor:
    """Mean squared distance of heads' delays from their mean: MMA's head divergence loss.

    ``dim`` is the axis of the heads, before the last.
    """
    return _mean(delays.var(dim, unbiased=False), target)


def _mean(values: Tensor, target: Tensor) -> Tensor:
    """Over tokens that are not padding."""
    at = torch.arange(values.shape[-1], device=values.device)
    return values.masked_fill(at >= target[..., None], 0.0).sum(-1) / target
