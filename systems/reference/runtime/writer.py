"""Frames in, pieces of text out: one utterance of one decoder.

Tokens are *committed* by :meth:`Writer.push`.  :meth:`Writer.next` asks for the one that would
follow, as often as one likes while more is heard; what the decoder thought of the committed tokens
is kept, each with the source it could see when the next one was chosen, as in training.

A monotonic decoder (MMA, EMMA) says besides how likely each head stops reading at each chunk.
MMA's heads go on from where they stopped for the token before, so its tokens are computed one at
a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ..pieces import END, tag
from ..shape import CHUNK_FRAMES
from .models import Array, DecoderModel, empty

_STOPS: Final = "stops"

LONGEST_PER_FRAME: Final = 0.6
LONGEST_AT_LEAST: Final = 20
"""A greedy translation has at most ``LONGEST_PER_FRAME * frames + LONGEST_AT_LEAST`` pieces.

Of the training speech none needs ``0.6 * frames + 15``.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """What the decoder says about the token to come, and where it looked."""

    logits: npt.NDArray[np.float32]
    """``[pieces]``, not normalised."""
    attention: npt.NDArray[np.float32]
    """``[layers, heads, frames]`` to all frames heard; zero where not visible."""
    p_choose: npt.NDArray[np.float32] | None
    """``[layers, heads, chunks]`` visible: probability to stop reading there; monotonic decoders
    only."""

    @property
    def best(self) -> int:
        """The likeliest piece."""
        return int(self.logits.argmax())


