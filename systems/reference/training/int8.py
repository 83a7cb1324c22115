"""Weights as int8: each row of a matrix is whole numbers from -127 to 127 times one scale.

Symmetric, weight-only, per output row (as in Jacob et al. 2018, section 3, without zero points);
what is not a matrix stays float32.  A quarter of the size, and no calibration; the arithmetic on
activations is float32 as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

SCALE = ":scale"
SMALLEST = 4096
"""Tensors with fewer weights are left as they are."""


def rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """``weight [out, ...]`` as int8 of the same shape and scales ``float32[out, 1, ...]``."""
    flat = weight.detach().float().flatten(1)
    scale = (flat.abs().amax(1) / 127.0).clamp(min=1e-12)
    whole = (flat / scale[:, None]).round().to(torch.int8).view(weight.shape)
    return whole, scale.view(-1, *[1] * (weight.dim() - 1))


def stored(module: nn.Module) -> dict[str, Tensor]:
    """A module's parameters and buffers as they are stored.

    Scales stand under the weight's name with ``SCALE`` appended.
    """
    out: dict[str, Tensor] = {}
    for name, weight in module.state_dict().items():
        if name.endswith("weight") and weight.dim() > 1 and weight.numel() >= SMALLEST:
            out[name], out[name + SCALE] = rows(weight)
        else:
            out[name] = weight.detach().clone()
    return out


def multiplied(kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict that ``kept`` stands for."""
    return dict(_multiplied(kept))


def _multiplied(kept: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, weight in kept.items():
        if name.endswith(SCALE):
            continue
        scale = kept.get(name + SCALE)
        yield name, weight if scale is None else weight.float() * scale


def round_weights(module: nn.Module) -> None:
    """Give ``module`` the weights it would have after export."""
    module.load_state_dict(multiplied(stored(module)))
