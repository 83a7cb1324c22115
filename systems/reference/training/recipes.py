"""What ``s2st-bench train model=…`` can train here.

Options are checked without torch; it is imported when a training starts.
"""

from __future__ import annotations

from abc import abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.trainer import Job, Trained, Trainer

from ..shape import Shape

if TYPE_CHECKING:
    from ..pieces import Pieces

NEEDS: Final = ("torch", "sentencepiece", "espeakng_loader")
EXTRA: Final = "models"


class Recipe(Trainer):
    """What the trainings share.

    Parameters
    ----------
    pieces
        Sub-words of all languages together.
    width, encoder_layers, decoder_layers
        Sizes of a model trained from nothing; one that starts from a checkpoint has its sizes.
    dev
        Recordings of each language that are translated now and then, to log BLEU; 0 for none.
    """

    def __init__(
        self, *, pieces: int = 800, width: int = 192, encoder_layers: int = 8,
        decoder_layers: int = 3, dev: int = 66,
    ) -> None:
        if not 100 <= pieces <= 32_000:
            raise ConfigError(f"model.pieces={pieces}: 100 to 32000 are wanted")
        if not 8 <= width <= 2048 or width % 8:
            raise ConfigError(f"model.width={width}: a multiple of 8 from 8 to 2048 is wanted")
        for key, layers in (("encoder_layers", encoder_layers), ("decoder_layers", decoder_layers)):
            if not 1 <= layers <= 48:
                raise ConfigError(f"model.{key}={layers}: 1 to 48 are wanted")
        if dev < 0:
            raise ConfigError(f"model.dev={dev}: 0 or more is wanted")
        self.pieces = pieces
        self.dev = dev
        # Recognition is read off two layers below the top, as far as there are so many.
        self.shape = Shape(
            pieces=pieces, width=width, ff=4 * width, encoder_layers=encoder_layers,
            asr_layer=max(1, encoder_layers - 2), decoder_layers=decoder_layers,
        )

    def train(self, job: Job) -> Trained:
        for module in NEEDS:
            if find_spec(module) is None:
                package = module.replace("_", "-")
                raise DependencyError(package, "training the reference models", EXTRA)
        import torch

        if job.budget.threads is not None:
            torch.set_num_threads(job.budget.threads)
        return self.make(job)

    @abstractmethod
    def make(self, job: Job) -> Trained:
        """:meth:`train`, with all that it needs installed."""

    def _pieces(self, job: Job) -> Pieces:
        from .stages import make_pieces

        return make_pieces(job, self.pieces)


class SubWords(Recipe):
    """The sub-words alone."""

    def make(self, job: Job) -> Trained:
        from .stages import PIECES

        self._pieces(job)
        return Trained({"pieces": job.out / PIECES}, {})


class Base(Recipe):
    """Streaming encoder, CTC heads and the multipath wait-k decoder."""

    def make(self, job: Job) -> Trained:
        checkpoint = self._base(job)
        return Trained({"base": checkpoint}, {"base": job.out / "base.log.jsonl"})

    def _base(self, job: Job) -> Path:
        from .stages import make_base, speech

        pieces = self._pieces(job)
        return make_base(job, pieces, speech(job.material), self.shape, self.dev)
