"""COMET (Rei et al. 2020), XCOMET (Guerreiro et al. 2024) and COMET-Kiwi (Rei et al. 2022) by
unbabel-comet, which loads the checkpoint and predicts.

A local checkpoint is the ``.ckpt`` file or the folder that holds ``checkpoints/model.ckpt``;
``hparams.yaml`` stands in that folder.  Loading a ``.ckpt`` runs what is pickled in it: use
checkpoints of people you trust.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from s2st_bench.checkpoints import digest, local_folder, pick_device
from s2st_bench.errors import ConfigError, DependencyError, InputError
from s2st_bench.types import MetricSpec

from .model_metric import ModelMetric, Texts

_WITH_REFERENCE = frozenset({"text", "reference", "transcript"})
_LOGGERS = ("pytorch_lightning", "lightning", "lightning.pytorch", "comet")


class COMET(ModelMetric):
    """Quality of hypothesis, source and reference."""

    spec = MetricSpec("COMET", "", True, _WITH_REFERENCE, source="unbabel-comet")
    package = "unbabel-comet"
    worst = 0.0

    def __init__(
        self, *, aware: bool = False, checkpoint: str = "Unbabel/wmt22-comet-da",
        batch_size: int = 16, device: str = "auto",
    ) -> None:
        super().__init__(aware=aware, checkpoint=checkpoint, batch_size=batch_size, device=device)
        if device not in ("auto", "cpu", "cuda"):
            raise ConfigError(f"{self.spec.name}: device={device!r}: auto, cpu or cuda is wanted")
        self._model: Any = None

    def load(self) -> str:
        if self._model is not None:
            return self._digest
        feature = f"metric {self.spec.name}"
        path = _file(local_folder(self.checkpoint, feature))
        with _quiet():
            try:
                import comet
            except ImportError as error:
                raise DependencyError(error.name or "comet", feature, "comet") from None
            try:
                model = comet.load_from_checkpoint(str(path))
            except Exception as error:  # unpickling somebody's file may fail in any way
                reason = " ".join(str(error).split())[:300]
                raise InputError(f"{feature}: {path}: unbabel-comet cannot load it "
                                 f"({type(error).__name__}: {reason})") from error
        if model.requires_references() and "reference" not in self.spec.needs:
            raise InputError(f"{feature}: {path}: this checkpoint needs references; score it as "
                             "COMET or XCOMET")
        self._model = model
        return digest(path)

    def predict(self, texts: Sequence[Texts]) -> list[float]:
        samples = [self._sample(t) for t in texts]
        gpus = int(pick_device(self.device) == "cuda")
        with _quiet():
            found = self._model.predict(samples, batch_size=self.batch_size, gpus=gpus,
                                        accelerator="auto" if gpus else "cpu", num_workers=0,
                                        progress_bar=False)
        return [float(score) for score in found.scores]

    def _sample(self, texts: Texts) -> dict[str, str]:
        sample = {"src": texts.source, "mt": texts.hypothesis}
        return {**sample, "ref": texts.reference} if "reference" in self.spec.needs else sample


class XCOMET(COMET):
    """COMET of a model that also marks errors; its score here."""

    spec = MetricSpec("XCOMET", "", True, _WITH_REFERENCE, source="unbabel-comet")

    def __init__(
        self, *, aware: bool = False, checkpoint: str = "Unbabel/XCOMET-XL",
        batch_size: int = 8, device: str = "auto",
    ) -> None:
        super().__init__(aware=aware, checkpoint=checkpoint, batch_size=batch_size, device=device)


class COMETKiwi(COMET):
    """Quality of hypothesis and source, without a reference."""

    spec = MetricSpec("COMET-Kiwi", "", True, frozenset({"text", "transcript"}),
                      source="unbabel-comet")

    def __init__(
        self, *, aware: bool = False, checkpoint: str = "Unbabel/wmt22-cometkiwi-da",
        batch_size: int = 16, device: str = "auto",
    ) -> None:
        super().__init__(aware=aware, checkpoint=checkpoint, batch_size=batch_size, device=device)


def _file(path: Path) -> Path:
    """The ``.ckpt`` of a path or folder, its ``hparams.yaml`` in place."""
    file = path / "checkpoints" / "model.ckpt" if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"{file}: no such file; a COMET checkpoint is a .ckpt or the folder that "
                         "holds checkpoints/model.ckpt")
    hparams = file.absolute().parents[1] / "hparams.yaml"
    if not hparams.is_file():
        raise InputError(f"{hparams}: no such file; it says of which kind {file.name} is")
    return file


@contextmanager
def _quiet() -> Iterator[None]:
    """Without lightning's notes on hardware and its advertisements."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
