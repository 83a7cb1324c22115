"""PocketSphinx hears a recording the same whatever its decoder heard before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from s2st_bench.systems.cascade.sphinx import PocketSphinx

pytest.importorskip("pocketsphinx", reason="needs pocketsphinx (extra cascade)")


def test_nothing_is_left_of_the_sound_before() -> None:
    draw = np.random.default_rng(0)
    sound, noise = (draw.standard_normal(8000).astype(np.float32) * 0.1 for _ in range(2))
    model = PocketSphinx("conference")
    model.load()

    def mean_of(samples: npt.NDArray[np.float32]) -> str:
        """The cepstral mean after an utterance: every frame of it counts."""
        recogniser = model.open("en")
        recogniser.accept(samples)
        mean = str(recogniser._decoder.get_cmn(True))
        recogniser.close()
        return mean

    first = mean_of(sound)
    assert mean_of(noise) != first
    assert mean_of(sound) == first
