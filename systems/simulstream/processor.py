"""A system of s2st_bench as a speech processor, for simulstream's own servers and tools.

Its YAML file::

    type: s2st_bench.systems.simulstream.processor.BenchProcessor
    system: cascade              # what system=… would name
    options: {}                  # what system.…=… would set
    source_lang: en              # until a client says otherwise
    target_lang: es
    speech_chunk_size: 0.32      # seconds: the run's chunk_s
    device: cpu
    plugin_dirs: []              # folders of plugins of one's own
    detokenizer_type: simuleval  # for simulstream's scorers: tokens are characters
    latency_unit: char

Only text is said: the protocol knows no speech.  Stages of a pipeline take turns.  The system is
loaded once for all processors that share a configuration, as those of a server's pool do.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError
from s2st_bench.registry import Registry
from s2st_bench.system import StreamSystem, System
from s2st_bench.types import Samples, Task, Write
from simulstream.server.speech_processors import SpeechProcessor
from simulstream.server.speech_processors.incremental_output import IncrementalOutput

from .live import LiveReplay
from .session import RATE_HZ

CHUNK_S = 0.32
_LOADED = "s2st_bench_loaded"
"""Where a configuration keeps what was loaded for it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A system and whose turn it is."""

    system: System
    turn: threading.Lock = field(default_factory=threading.Lock)


class BenchProcessor(SpeechProcessor):  # type: ignore[misc]
    """One stream through a system."""

    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__(config)
        self._loaded = self.load_model(config)
        self._live: LiveReplay | None = None
        self._text = ""
        self._forget()

    @classmethod
    def load_model(cls, config: SimpleNamespace) -> Loaded:
        """Load the system, if it is not loaded for this configuration yet.

        Raises
        ------
        BenchError
            There is none of that name, it cannot be made or loaded, or not be served.
        """
        loaded: Loaded | None = getattr(config, _LOADED, None)
        if loaded is None:
            system = _built(vars(config))
            system.load(str(getattr(config, "device", "cpu")))
            loaded = Loaded(system)
            setattr(config, _LOADED, loaded)
        return loaded

    @property
    def speech_chunk_size(self) -> float:
        return float(getattr(self.config, "speech_chunk_size", CHUNK_S))

    def set_source_language(self, language: str) -> None:
        self._source_lang = language

    def set_target_language(self, language: str) -> None:
        self._target_lang = language

    def process_chunk(self, waveform: Samples) -> IncrementalOutput:
        """Hear ``float32[n]`` at 16 kHz.

        Raises
        ------
        BenchError
            The system failed, or cannot do the languages that were set.
        """
        return self._output(self._replay().hear(waveform))

    def end_of_stream(self) -> IncrementalOutput:
        return self._output(self._replay().end())

    def tokens_to_string(self, tokens: Sequence[str]) -> str:
        return "".join(tokens)

    def clear(self) -> None:
        """End the stream, wherever it is, and be as new."""
        if self._live is not None:
            self._live.close()
            self._live = None
        self._text = ""
        self._forget()

    def _forget(self) -> None:
        self._source_lang = str(getattr(self.config, "source_lang", ""))
        self._target_lang = str(getattr(self.config, "target_lang", ""))

    def _replay(self) -> LiveReplay:
        """The stream; it starts with its first audio, when the languages are known."""
        if self._live is None:
            task = Task(self._source_lang, self._target_lang, "speech", frozenset({"text"}),
                        RATE_HZ)
            system = self._loaded.system
            if reason := system.supports(task):
                raise ConfigError(
                    f"{system.name} {task.source_lang or '?'}-{task.target_lang or '?'}: "
                    f"{reason} (languages are those a client sends, else source_lang and "
                    "target_lang of the processor's YAML file)"
                )
            self._live = LiveReplay(
                system, task, self.speech_chunk_size, self._loaded.turn
            )
        return self._live

    def _output(self, writes: Sequence[Write]) -> IncrementalOutput:
        """What changed since the last answer; a token is a character."""
        before = self._text
        keep = len(before)
        for write in writes:
            self._text = self._text[: len(self._text) - write.retract_chars]
            keep = min(keep, len(self._text))
            self._text += write.text
        deleted, new = before[keep:], self._text[keep:]
        return IncrementalOutput(list(new), new, list(deleted), deleted)


def _built(values: Mapping[str, Any]) -> System:
    """The system of a processor's configuration, not loaded."""
    option = values.get("system")
    if not isinstance(option, str):
        raise ConfigError("the processor's YAML file does not say which system: system: NAME")
    registry = Registry([Path(folder) for folder in values.get("plugin_dirs") or ()])
    path = registry.options("systems").get(option)
    given = _plain(values.get("options") or {})
    if not isinstance(given, dict):
        raise ConfigError("options: of the processor's YAML file: a mapping is wanted")
    params = yaml.safe_load(path.read_text("utf-8")) if path is not None else {"name": option}
    name = params.pop("name")
    system = build_system(Choice(name, {**params, **given}), registry, "options")
    if isinstance(system, StreamSystem) or system.privileged:
        kind = "a control that is shown the references" if system.privileged else "a stream"
        raise ConfigError(f"system: {option}: {kind} cannot be served")
    return system


def _plain(value: Any) -> Any:
    """simulstream's attributes as mappings again."""
    if isinstance(value, SimpleNamespace):
        return {key: _plain(item) for key, item in vars(value).items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
