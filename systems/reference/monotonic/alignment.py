"""Where a head that reads from left to right is expected to stop.

For each target position ``i`` a head goes on from where it stopped for ``i - 1`` (at first from
source position 0) and at each position ``j`` stops with probability ``p[i, j]`` or moves on to
``j + 1``.  ``alpha[i, j]`` is the probability that it stops at ``j`` for ``i``:

    alpha[i, j] = p[i, j] * sum over k <= j of alpha[i - 1, k] * reach[k, j]
    reach[k, j] = prod over k <= l < j of (1 - p[i, l])

Two estimators of this one quantity: :func:`mma` takes the sum out of the product by a division
(Raffel et al. 2017, arXiv 1704.00784, equation 9; used by Ma et al. 2020, arXiv 1909.12406), whose
denominator underflows; :func:`emma` keeps the products (Ma et al. 2023, arXiv 2312.04515).

Residual mass: a head may run past the last source position without stopping.  ``"drop"`` loses
that mass, for this and all later target positions, so a row sums to at most 1.  ``"last"`` stops
it at the last position that is not padding, where it stays: what inference does once the source
has ended, and the same as adding ``1 - sum`` there ("mass preservation"); a row sums to 1.

Shapes: ``p, alpha [..., U, T]``; ``lengths [...]`` (broadcast against the leading axes) counts the
source positions that are not padding, at least 1.  ``alpha`` is 0 on padding.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Residual = Literal["drop", "last"]


def closed(p: Tensor, lengths: Tensor | None, residual: Residual) -> Tensor:
    """``p`` with padding never chosen and, under ``"last"``, the last position always chosen."""
    at = torch.arange(p.shape[-1], device=p.device)
    last = (at[-1] if lengths is None else lengths[..., None, None] - 1)
    p = p.masked_fill(at > last, 0.0)
    return p.masked_fill(at == last, 1.0) if residual == "last" else p


def survival(p: Tensor) -> Tensor:
    """Probability of coming from ``k`` as far as ``j``: ``[..., T]`` to ``[..., T (k), T (j)]``.

    ``prod over k <= l < j of (1 - p[l])``, 0 for ``j < k``: the paper's
    ``triu_0(cumprod_2(1 - triu_1(J roll_1(p))))``.
    """
    steps = p.roll(1, -1)[..., None, :].expand(*p.shape, p.shape[-1])
    return (1.0 - steps.triu(1)).cumprod(-1).triu()


def emma(
    p: Tensor, lengths: Tensor | None = None, residual: Residual = "last"
) -> Tensor:
    """Expected alignment by products alone.

    ``p`` in half precision is multiplied in float32, also under autocast, and the result rounded
    back: rounding ``1 - p`` to half breaks ``p + (1 - p) = 1`` by up to 2**-12 a step, which alone
    makes rows of a constant 0.3 grow to a sum of 1.17 over 200 x 1000 positions.

    One target position at a time: ``[..., T, T]`` in work, kept for each of them with gradients.
    """
    with torch.autocast(p.device.type, enabled=False):
        choose = closed(p, lengths, residual)
        if p.dtype in (torch.float16, torch.bfloat16):
            choose = choose.float()
        before = torch.zeros_like(choose[..., :1, :])
        before[..., 0] = 1.0
        rows = []
        for row in choose.unbind(-2):
            before = row[..., None, :] * (before @ survival(row))
            rows.append(before)
        return torch.cat(rows, dim=-2).to(p.dtype)


def mma(
    p: Tensor, lengths: Tensor | None = None, residual: Residual = "last", floor: float = 1e-6
) -> Tensor:
    """Expected alignment by a cumulative sum of quotients, denominators held above ``floor``.

    Biased wherever a product of ``1 - p`` falls below ``floor``: for comparison, and for MMA as
    it was published.
    """
    choose = closed(p, lengths, residual)
    moved_on = torch.cat([torch.ones_like(choose[..., :1]), (1.0 - choose)[..., :-1]], dim=-1)
    reached = moved_on.cumprod(-1)
    before = torch.zeros_like(choose[..., 0, :])
    before[..., 0] = 1.0
    rows = []
    for row, reach in zip(choose.unbind(-2), reached.unbind(-2), strict=True):
        before = row * reach * (before / reach.clamp(floor, 1.0)).cumsum(-1)
        rows.append(before)
    return torch.stack(rows, dim=-2)
