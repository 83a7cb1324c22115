"""What a service has said, as segments that it may still change, turned into writes.

Services append, send a sentence anew as it grows, or send all of it each time.  Each change is
compared with what stood: only what differs is taken back.
"""

from __future__ import annotations

from s2st_bench.types import Write

WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
"""Languages that write no spaces between sentences."""


class Transcript:
    """Segments in the order in which they were first heard of."""

    def __init__(self, separator: str = " ") -> None:
        self._separator = separator
        self._texts: list[str] = []
        self._shown: list[str] = []
        """Each segment with what separates it from the one before."""
        self._ids: dict[str, int] = {}
        self._open: int | None = None
        self._since = 0
        """The first segment of this connection."""

    def append(self, text: str, *, join: str = "", retract: str | int = 0,
               segment: str = "") -> Write | None:
        """Put text behind a segment, after taking back from its end."""
        at = self._find(segment)
        stood = self._texts[at]
        if retract:
            n = len(retract) if isinstance(retract, str) else retract
            if not 0 <= n <= len(stood):
                raise ValueError(f"takes back {n} characters where {len(stood)} stand")
            stood = stood[: len(stood) - n]
        glue = join if stood and text else ""
        return self._set(at, stood + glue + text)

    def replace(self, text: str, segment: str = "") -> Write | None:
        """Set a segment's text."""
        return self._set(self._find(segment), text)

    def full(self, text: str) -> Write | None:
        """Set all that was said on this connection."""
        first = min(self._since, len(self._texts))
        before = self._tail(first)
        del self._texts[first:], self._shown[first:]
        self._ids = {name: at for name, at in self._ids.items() if at < first}
        self._open = None
        self._texts[self._find("")] = text
        return self._changed(first, before)

    def close(self) -> None:
        """The open segment is done."""
        self._open = None

    def reconnected(self) -> None:
        """What was said stays; what follows belongs to another connection."""
        self._open = None
        self._since = len(self._texts)
        self._ids = {}

    def _find(self, segment: str) -> int:
        at = self._ids.get(segment) if segment else self._open
        if at is None:
            at = len(self._texts)
            self._texts.append("")
            self._shown.append("")
            if segment:
                self._ids[segment] = at
        self._open = at
        return at

    def _set(self, at: int, text: str) -> Write | None:
        before = self._tail(at)
        self._texts[at] = text
        return self._changed(at, before)

    def _changed(self, at: int, before: str) -> Write | None:
        """The write that turns what stood from segment ``at`` on into what stands now."""
        for i in range(at, len(self._texts)):
            self._shown[i] = self._lead(i) + self._texts[i]
        after = self._tail(at)
        if after == before:
            return None
        same = common_prefix(before, after)
        return Write(after[same:], retract_chars=len(before) - same)

    def _lead(self, at: int) -> str:
        text = self._texts[at]
        last = next((self._texts[i] for i in range(at - 1, -1, -1) if self._texts[i]), "")
        if not text or not last or text[0].isspace() or last[-1].isspace():
            return ""
        return self._separator

    def _tail(self, at: int) -> str:
        return self._shown[at] if at == len(self._shown) - 1 else "".join(self._shown[at:])


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
