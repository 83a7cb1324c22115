"""ESPnet-ST-v2 through its streaming class.

``espnet2.bin.st_inference_streaming.Speech2TextStreaming`` takes the next stretch of speech and
answers with hypotheses of all it has heard: ``[(text, tokens, ids, hypothesis), …]``, best first,
or nothing yet.  It holds one utterance at a time, and forgets it with ``is_final``.

Models with a contextual-block encoder (``contextual_block_conformer``,
``contextual_block_transformer``) keep their state between stretches; others encode each stretch by
itself, or, behind an S3PRL frontend, are given all that was heard each time.  That is what ESPnet's
own command does with ``--sim_chunk_length``.

Units: samples are mono ``float32[n]`` within [-1, 1] at the rate the model was trained for.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from s2st_bench.edits import difference
from s2st_bench.errors import ConfigError, SystemFailure, UsageError
from s2st_bench.policy import Committer, make_stability
from s2st_bench.system import Answer, HypothesisSession, HypothesisSystem, Observation
from s2st_bench.types import AudioChunk, Read, Recording, Samples, Task, TextChunk, Write

MODULE = "espnet2.bin.st_inference_streaming"
INSTALL = "pip install espnet (in an environment of its own, see the card)"
LAST_FRAMES = 20
"""Frames that the last call gets at least, by silence where the recording's end is shorter: the
convolutions (conv2d to conv2d8) fail on fewer than 15."""
_NEEDS = {
    "train_config": "the model's exp/st_train_…/config.yaml",
    "model_file": "its weights beside it, valid.….pth",
}


class Espnet(HypothesisSystem):
    """An ESPnet-ST model.

    Parameters
    ----------
    train_config, model_file
        The model's ``config.yaml`` and ``.pth``, inside ``root`` or anywhere.
    root
        The folder that the paths inside ``config.yaml`` are relative to (the unpacked model);
        none: the working folder.
    sim_chunk_length
        Samples a call, as the option of the same name; the run's chunks are gathered to it.
    sample_rate_hz
        The rate the model was trained for.
    retract
        Show every hypothesis and take back what changed; otherwise only what follows the words
        said is written, the last word of a hypothesis when it is followed by another.
    options
        Further arguments of ``Speech2TextStreaming``: ``bpemodel``, ``beam_size``, ``ctc_weight``,
        ``hold_n``, ``incremental_decode``, ``time_sync``, ``transducer_conf``, ….
    """

    sources = frozenset({"speech"})
    outputs = frozenset({"text"})

    def __init__(
        self,
        *,
        train_config: Path | None = None,
        model_file: Path | None = None,
        root: Path | None = None,
        sim_chunk_length: int = 10_240,
        sample_rate_hz: int = 16_000,
        retract: bool = False,
        options: dict[str, Any] | None = None,
    ) -> None:
        given = {"train_config": train_config, "model_file": model_file}
        if missing := [f"system.{name}=… ({what})" for name, what in _NEEDS.items()
                       if given[name] is None]:
            raise ConfigError(f"give {', '.join(missing)}")
        if sim_chunk_length < 1:
            raise ConfigError(f"system.sim_chunk_length={sim_chunk_length}: at least 1 is wanted")
        self.train_config = train_config
        self.model_file = model_file
        self.root = root
        self.sim_chunk_length = sim_chunk_length
        self.sample_rate_hz = sample_rate_hz
        self.retract = retract
        self.options = dict(options or {})
        self._model: Any = None
        self._cuda = False
        self._busy = False

    def load(self, device: str = "cpu") -> None:
        """Build the model.

        Raises
        ------
        UsageError
            ESPnet is not installed.
        ConfigError
            A file is missing, or ESPnet refuses the model or an option.
        """
        if importlib.util.find_spec("espnet2") is None:
            raise UsageError(f"system=espnet needs the package espnet: {INSTALL}")
        root = Path.cwd() if self.root is None else self.root
        if not root.is_dir():
            raise ConfigError(f"system.root={root}: no such folder")
        paths = {"st_train_config": self.train_config, "st_model_file": self.model_file}
        for name, path in paths.items():
            if not (root / str(path)).is_file():
                option = name.removeprefix("st_")
                raise ConfigError(f"system.{option}={path}: no such file in {root}")
        streaming = importlib.import_module(MODULE).Speech2TextStreaming
        # Paths in the model's own config.yaml are relative to where it was trained.
        with contextlib.chdir(root):
            try:
                self._model = streaming(
                    **{name: str(path) for name, path in paths.items()},
                    device=device, **self.options,
                )
            except Exception as error:
                raise ConfigError(
                    f"system=espnet: ESPnet refuses the model or an option "
                    f"({type(error).__name__}: {error})"
                ) from error
        self._cuda = device.startswith("cuda")

    def open_hypothesis(
        self, task: Task, recording: Recording | None = None
    ) -> EspnetSession:
        """A fresh session.

        Raises
        ------
        SystemFailure
            It was not loaded, cannot do the task, or is in use.
        """
        if self._model is None:
            raise SystemFailure("system=espnet was not loaded")
        if reason := self.supports(task):
            raise SystemFailure(f"the model {reason}")
        if self._busy:
            raise SystemFailure(
                "ESPnet's streaming class holds one utterance at a time: raise executor.workers"
            )
        session = EspnetSession(self._model, self.sim_chunk_length, self.retract, self._release)
        self._busy = True
        return session

    def open(self, task: Task) -> EspnetSession:
        return self.open_hypothesis(task)

    def supports(self, task: Task) -> str | None:
        if reason := super().supports(task):
            return reason
        if task.sample_rate_hz != self.sample_rate_hz:
            return (f"hears {self.sample_rate_hz} Hz, not {task.sample_rate_hz}: give "
                    f"sample_rate_hz={self.sample_rate_hz}")
        return None

    def synchronize(self) -> None:
        if self._cuda:
            import torch

            torch.cuda.synchronize()

    def _release(self) -> None:
        self._busy = False


class EspnetSession(HypothesisSession):
    """One listener's use of the model."""

    def __init__(
        self, model: Any, size: int, retract: bool, on_close: Callable[[], None]
    ) -> None:
        self._model = model
        self._size = size
        self._on_close = on_close
        self._prefixes = type(model.st_model.frontend).__name__ == "S3prlFrontend"
        self._kept: Samples = np.empty(0, np.float32)
        self._heard: Samples = np.empty(0, np.float32)
        self._text = ""
        self._shown = ""
        self._committer = None if retract else Committer(make_stability("hold", {"n": 1}))
        self._rate_hz = 0
        model.reset()

    def accept(self, chunk: AudioChunk | TextChunk) -> None:
        if isinstance(chunk, AudioChunk):
            self._rate_hz = chunk.sample_rate_hz
            self._kept = np.concatenate((self._kept, chunk.samples))

    def hypothesis(self, is_last: bool) -> str:
        """The best hypothesis; short of a chunk before the end, the one before."""
        while len(self._kept) > self._size or (len(self._kept) == self._size and not is_last):
            self._decode(self._kept[: self._size], is_final=False)
            self._kept = self._kept[self._size :]
        if is_last:
            self._decode(self._kept, is_final=True)
            self._kept = self._kept[:0]
        return self._text

    def policy(self, observation: Observation) -> Answer:
        if observation.chunk is not None:
            self.accept(observation.chunk)
        wanted = self.hypothesis(observation.is_last)
        writes = self._writes(wanted, observation.is_last)
        return writes or Read(self._missing_s)

    def close(self) -> None:
        self._on_close()

    @property
    def _missing_s(self) -> float:
        return (self._size - len(self._kept)) / self._rate_hz if self._rate_hz else 0.0

    def _writes(self, wanted: str, is_last: bool) -> list[Write]:
        if self._committer is None:
            retract, text = difference(self._shown, wanted)
        else:
            words = wanted.split()
            new = self._committer.finish(words) if is_last else self._committer.push(words)
            retract, text = 0, " ".join(new)
            text = f" {text}" if text and self._shown else text
        self._shown = self._shown[: len(self._shown) - retract] + text
        return [Write(text, retract_chars=retract)] if text or retract else []

    def _decode(self, samples: Samples, is_final: bool) -> None:
        """One call of the model; what it says now, if it says anything, is the hypothesis."""
        if self._prefixes:
            self._heard = samples = np.concatenate((self._heard, samples))
        if is_final:
            least = self._model.win_length + LAST_FRAMES * self._model.hop_length
            samples = np.pad(samples, (0, max(0, least - len(samples))))
        results = self._model(np.ascontiguousarray(samples), is_final=is_final)
        if results:
            text, tokens, *_ = results[0]
            self._text = " ".join(tokens) if text is None else text.strip()
