"""Learning rate: warm up, stay, and go down to nothing over the last part.

Unlike a cosine the middle does not depend on the end, so that a run may be made longer or ended
early from a checkpoint (Hu et al. 2024, arXiv 2404.06395, "warmup-stable-decay").
"""

from __future__ import annotations


def factor(step: int, steps: int, warmup: int, decay: int) -> float:
    """What the peak rate is multiplied by at ``step`` (from 0) of ``steps``."""
    rising = min(1.0, (step + 1) / max(1, warmup))
    falling = min(1.0, (steps - step) / max(1, decay))
    return max(0.0, min(rising, falling))
