"""What an agent of SimulEval 1.0 finds as ``simuleval.states``.

An agent reads *segments* (a source token; the samples of a stretch of speech), which it splits
into *units* of its own (sub-words, feature frames); it predicts units, which it joins into
segments (words).  Units wait in ``unit_queue`` between the two.  ``states.units.source`` and its
three siblings may be replaced by the agent with entries of its own.

Written from the interface of SimulEval 1.0.2 (commit d1a8b2f), none of its code.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

DEFAULT_EOS = "</s>"


class Entry:
    """A growing value; what is added must be of ``new_value_type``, if there is one."""

    def __init__(self, value: Any, new_value_type: type | None) -> None:
        self.value = value
        self.new_value_type = new_value_type

    def preprocess(self, value: Any) -> Any:
        """What is added to ``self.value`` for ``value``."""
        return value

    def update(self, new_value: Any) -> None:
        wanted = self.new_value_type
        if wanted is not None and not isinstance(new_value, wanted):
            raise TypeError(
                f"the agent added {new_value!r} where a {wanted.__name__} is wanted; an agent "
                "with other units replaces the entry (states.units.target = ListEntry())"
            )
        self.value += self.preprocess(new_value)


class ListEntry(Entry):
    """A list."""

    def __init__(self, new_value_type: type | None = None, value: Any = None) -> None:
        super().__init__([] if value is None else value, new_value_type)

    def preprocess(self, value: Any) -> Any:
        return [value]

    def append(self, value: Any) -> None:
        self.update(value)

    def length(self) -> int:
        return len(self.value)

    def info(self) -> dict[str, Any]:
        shown = " ".join(map(str, self.value))
        return {"type": str(self.new_value_type), "length": len(self), "value": shown}

    def __len__(self) -> int:
        return self.length()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.value)

    def __getitem__(self, index: Any) -> Any:
        return self.value[index]

    def __str__(self) -> str:
        return json.dumps(self.info(), indent=4)

    __repr__ = __str__


class SignalEntry(ListEntry):
    """A list of samples, which is not printed."""

    def info(self) -> dict[str, Any]:
        return {**super().info(), "value": len(self.value)}


class QueueEntry(ListEntry):
    """First in, first out; an empty one pops none."""

    def __init__(self, new_value_type: type | None = None, value: Any = None) -> None:
        super().__init__(new_value_type, deque() if value is None else value)

    def push(self, value: Any) -> None:
        self.value.append(value)

    def pop(self) -> Any:
        return self.value.popleft() if self.value else None

    def empty(self) -> bool:
        return not self.value

    def clear(self) -> None:
        self.value.clear()


class BothSides:
    """An entry of the source and one of the target."""

    def __init__(self, source: Any, target: Any) -> None:
        self.source = source
        self.target = target


class BaseStates:
    """One recording as the agent sees it; ``client`` gives its source and takes its words."""

    def __init__(self, args: Any, client: Any, instance_id: int, agent: Any) -> None:
        self.client = client
        self.instance_id = instance_id
        self.agent = agent
        self.status = {"read": True, "write": True}
        self.init_entries()

    def init_entries(self) -> None:
        self.unit_queue = BothSides(QueueEntry(), QueueEntry())
        self.units = BothSides(ListEntry(), ListEntry(str))
        self.segments = BothSides(ListEntry(), ListEntry(str))

    @property
    def source(self) -> Any:
        return self.units.source

    @property
    def target(self) -> Any:
        return self.units.target

    def finish_read(self) -> bool:
        """Whether the end of the source has been read."""
        return not self.status["read"]

    def finish_hypo(self) -> bool:
        """Whether the agent has written the end of the sentence."""
        return not self.status["write"]

    def segment_to_units(self, segment: Any) -> Any:
        return self.agent.segment_to_units(segment, self)

    def units_to_segment(self, unit_queue: Any) -> Any:
        return self.agent.units_to_segment(unit_queue, self)

    def get_info_from_server(self, num_segment: int) -> dict[str, Any]:
        info: dict[str, Any] = self.client.get_source(self.instance_id)
        return info

    def update_source(self, num_segment: int = 1) -> None:
        """READ: one unit, from the queue or from ``num_segment`` new segments."""
        if self.finish_read():
            return
        queue = self.unit_queue.source
        if queue.empty():
            self.update_source_segment(num_segment)
        if not queue.empty():
            self.units.source.append(queue.pop())
        self.agent.update_states_read(self)

    def update_source_segment(self, num_segment: int = 1) -> None:
        info = self.get_info_from_server(num_segment)
        segment = info["segment"]
        self.segments.source.append(segment)
        # The end of the source is a segment of its own, in speech too.
        if isinstance(segment, str) and segment == DEFAULT_EOS:
            self.status["read"] = False
            return
        for unit in self.segment_to_units(segment):
            self.unit_queue.source.push(unit)

    def pop_all_units_source(self) -> None:
        while not self.unit_queue.source.empty():
            self.units.source.append(self.unit_queue.source.pop())

    def update_target(self, unit: Any) -> None:
        """WRITE: one unit, and the segments that it completes."""
        if self.finish_hypo():
            return
        self.unit_queue.target.push(unit)
        self.units.target.append(unit)
        self.update_target_segment()
        self.agent.update_states_write(self)

    def update_target_segment(self) -> None:
        joined = self.units_to_segment(self.unit_queue.target)
        if joined is None:
            return
        for segment in [joined] if isinstance(joined, str) else joined:
            self.segments.target.append(segment)
            self.client.send_hypo(self.instance_id, segment)
            if segment == DEFAULT_EOS:
                self.status["write"] = False
                return

    def summarize(self) -> dict[str, Any]:
        return {
            "finish_read": self.finish_read(),
            "finish_hypo": self.finish_hypo(),
            "segments": self._sides(self.segments),
            "units": self._sides(self.units),
            "unit_queue": self._sides(self.unit_queue),
        }

    @staticmethod
    def _sides(entries: BothSides) -> dict[str, Any]:
        return {"source": entries.source.info(), "target": entries.target.info()}

    def __str__(self) -> str:
        return json.dumps(self.summarize(), indent=4, default=str)

    __repr__ = __str__


class TextStates(BaseStates):
    """Source segments are tokens."""


class SpeechStates(BaseStates):
    """Source segments are lists of samples, ``agent.speech_segment_size`` milliseconds each."""

    sample_rate = 0

    def get_info_from_server(self, num_segment: int) -> dict[str, Any]:
        wanted = {"segment_size": num_segment * self.agent.speech_segment_size}
        info: dict[str, Any] = self.client.get_source(self.instance_id, wanted)
        self.sample_rate = info["sample_rate"]
        return info

    def num_samples(self) -> int:
        return sum(len(segment) for segment in self.segments.source)

    def num_milliseconds(self) -> int:
        return round(self.num_samples() * 1000 / self.sample_rate) if self.sample_rate else 0
