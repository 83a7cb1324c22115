"""Trust checks of a system of ``tests/plugins`` without worker processes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from s2st_bench import records
from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.trust.examine import Examined, Settings, examine
from s2st_bench.trust.material import Material, joined
from s2st_bench.trust.probe import PLUGINS
from s2st_bench.trust.said import Said, said
from s2st_bench.types import AudioSource, Recording, Segment, TextSource

PLUGIN_DIR = Path(__file__).resolve().parents[1] / "plugins"
RATE = 4000
GUARD = 0.35
LOCK = threading.Lock()
SETTINGS = Settings(recordings=3, cuts=6, quiet_s=15.0)


class InProcess:
    """A prober that loads the system anew for each call."""

    def __init__(self, choice: Choice, folder: Path, chunk_s: float = 0.32) -> None:
        self.choice = choice
        self.registry = Registry([PLUGIN_DIR, PLUGINS])
        self.folder = folder
        self.chunk_s = chunk_s
        self.n = 0
        for name in ("pieces", "spool", "material"):
            (folder / name).mkdir(exist_ok=True)

    def heard(
        self, materials: Sequence[Material], *, beside: Material | None = None, workers: int = 1,
    ) -> list[Said]:
        choice = self.choice
        if beside is not None:
            choice = Choice("trust_pair", {
                "inner": choice.to_dict(), "beside": records.encode_recording(self.given(beside)),
                "folder": str(self.folder), "chunk_s": self.chunk_s})
        system = build_system(choice, self.registry)
        system.load()
        options = ReplayOptions("ideal", self.chunk_s, sample_rate_hz=RATE)
        found = []
        for material in materials:
            self.n += 1
            done = replay(system, self.given(material), "de", options, self.folder,
                          slot=str(self.n))
            found.append(said(done.whole(), self.folder))
        return found

    def given(self, material: Material) -> Recording:
        source: AudioSource | TextSource = TextSource(material.tokens)
        if material.samples is not None:
            path = self.folder / "material" / f"{id(material)}.wav"
            if not path.exists():
                material.save(path)
            source = AudioSource(path)
        return Recording(material.name, source, "en", ("de",),
                         (Segment("s", 0.0, material.length),), RATE)


class Live(InProcess):
    """The same of a service: in real time, a connection for each at once."""

    def heard(
        self, materials: Sequence[Material], *, beside: Material | None = None, workers: int = 1,
    ) -> list[Said]:
        options = ReplayOptions("realtime", self.chunk_s, sample_rate_hz=RATE)

        def one(material: Material) -> Said:
            with LOCK:
                self.n += 1
                slot, recording = str(self.n), self.given(material)
            done = replay(build_system(self.choice, self.registry), recording, "de", options,
                          self.folder, slot=slot)
            return said(done.whole(), self.folder)

        with ThreadPoolExecutor(32) as pool:
            return [*pool.map(one, materials)]


def talk(seed: int, seconds: float) -> Material:
    """Noise that changes its level, so that every half second is its own."""
    draw = np.random.default_rng(seed)
    level = np.repeat(draw.uniform(0.05, 0.3, int(seconds * 2) + 1), RATE // 2)
    n = round(seconds * RATE)
    samples = (draw.standard_normal(n) * level[:n]).clip(-1, 1).astype(np.float32)
    return Material(f"talk-{seed}", samples, (), RATE)


def originals() -> list[Material]:
    short = [talk(1, 4.0), talk(2, 5.3)]
    return [*short, joined([*short, talk(3, 5.0)], 15.0)]


def texts() -> list[Material]:
    said = ("we meet at nine in the large hall", "lunch is served on the second floor today",
            "please bring the green card with you")
    short = [Material(f"text-{i}", None, tuple(text.split())) for i, text in enumerate(said)]
    return [*short, joined([*short, *short], 20)]


def examined(folder: Path, mode: str, given: Sequence[Material] | None = None) -> Examined:
    """The marks of ``untrusty`` in a mode."""
    prober = InProcess(Choice("untrusty", {"mode": mode}), folder)
    made = list(given if given is not None else originals())
    return examine(prober, made, GUARD if made[0].unit == "s" else 1.0, SETTINGS)
