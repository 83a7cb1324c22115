"""Replays material to a system in fresh processes, and reads what it said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from s2st_bench import host, records, trace
from s2st_bench.config import Choice, RunConfig
from s2st_bench.errors import RunError
from s2st_bench.executor import Finished, LocalExecutor, Setup, Work
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions
from s2st_bench.types import AudioSource, Context, Recording, Segment, TextSource

from .material import Material
from .said import Said, said

PLUGINS = Path(__file__).parent / "plugins"
_FOLDERS = ("pieces", "spool", "logs", "material")


class Prober(Protocol):
    """Lets a system hear material."""

    def heard(
        self, materials: Sequence[Material], *, beside: Material | None = None, workers: int = 1,
    ) -> list[Said]:
        """What it says of each, in a process of its own that hears them in this order.

        ``beside``: a second session hears that at the same time as each.  Several ``workers``
        share the materials out.
        """
        ...


class WorkerProber:
    """Runs a configuration's system in worker processes, as a run does.

    Parameters
    ----------
    folder
        An empty folder for sounds and speech; what was said is read from there later.
    options
        Of every replay; ``outputs`` must be given.
    on_done
        Called after each replay with the seconds (or tokens) of source it heard; by one thread at
        a time.
    """

    def __init__(
        self, config: RunConfig, registry: Registry, folder: Path, options: ReplayOptions,
        source_lang: str, target_lang: str, *, context: Context | None = None,
        on_done: Callable[[float], None] | None = None,
    ) -> None:
        self._config = config
        self._registry = registry
        self._folder = folder
        self._options = options
        self._langs = source_lang, target_lang
        self._context = context or Context()
        self._on_done = on_done
        self._given: dict[Material, Recording] = {}
        self._index = 0
        self._lock = threading.Lock()
        """Several orders may be heard at once."""
        for name in _FOLDERS:
            (folder / name).mkdir(exist_ok=True)

    def heard(
        self, materials: Sequence[Material], *, beside: Material | None = None, workers: int = 1,
    ) -> list[Said]:
        with self._lock:
            works = [Work(self._next(), self._recording(m), self._langs[1]) for m in materials]
        lengths = {work.index: m.length for work, m in zip(works, materials, strict=True)}
        found: dict[int, Said] = {}
        setup = self._setup(beside, workers)
        for event in LocalExecutor(setup, workers, self._config.executor.limits).run(works):
            if isinstance(event, Finished):
                found[event.index] = said(trace.decode(event.line), self._folder)
                if self._on_done is not None:
                    with self._lock:
                        self._on_done(lengths[event.index])
        if missing := [work for work in works if work.index not in found]:
            raise RunError(f"{missing[0].recording.id}: its replay did not come back")
        return [found[work.index] for work in works]

    def _setup(self, beside: Material | None, workers: int) -> Setup:
        system, folders = self._config.system, tuple(self._registry.folders)
        if beside is not None:
            system = Choice("trust_pair", {
                "inner": system.to_dict(),
                "beside": records.encode_recording(self._recording(beside)),
                "folder": str(self._folder),
                "chunk_s": self._options.chunk_s,
            })
            folders = (*folders, PLUGINS)
        device = str(self._config.executor.params.get("device", "cpu"))
        options = self._options
        if options.clock != "ideal":  # workers ask what else the machine does while they measure
            load = {"workers": workers, "cores": host.cores(), "shared": host.busy(workers)}
            options = replace(options, load=load)
        return Setup(system, folders, options, self._folder, device,
                     max(1, host.cores() // workers))

    def _next(self) -> int:
        self._index += 1
        return self._index

    def _recording(self, material: Material) -> Recording:
        if material not in self._given:
            source: AudioSource | TextSource = TextSource(material.tokens)
            if material.samples is not None:
                path = self._folder / "material" / f"{len(self._given)}.wav"
                material.save(path)
                source = AudioSource(path)
            source_lang, target_lang = self._langs
            self._given[material] = Recording(
                material.name, source, source_lang, (target_lang,),
                (Segment("all", 0.0, material.length),), material.rate_hz, context=self._context,
            )
        return self._given[material]
