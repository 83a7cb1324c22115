"""What a head attends to, in expectation over where it stops.

Shapes: ``alpha [..., U, K]`` over the ``K`` units at which a head may stop (fixed pre-decision,
Ma et al. 2020, arXiv 2011.02048), ``energy [..., U, T]`` over the ``T = K * unit`` frames in them,
result ``beta [..., U, T]``.  A unit is seen whole once a head has stopped at it.
"""

from __future__ import annotations

import torch
from torch import Tensor


def lookback(alpha: Tensor, energy: Tensor, unit: int = 1) -> Tensor:
    """Infinite lookback (MILk, Arivazhagan et al. 2019, arXiv 1906.05218; MMA-IL, EMMA).

    Softmax over all frames up to the stop, averaged over stops:

        beta[i, j] = sum over k with last frame l_k >= j of
                     alpha[i, k] * exp(energy[i, j]) / sum over l <= l_k of exp(energy[i, l])

    Every exponent taken is at most 0, so no energy overflows and none is lost to a later, larger
    one.  Memory ``[..., U, K, K]``.  Frames of units that ``alpha`` gives nothing, padding among
    them, get nothing unless a later unit is stopped at.
    """
    inside = energy.unflatten(-1, (-1, unit))
    total = inside.logsumexp(-1)
    upto = total.logcumsumexp(-1)
    count = total.shape[-1]
    later = torch.ones(count, count, dtype=torch.bool, device=energy.device).triu()
    # share[i, c, k]: how much of the softmax up to unit k falls on unit c
    share = (total[..., :, None] - upto[..., None, :]).masked_fill(~later, float("-inf")).exp()
    weight = (share * alpha[..., None, :]).sum(-1)
    return (weight[..., None] * (inside - total[..., None]).exp()).flatten(-2)


def hard(alpha: Tensor, unit: int = 1) -> Tensor:
    """Hard attention (MMA-H): all of it on the last frame of the unit stopped at."""
    frames = torch.zeros(*alpha.shape, unit, dtype=alpha.dtype, device=alpha.device)
    frames[..., -1] = alpha
    return frames.flatten(-2)
