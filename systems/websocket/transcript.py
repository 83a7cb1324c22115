"""What a service has said, as segments that it may still change, turned into writes.

Services append, send a sentence anew as it grows, or send all of it each time.  Each change is
compared with what stood: only what differs is taken back.  Appending to the end costs no more
than what is appended, however much stands.
"""

from __future__ import annotations

from s2st_bench.types import Write

WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
"""Languages that write no spaces between sentences."""


class _Segment:
    """A text in parts, none of them empty, and what separates it from the one before."""

    __slots__ = ("lead", "parts")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.lead = ""

    @property
    def text(self) -> str:
        if len(self.parts) > 1:
            self.parts = ["".join(self.parts)]
        return self.parts[0] if self.parts else ""

    @text.setter
    def text(self, text: str) -> None:
        self.parts = [text] if text else []


class Transcript:
    """Segments in the order in which they were first heard of."""

    def __init__(self, separator: str = " ") -> None:
        self._separator = separator
        self._segments: list[_Segment] = []
        self._ids: dict[str, int] = {}
        self._open: int | None = None
        self._since = 0
        """The first segment of this connection."""

    @property
    def text(self) -> str:
        """All that stands."""
        return self._tail(0)

    def append(self, text: str, *, join: str = "", retract: str | int = 0,
               segment: str = "") -> Write | None:
        """Put text behind a segment, after taking back from its end.

        Raises
        ------
        ValueError
            More is taken back than the segment has.
        """
        at = self._find(segment)
        found = self._segments[at]
        if not retract and at == len(self._segments) - 1:
            return self._put_behind(found, at, (join if found.parts and text else "") + text)
        stood = found.text
        n = len(retract) if isinstance(retract, str) else retract
        if not 0 <= n <= len(stood):
            raise ValueError(f"takes back {n} characters where {len(stood)} stand")
        stood = stood[: len(stood) - n]
        return self._set(at, stood + (join if stood and text else "") + text)

    def replace(self, text: str, segment: str = "") -> Write | None:
        """Set a segment's text."""
        return self._set(self._find(segment), text)

    def full(self, text: str) -> Write | None:
        """Set all that was said on this connection."""
        before = self._tail(self._since)
        del self._segments[self._since :]
        self._ids = {}
        self._open = None
        at = self._find("")
        self._segments[at].text = text
        return self._changed(at, before)

    def close(self) -> None:
        """The open segment is done."""
        self._open = None

    def reconnected(self) -> None:
        """What was said stays; what follows belongs to another connection."""
        self._open = None
        self._since = len(self._segments)
        self._ids = {}

    def _find(self, segment: str) -> int:
        """The segment of an id, or the open one; made where there is none, and open then."""
        at = self._ids.get(segment) if segment else self._open
        if at is None:
            at = len(self._segments)
            self._segments.append(_Segment())
            if segment:
                self._ids[segment] = at
        self._open = at
        return at

    def _put_behind(self, last: _Segment, at: int, text: str) -> Write | None:
        if not text:
            return None
        starts = not last.parts
        last.parts.append(text)
        if starts:
            last.lead = self._lead(at)
        return Write(last.lead + text if starts else text)

    def _set(self, at: int, text: str) -> Write | None:
        before = self._tail(at)
        self._segments[at].text = text
        return self._changed(at, before)

    def _changed(self, at: int, before: str) -> Write | None:
        """The write that turns what stood from segment ``at`` on into what stands now."""
        for i in range(at, len(self._segments)):
            self._segments[i].lead = self._lead(i)
        after = self._tail(at)
        if after == before:
            return None
        same = common_prefix(before, after)
        return Write(after[same:], retract_chars=len(before) - same)

    def _lead(self, at: int) -> str:
        here = self._segments[at].parts
        before = next((s.parts for s in (self._segments[i] for i in range(at - 1, -1, -1))
                       if s.parts), None)
        if not here or before is None or here[0][0].isspace() or before[-1][-1].isspace():
            return ""
        return self._separator

    def _tail(self, at: int) -> str:
        return "".join(s.lead + s.text for s in self._segments[at:])


def common_prefix(a: str, b: str) -> int:
    """How many characters two texts share at the start."""
    if b.startswith(a):
        return len(a)
    low, high = 0, min(len(a), len(b))
    while low < high:  # slices compare faster than characters
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
