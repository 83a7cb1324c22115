"""Where in its talk a gold sentence lies: its samples, looked for in the talk's.

The sentences were cut out of the talks unchanged, so that all samples agree.  They follow one
another in time and may overlap: the search goes on from the *start* of the sentence before.  One
talk is in memory at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from s2st_bench.corpora import Finding, Place
from s2st_bench.corpora.lines import Lines


@dataclass(frozen=True, slots=True)
class Match:
    """Samples ``start`` to ``start + frames`` of a talk."""

    talk: str
    path: Path
    start: int
    frames: int
    rate_hz: int


@dataclass(frozen=True, slots=True)
class _Sound:
    data: bytes
    """16-bit samples."""
    rate_hz: int


class Talks:
    """The talks of a split, in the order of FILE_ORDER (else of their names)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "full_wavs"
        order = next((path for path in (folder / "FILE_ORDER", folder / "text" / "FILE_ORDER")
                      if path.is_file()), None)
        if order is None:
            self._names = sorted(path.stem for path in self._folder.glob("*.wav"))
        else:
            self._names = [line.strip().removesuffix(".wav") for line in Lines(order)
                           if line.strip()]
        self._now = ""
        self._sound: _Sound | Finding = Finding("missing-audio", None, "no talk is open", "")
        self._cursor = 0

    def find(self, sentence: Path, talk: str | None) -> Match | Finding:
        """The place of a sentence in its talk, or in the first talk from the last one on that has
        it; a finding (without place) where there is none.
        """
        sound = _read(sentence)
        if isinstance(sound, Finding):
            return sound
        if not sound.data:
            return Finding("empty-audio", None, f"audio {sentence} has no samples", "copy it again")
        if talk is not None:
            return self._in(talk, sentence, sound)
        at = self._names.index(self._now) if self._now in self._names else 0
        found: Match | Finding | None = None
        for name in self._names[at:]:
            found = self._in(name, sentence, sound)
            if isinstance(found, Match):
                return found
        return found or Finding("missing-audio", None, f"no talk in {self._folder}",
                                "unpack the archive again")

    def _in(self, talk: str, sentence: Path, sound: _Sound) -> Match | Finding:
        path = self._folder / f"{talk}.wav"
        if talk != self._now:
            self._now, self._sound, self._cursor = talk, _read(path), 0
        whole = self._sound
        if isinstance(whole, Finding):
            return whole
        if whole.rate_hz != sound.rate_hz:
            return Finding("sample-rate", None, f"{sentence} has {sound.rate_hz} Hz, its talk "
                           f"{path} {whole.rate_hz} Hz", "take both as they were distributed")
        for start in (self._cursor, 0):
            at = whole.data.find(sound.data, start)
            while at > 0 and at % 2:  # between two samples: chance
                at = whole.data.find(sound.data, at + 1)
            if at >= 0:
                self._cursor = at
                return Match(talk, path, at // 2, len(sound.data) // 2, sound.rate_hz)
        return Finding("not-in-talk", None, f"the samples of {sentence} are not in {path}",
                       "take both as they were distributed, or give times: "
                       "dataset.segments=acl6060.yaml")


def _read(path: Path) -> _Sound | Finding:
    """The samples of a mono file of 16 bits, or what is wrong with it."""
    import soundfile

    from s2st_bench.audio import info
    from s2st_bench.errors import AudioError

    try:
        header = info(path)
        if header.channels != 1 or not header.format.endswith("PCM_16"):
            return Finding("damaged-audio", Place(path), f"{path} is {header.format} with "
                           f"{header.channels} channels, not 16-bit mono",
                           "take it as it was distributed")
        samples, rate = soundfile.read(path, dtype="int16")
    except AudioError as error:
        kind = "damaged-audio" if path.exists() else "missing-audio"
        return Finding(kind, Place(path), f"audio: {error}",
                       "copy it from the corpus as it was distributed")
    return _Sound(samples.tobytes(), rate)
