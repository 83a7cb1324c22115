"""Frames in, pieces of text out: one utterance of one decoder.

Tokens are *committed* by :meth:`Writer.push`.  :meth:`Writer.next` asks for the one that would
follow, as often as one likes while more is heard; what the decoder thought of the committed tokens
is kept, each with the source it could see when the next one was chosen, as in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ..pieces import END, tag
from .models import Array, DecoderModel, empty

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
    """``[layers, heads, positions]``: probability to stop reading there (monotonic decoders)."""

    @property
    def best(self) -> int:
        """The likeliest piece."""
        return int(self.logits.argmax())


class Writer:
    """The translation of one utterance into ``lang``, token by token.

    Raises
    ------
    ConfigError
        The models do not know ``lang``.
    """

    def __init__(self, model: DecoderModel, lang: str) -> None:
        self._model = model
        self._inputs = [tag(lang)]
        step = model.step
        self._names = [name for name in step.inputs if name.startswith("past_")]
        # Of the first inputs, as many as have states; and of those and the rest, tentatively.
        self._kept: dict[str, Array] = {name: empty(step, name, past=0) for name in self._names}
        self._tried: dict[str, Array] | None = None
        self._keys = empty(step, "memory_keys", frames=0)
        self._values = empty(step, "memory_values", frames=0)

    @property
    def tokens(self) -> tuple[int, ...]:
        """Committed pieces, without the language's tag."""
        return tuple(self._inputs[1:])

    @property
    def heard(self) -> int:
        """Frames heard."""
        return int(self._keys.shape[2])

    @property
    def limit(self) -> int:
        """How many pieces what is heard may at most be translated to."""
        return int(LONGEST_PER_FRAME * self.heard) + LONGEST_AT_LEAST

    def hear(self, frames: npt.NDArray[np.float32]) -> None:
        """Append encoder frames ``[n, width]`` to what can be attended to."""
        if not len(frames):
            return
        found = self._model.memory(frames=frames[None], first=np.array(self.heard, np.int64))
        self._keys = np.concatenate([self._keys, found["memory_keys"]], axis=2)
        self._values = np.concatenate([self._values, found["memory_values"]], axis=2)

    def next(self, visible: int | None = None) -> Step:
        """What comes after the committed tokens, seeing the first ``visible`` frames (default all).

        Committed tokens whose states are not kept (pushed without being asked for, or after
        :meth:`refresh`) are computed on the way and see as much.

        Raises
        ------
        ValueError
            ``visible`` is not between 1 and the frames heard.
        """
        seen = self.heard if visible is None else visible
        if not 1 <= seen <= self.heard:
            raise ValueError(f"visible={visible}: {self.heard} frames have been heard")
        first = self._states
        new = self._inputs[first:]
        found = self._model.step(
            tokens=np.array([new], np.int64), first=np.array(first, np.int64),
            visible=np.full((1, len(new)), seen, np.int64),
            memory_keys=self._keys, memory_values=self._values, **self._kept,
        )
        self._tried = {name: found[name.replace("past_", "kept_")] for name in self._names}
        p_choose = found.get("p_choose")
        return Step(
            found["logits"][-1], found["attention"][:, :, -1],
            None if p_choose is None else p_choose[:, :, -1],
        )

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
