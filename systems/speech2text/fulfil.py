"""Fulfils sessions' wishes: one at a time with every stage measured, or many together."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import groupby

from s2st_bench.system import Meter
from s2st_bench.types import Read, Samples, Speech, Write

from .model import Encoded, Model
from .session import Answered, Decode, Speak, Turn
from .speaking import Speaker


class Fulfiller:
    """A model and, where it speaks, its voice."""

    def __init__(self, model: Model, speaker: Speaker | None) -> None:
        self._model = model
        self._speaker = speaker

    def alone(self, turn: Turn, meter: Meter) -> Generator[Write, None, Read]:
        """One session's turn; time goes to the stages encoder, decoder, t2u and vocoder."""
        answer: Answered | None = None
        while True:
            try:
                wish = turn.send(answer)
            except StopIteration as stop:
                return stop.value if isinstance(stop.value, Read) else Read()
            answer = None
            if isinstance(wish, Write):
                yield wish
            else:
                answer = self._one(wish, meter)

    def translation(
        self, samples: Samples, prompt: tuple[int, ...], meter: Meter
    ) -> tuple[int, ...]:
        """The tokens of all of ``samples`` at once."""
        found = self._one(Decode(samples, prompt), meter).decoded
        return found.ids if found is not None else ()

    def together(self, turns: Sequence[Turn]) -> list[tuple[list[Write], Read]]:
        """Several sessions' turns, what they want at the same time fulfilled together."""
        written: list[list[Write]] = [[] for _ in turns]
        reads = [Read()] * len(turns)
        answers: dict[int, Answered | None] = dict.fromkeys(range(len(turns)))
        while answers:
            wishes: dict[int, Decode | Speak] = {}
            for number, answer in answers.items():
                try:
                    wish = turns[number].send(answer)
                    while isinstance(wish, Write):
                        written[number].append(wish)
                        wish = turns[number].send(None)
                    wishes[number] = wish
                except StopIteration as stop:
                    reads[number] = stop.value if isinstance(stop.value, Read) else Read()
            answers = {**self._many({n: w for n, w in wishes.items() if isinstance(w, Decode)}),
                       **{n: self._one(w, Meter()) for n, w in wishes.items()
                          if isinstance(w, Speak)}}
        return list(zip(written, reads, strict=True))

    def _one(self, wish: Decode | Speak, meter: Meter) -> Answered:
        if isinstance(wish, Speak):
            return Answered(speech=self._spoken(wish, meter))
        with meter.stage("encoder"):
            encoded = self._model.encode([wish.samples])
        with meter.stage("decoder"):
            decoded = self._model.decode(encoded, [(*wish.prompt, *wish.committed)],
                                         [len(wish.prompt)], [wish.stop])[0]
        return Answered(decoded, encoded)

    def _many(self, wishes: dict[int, Decode]) -> dict[int, Answered | None]:
        """Those that may be decoded together are: equally long unless the model pads, and with
        several beams equally much committed.
        """
        def kind(number: int) -> tuple[int, int]:
            wish = wishes[number]
            return (0 if self._model.pads else len(wish.samples),
                    len(wish.committed) if self._model.beams > 1 else 0)

        answers: dict[int, Answered | None] = {}
        for _, numbers in groupby(sorted(wishes, key=kind), key=kind):
            group = list(numbers)
            batch = [wishes[number] for number in group]
            encoded = self._model.encode([wish.samples for wish in batch])
            found = self._model.decode(
                encoded, [(*wish.prompt, *wish.committed) for wish in batch],
                [len(wish.prompt) for wish in batch], [wish.stop for wish in batch])
            for row, (number, decoded) in enumerate(zip(group, found, strict=True)):
                own = Encoded(encoded.hidden[row : row + 1], None, encoded.frames[row : row + 1])
                answers[number] = Answered(decoded, own)
        return answers

    def _spoken(self, wish: Speak, meter: Meter) -> Speech:
        if self._speaker is None:
            raise TypeError("this system does not speak")
        with meter.stage("t2u"):
            units = self._speaker.units(wish.encoded, wish.prompt, wish.ids, wish.first)
        with meter.stage("vocoder"):
            return self._speaker.voice(units, wish.lang)