class Writer:
    """The translation of one utterance into ``lang``, token by token.

    ``threshold``: from which probability on a head of a monotonic decoder stops.

    Raises
    ------
    ConfigError
        The models do not know ``lang``.
    """

    def __init__(self, model: DecoderModel, lang: str, threshold: float = 0.5) -> None:
        self._model = model
        self._threshold = np.array(threshold, np.float32)
        self._inputs = [tag(lang)]
        step = model.step
        self._names = [name for name in step.inputs if name.startswith("past_")]
        self._monotonic = "start" in step.inputs
        # States of the first inputs; and, tentatively, of all.  Axis 2 counts inputs.
        self._kept: dict[str, Array] = {name: empty(step, name) for name in self._names}
        if self._monotonic:
            layers, heads = self._kept[self._names[0]].shape[:2]
            self._kept[_STOPS] = np.zeros((layers, heads, 0), np.int64)
        self._tried: dict[str, Array] | None = None
        # Of the source: axis 2 counts frames, or chunks.
        self._memory = {name: empty(step, name) for name in model.memory.outputs}

    @property
    def tokens(self) -> tuple[int, ...]:
        """Committed pieces, without the language's tag."""
        return tuple(self._inputs[1:])

    @property
    def heard(self) -> int:
        """Frames heard."""
        return int(self._memory["memory_keys"].shape[2])

    @property
    def limit(self) -> int:
        """How many pieces what is heard may at most be translated to."""
        return int(LONGEST_PER_FRAME * self.heard) + LONGEST_AT_LEAST

    def hear(self, frames: npt.NDArray[np.float32]) -> None:
        """Append encoder frames ``[n, width]`` to what can be attended to.

        Raises
        ------
        ValueError
            A monotonic decoder was given less than whole chunks.
        """
        if not len(frames):
            return
        if self._monotonic and len(frames) % CHUNK_FRAMES:
            raise ValueError(f"{len(frames)} frames: monotonic decoders hear whole chunks")
        found = self._model.memory(frames=frames[None], first=np.array(self.heard, np.int64))
        self._memory = {name: np.concatenate([known, found[name]], axis=2)
                        for name, known in self._memory.items()}

    def next(self, visible: int | None = None) -> Step:
        """What comes after the committed tokens, seeing the first ``visible`` frames (default all).

        Committed tokens whose states are not kept (pushed without being asked for, or after
        :meth:`refresh`) are computed on the way and see as much.

        Raises
        ------
        ValueError
            ``visible`` is not between 1 and the frames heard (for a monotonic decoder: not whole
            chunks).
        """
        seen = self.heard if visible is None else visible
        if not 1 <= seen <= self.heard or (self._monotonic and seen % CHUNK_FRAMES):
            raise ValueError(
                f"visible={visible}: {self.heard} frames have been heard"
                + (f"; not whole chunks of {CHUNK_FRAMES}" if self._monotonic else "")
            )
        if not self._monotonic:
            found, self._tried = self._soft_step(seen)
            return Step(found["logits"][-1], found["attention"][:, :, -1], None)
        state = self._kept
        for _ in range(len(self._inputs) - self._states):
            found, state = self._monotonic_step(seen, state)
        self._tried = state
        hidden = [(0, 0), (0, 0), (0, self.heard - found["attention"].shape[-1])]
        return Step(found["logits"][-1], np.pad(found["attention"][:, :, -1], hidden),
                    found["p_choose"][:, :, -1])

    def _soft_step(self, seen: int) -> tuple[dict[str, Array], dict[str, Array]]:
        """All inputs without states at once: what the decoder says, and the states then."""
        first = self._states
        new = self._inputs[first:]
        found = self._model.step(
            tokens=np.array([new], np.int64), first=np.array(first, np.int64),
            visible=np.full((1, len(new)), seen, np.int64), **self._memory, **self._kept,
        )
        return found, {name: found[name.replace("past_", "kept_")] for name in self._names}

    def _monotonic_step(
        self, seen: int, state: dict[str, Array]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """The input after those that ``state`` is of."""
        stops = state[_STOPS]
        first = stops.shape[2]
        chunks = seen // CHUNK_FRAMES
        memory = {name: known[:, :, : chunks if name == "memory_units" else chunks * CHUNK_FRAMES]
                  for name, known in self._memory.items()}
        found = self._model.step(
            tokens=np.array([self._inputs[first : first + 1]], np.int64),
            first=np.array(first, np.int64), threshold=self._threshold,
            start=stops[:, :, -1] if first else np.zeros(stops.shape[:2], np.int64),
            **memory, **{name: state[name] for name in self._names},
        )
        after = {name: found[name.replace("past_", "kept_")] for name in self._names}
        after[_STOPS] = np.concatenate([stops, found["stops"]], axis=2)
        return found, after

    def push(self, token: int) -> None:
        """Commit ``token``; the states of the last :meth:`next` become those of the tokens before.
        """
        if self._tried is not None:
            self._kept, self._tried = self._tried, None
        self._inputs.append(int(token))

    def rewind(self, count: int) -> None:
        """Take back the last ``count`` committed tokens, with what was kept of them.

        Raises
        ------
        ValueError
            Fewer have been committed.
        """
        if not 0 <= count < len(self._inputs):
            raise ValueError(f"rewind({count}): {len(self._inputs) - 1} tokens are committed")
        if count:
            del self._inputs[-count:]
            # The new last token is asked about again: its own states are to be computed anew.
            self._keep(len(self._inputs) - 1)

    def refresh(self) -> None:
        """Forget what was thought of the committed tokens: all is seen anew with what is heard."""
        self._keep(0)

    def clone(self) -> Writer:
        """A writer that goes on from here on its own; shares what both have in common."""
        twin = copy(self)
        twin._inputs = list(self._inputs)
        return twin

    def greedy(
        self, limit: int | None = None, visible: int | None = None, no_repeat: int = 0
    ) -> tuple[int, ...]:
        """The likeliest pieces after the committed ones, which stay as they are.

        Ends with ``END`` where the decoder ended; otherwise ``limit`` pieces were reached, the
        committed ones counted (default :attr:`limit`).  ``no_repeat``: no sequence of that many
        pieces is said twice; 0 to allow all.
        """
        twin = self.clone()
        most = self.limit if limit is None else limit
        while len(twin.tokens) < most:
            logits = twin.next(visible).logits
            banned = repeating(twin.tokens, no_repeat)
            if banned:
                logits = logits.copy()
                logits[banned] = -np.inf
            twin.push(int(logits.argmax()))
            if twin.tokens[-1] == END:
                break
        return twin.tokens[len(self.tokens) :]

    @property
    def _states(self) -> int:
        """How many inputs have their states kept."""
        return int(self._kept[self._names[0]].shape[2])

    def _keep(self, count: int) -> None:
        self._tried = None
        if self._states > count:
            self._kept = {name: kept[:, :, :count] for name, kept in self._kept.items()}


def repeating(tokens: Sequence[int], size: int) -> list[int]:
    """Pieces that would complete, after ``tokens``, a sequence of ``size`` said before."""
    if size < 1 or len(tokens) < size:
        return []
    last = tuple(tokens[len(tokens) - size + 1 :])
    return [tokens[at + size - 1] for at in range(len(tokens) - size + 1)
            if tuple(tokens[at : at + size - 1]) == last]
