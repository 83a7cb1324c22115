"""Any corpus in noise, at another speed, with longer pauses, or joined into long sessions.

Audio is described, not rendered: every recording is a cue (:mod:`s2st_bench.audio.cue`), played
when it is read.  Times of segments and words move with the audio; texts stay.  The order of the
work: recordings are joined, pauses stretched, the speed changed, noise added over all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from s2st_bench.cache import VARIABLE, standard_folder
from s2st_bench.corpora import Finding
from s2st_bench.corpus import Corpus, CorpusCard, fingerprint
from s2st_bench.errors import ConfigError
from s2st_bench.types import AudioSource, Recording

from .pauses import pauses_in
from .score import Piece, Score, written
from .sessions import joined, sessions

_SNR_DB, _VOICES = 10.0, 4


class Stress(Corpus):
    """``inner`` under stress; with the defaults it is the corpus itself, played as cues."""

    def __init__(
        self, inner: Corpus, noise: Literal["white", "babble"] | None = None,
        snr_db: float = _SNR_DB, voices: int = _VOICES, pauses: float = 1.0, speed: float = 1.0,
        join_s: float = 0.0, gap_s: float = 1.0, seed: int = 0, folder: Path | None = None,
    ) -> None:
        _within("snr_db", snr_db, -60, 100)
        _within("voices", voices, 1, 32)
        _within("pauses", pauses, 1, 20)
        _within("speed", speed, 0.25, 4)
        _within("join_s", join_s, 0, 36_000)
        _within("gap_s", gap_s, 0, 60)
        _within("seed", seed, 0, 2**63)
        if noise is None and (snr_db, voices) != (_SNR_DB, _VOICES):
            raise ConfigError("dataset.snr_db and dataset.voices are of noise: give dataset.noise="
                              "white or babble")
        self.inner = inner
        self.noise = noise
        self.snr_db = snr_db
        self.voices = voices
        self.pauses = pauses
        self.speed = speed
        self.join_s = join_s
        self.gap_s = gap_s
        self.seed = seed
        self._folder = folder

    def label(self) -> str:
        """What is done, in the order it is done."""
        told = []
        if self.join_s:
            told.append(f"join({self.join_s:g} s,gap {self.gap_s:g} s)")
        if self.pauses != 1:
            told.append(f"pauses({self.pauses:g})")
        if self.speed != 1:
            told.append(f"speed({self.speed:g})")
        if self.noise is not None:
            voices = f",voices={self.voices}" if self.noise == "babble" else ""
            told.append(f"noise({self.noise},{self.snr_db:g} dB{voices},seed={self.seed})")
        return "; ".join(told)

    def card(self) -> CorpusCard:
        card = self.inner.card()
        label = self.label()
        return replace(
            card, perturbation="; ".join(filter(None, (card.perturbation, label))),
            clean=(card.clean or fingerprint(self.inner.recordings())) if label else card.clean,
            notice="; ".join(filter(None, (card.notice, label and f"stress version: {label}"))))

    def recordings(self) -> Iterator[Recording]:
        folder = self.folder()
        sources: list[AudioSource] = []
        if self.noise == "babble":
            sources = [_audio(recording) for recording in self.inner.recordings()]
            if len(sources) < 2:
                raise ConfigError("dataset.noise=babble wants other recordings to babble, and the "
                                  "corpus has only one with these options")
        at = 0
        for batch in sessions(self.inner.recordings(), self.join_s):
            recording, score = self._scored(batch)
            if self.noise is not None:
                score = score.in_noise(
                    self.noise, self.snr_db, self._seed(recording.id),
                    self._voices(sources, range(at, at + len(batch)), recording.id))
            at += len(batch)
            yield written(recording, score, folder)

    def check(self) -> Iterator[Finding]:
        """What is odd about the inner corpus: its files are what can be damaged."""
        return self.inner.check()

    def left_out(self) -> Mapping[str, Finding]:
        return self.inner.left_out()

    def folder(self) -> Path:
        """Where cues are kept.  Raises ConfigError."""
        if self._folder is not None:
            return self._folder.absolute()
        kept = standard_folder()
        if kept is None:
            raise ConfigError(f"{VARIABLE}=off: give dataset.folder=DIR, where the small files go "
                              "that describe the audio")
        return kept.absolute() / "cues"

    def _scored(self, batch: Sequence[Recording]) -> tuple[Recording, Score]:
        """The recording that is made of ``batch``, times in place, and how it sounds."""
        rate = batch[0].sample_rate_hz
        scores = []
        for recording in batch:
            score = Score.of(Piece.of(_audio(recording), rate), rate)
            if self.pauses != 1:
                score = score.stretched(pauses_in(_audio(recording), rate), self.pauses)
            scores.append(score)
        if self.join_s:
            recording, score = joined(batch, scores, self.gap_s)
        else:
            recording, score = scores[0].timed(batch[0]), scores[0]
        if self.speed != 1:
            faster = score.at_speed(self.speed)
            recording, score = faster.timed(recording), replace(faster, inserted=())
        return recording, score

    def _seed(self, recording_id: str) -> int:
        digest = hashlib.sha256(f"{self.seed}\0{recording_id}".encode()).digest()
        return int.from_bytes(digest[:8], "big")

    def _voices(
        self, sources: Sequence[AudioSource], own: range, recording_id: str
    ) -> tuple[AudioSource, ...]:
        """The recordings that babble: drawn from the others."""
        import numpy as np

        others = [source for number, source in enumerate(sources) if number not in own]
        if not others:
            others = list(sources)
        if self.noise != "babble":
            return ()
        random = np.random.Generator(np.random.PCG64(self._seed(recording_id)))
        chosen = random.permutation(len(others))[: self.voices]
        return tuple(others[int(k)] for k in chosen)


def _audio(recording: Recording) -> AudioSource:
    if not isinstance(recording.source, AudioSource):
        raise ConfigError(f"dataset.inner: {recording.id} is text; stress is for speech")
    return recording.source


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"dataset.{name}: from {low:g} to {high:g}, not {value:g}")
