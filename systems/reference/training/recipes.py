"""What ``s2st-bench train model=…`` can train here.

Options are checked without torch; it is imported when a training starts.
"""

from __future__ import annotations

import importlib.util
import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final, Literal

from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.trainer import Job, Trained, Trainer

from ..shape import Shape

Kind = Literal["multipath", "mma-h", "mma-il", "emma"]
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
            if importlib.util.find_spec(module) is None:
                package = module.replace("_", "-")
                raise DependencyError(package, "training the reference models", EXTRA)
        import torch

        if job.budget.threads is not None:
            torch.set_num_threads(job.budget.threads)
        return self.make(job)

    @abstractmethod
    def make(self, job: Job) -> Trained:
        """:meth:`train`, with all that it needs installed."""



class SubWords(Recipe):
    """The sub-words alone."""

    def make(self, job: Job) -> Trained:
        from . import stages

        stages.make_pieces(job, self.pieces)
        return Trained({"pieces": job.out / stages.PIECES}, {})


class Base(Recipe):
    """Streaming encoder, CTC heads and the multipath wait-k decoder."""

    def make(self, job: Job) -> Trained:
        from . import stages

        pieces = stages.make_pieces(job, self.pieces)
        base = stages.make_base(job, pieces, stages.speech(job.material), self.shape, self.dev)
        return trained(job, {"base": base}, base, {})


class OnBase(Recipe):
    """A decoder on the frozen encoder of a base model.

    Where no base model is given (``init``), one is trained first, with the same budget.
    """

    kind: ClassVar[Kind]

    def __init__(
        self, *, pieces: int = 800, width: int = 192, encoder_layers: int = 8,
        decoder_layers: int = 3, dev: int = 66, latency: float = 0.03, variance: float = 0.05,
    ) -> None:
        super().__init__(pieces=pieces, width=width, encoder_layers=encoder_layers,
                         decoder_layers=decoder_layers, dev=dev)
        for key, cost in (("latency", latency), ("variance", variance)):
            if not 0 <= cost < math.inf:
                raise ConfigError(f"model.{key}={cost}: 0 or more is wanted")
        self.latency, self.variance = latency, variance

    def make(self, job: Job) -> Trained:
        from . import stages

        pieces = stages.make_pieces(job, self.pieces)
        shards = stages.speech(job.material)
        init = stages.start_of(job)
        base = init or stages.make_base(job, pieces, shards, self.shape, self.dev)
        name = decoder_name(self.kind, job.budget.seed)
        made = stages.make_decoder(job, name, self.kind, base, pieces, shards, self.latency,
                                   self.variance)
        first = {} if init else {"base": base}
        return trained(job, {**first, name: made}, base, {name: made})


class Emma(OnBase):
    """Monotonic attention with closed-form alignments (EMMA)."""

    kind = "emma"


class Mma(OnBase):
    """Monotonic multihead attention with infinite lookback (MMA-IL)."""

    kind = "mma-il"


class MmaHard(OnBase):
    """Monotonic multihead attention that sees one step only (MMA-H)."""

    kind = "mma-h"


class Multipath(OnBase):
    """The wait-k decoder, trained on as long as the monotonic ones: what they compare with."""

    kind = "multipath"


class Text(Recipe):
    """The translator of text; ``init`` gives the sub-words only."""

    def make(self, job: Job) -> Trained:
        from . import stages

        pieces = stages.make_pieces(job, self.pieces)
        made = stages.make_text(job, pieces, self.shape)
        return trained(job, {"text": made}, None, {})


class Everything(OnBase):
    """All the weights that come with the package: EMMA once for each of ``seeds``."""

    kind = "emma"

    def __init__(
        self, *, seeds: Sequence[int] = (1, 2, 3), pieces: int = 800, width: int = 192,
        encoder_layers: int = 8, decoder_layers: int = 3, dev: int = 66, latency: float = 0.03,
        variance: float = 0.05,
    ) -> None:
        super().__init__(pieces=pieces, width=width, encoder_layers=encoder_layers,
                         decoder_layers=decoder_layers, dev=dev, latency=latency,
                         variance=variance)
        if not seeds or len({*seeds}) != len(seeds):
            raise ConfigError(f"model.seeds={list(seeds)}: one or more are wanted, each once")
        self.seeds = tuple(seeds)

    def make(self, job: Job) -> Trained:
        from . import stages

        pieces = stages.make_pieces(job, self.pieces)
        shards = stages.speech(job.material)
        base = stages.make_base(job, pieces, shards, self.shape, self.dev)
        plan: list[tuple[Kind, int]] = [
            *(("emma", seed) for seed in self.seeds), ("mma-il", job.budget.seed),
            ("multipath", job.budget.seed),
        ]
        decoders = {}
        for kind, seed in plan:
            name = decoder_name(kind, seed)
            own = replace(job, budget=replace(job.budget, seed=seed))
            decoders[name] = stages.make_decoder(own, name, kind, base, pieces, shards,
                                                 self.latency, self.variance)
        text = stages.make_text(job, pieces, self.shape)
        return trained(job, {"base": base, **decoders, "text": text}, base, decoders, text)


def decoder_name(kind: Kind, seed: int) -> str:
    """What a decoder is called among the weights; of EMMA there may be several."""
    return {"emma": f"emma-{seed}", "mma-il": "mma"}.get(kind, kind)


def trained(
    job: Job, checkpoints: Mapping[str, Path], base: Path | None, decoders: Mapping[str, Path],
    text: Path | None = None,
) -> Trained:
    """What was made, and weights if they are wanted."""
    from . import stages

    weights = None
    if job.export and base is not None:
        weights = stages.make_weights(job, base, decoders, text)
    logs = {name: job.out / f"{name}.log.jsonl" for name in checkpoints}
    return Trained(checkpoints, logs, weights)
