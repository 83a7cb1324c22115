"""simulstream's speech processors in process.

The classes are simulstream's own protocol: ``load_model(config)`` puts the weights on the class,
``__init__(config)`` makes the state of one stream, ``clear()`` readies it for the next.  Needs the
package ``simulstream`` (Apache-2.0), of which only the base class is imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from s2st_bench.errors import ConfigError, DependencyError, SystemFailure
from s2st_bench.system import System
from s2st_bench.types import Samples, Task

from .outputs import Output, TextFrom, from_object, text_of
from .session import ProcessorSession, chunk_size, wrong_rate

_LOG = logging.getLogger(__name__)


class Simulstream(System):
    """A speech processor.

    Parameters
    ----------
    processor
        Its YAML file, which names the class as ``type``.
    processor_class
        The class, ``package.module.Class``; goes before the file's ``type``.
    options
        Values beside those of the file, or instead of them.
    text
        Where text is taken from: ``strings``, or the tokens and how they join (``word``, ``char``,
        ``spm``, ``bytes``).
    codes
        The processor's own codes of languages: ``{de: deu}``.
    pool_size
        Processors made while loading.  A session beyond them makes its own when it opens, which
        counts as its work.
    concurrent
        False: the class keeps a stream's state where others see it (on the class, in a shared
        model); one session at a time.
    """

    def __init__(
        self,
        *,
        processor: Path | None = None,
        processor_class: str | None = None,
        options: dict[str, Any] | None = None,
        text: TextFrom = "strings",
        codes: dict[str, str] | None = None,
        pool_size: int = 1,
        concurrent: bool = True,
    ) -> None:
        if processor is None and processor_class is None:
            raise ConfigError(
                "system=simulstream: say which processor with system.processor=CONFIG.yaml or "
                "system.processor_class=package.module.Class"
            )
        if pool_size < 1:
            raise ConfigError(f"system.pool_size={pool_size}: at least 1 is wanted")
        self.processor = processor
        self.processor_class = processor_class
        self.options = dict(options or {})
        self.text: TextFrom = text
        self.codes = dict(codes or {})
        self.pool_size = pool_size
        self.concurrent = concurrent
        self.sessions = None if concurrent else 1
        self._class: Any = None
        self._config: SimpleNamespace | None = None
        self._free: list[Any] = []
        self._open = 0

    def load(self, device: str = "cpu") -> None:
        """Load the model and make the pool.  Processors choose their device themselves.

        Raises
        ------
        DependencyError
            ``simulstream`` is not installed.
        ConfigError
            There is no such file or class, or it cannot be made of its configuration.
        """
        if importlib.util.find_spec("simulstream") is None:
            raise DependencyError("simulstream", "system=simulstream", "simulstream")
        values = {**(read_yaml(self.processor) if self.processor else {}), **self.options}
        dotted = self.processor_class or values.get("type")
        if not isinstance(dotted, str):
            raise ConfigError(f"system.processor={self.processor}: no type: package.module.Class")
        self._class = _class_of(dotted)
        self._config = namespace({**values, "type": dotted})
        where = f"system.processor={self.processor}: " if self.processor else ""
        try:
            self._class.load_model(self._config)
            self._free = [self._made() for _ in range(self.pool_size)]
        except Exception as error:
            raise ConfigError(
                f"{where}{dotted} cannot be made of its configuration "
                f"({type(error).__name__}: {error}); system.options.NAME=VALUE sets what is missing"
            ) from error

    def supports(self, task: Task) -> str | None:
        return super().supports(task) or wrong_rate(task)

    def open(self, task: Task) -> ProcessorSession:
        """A session on a processor of its own.

        Raises
        ------
        SystemFailure
            The system is not loaded, or its class serves one session at a time and is in use.
        """
        if self._config is None:
            raise SystemFailure("system=simulstream was not loaded")
        if self._open and not self.concurrent:
            raise SystemFailure(
                "system.concurrent=false: one worker runs one session at a time; raise "
                "executor.workers"
            )
        processor = self._free.pop() if self._free else self._made()
        processor.set_target_language(self.codes.get(task.target_lang, task.target_lang))
        processor.set_source_language(self.codes.get(task.source_lang, task.source_lang))
        self._open += 1
        return ProcessorSession(
            _InProcess(processor), chunk_size(processor.speech_chunk_size),
            text_of(self.text), lambda: self._release(processor),
        )

    def _made(self) -> Any:
        return self._class(self._config)

    def _release(self, processor: Any) -> None:
        """Ready it for the next stream; one that cannot be cleared is not used again."""
        self._open -= 1
        try:
            processor.clear()
        except Exception:
            _LOG.warning("a processor could not be cleared and is dropped", exc_info=True)
        else:
            self._free.append(processor)


class _InProcess:
    """A processor's answers, checked."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def process_chunk(self, samples: Samples) -> Output:
        return from_object(self._processor.process_chunk(samples), "process_chunk")

    def end_of_stream(self) -> Output:
        return from_object(self._processor.end_of_stream(), "end_of_stream")


def read_yaml(path: Path) -> dict[str, Any]:
    """A processor's configuration.

    Raises
    ------
    ConfigError
        It cannot be read, or is no mapping.
    """
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"system.processor={path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a mapping with type: package.module.Class is wanted")
    return {str(key): value for key, value in values.items()}


def namespace(value: Mapping[str, Any]) -> SimpleNamespace:
    """A mapping as processors take it: with attributes, at every depth."""
    return SimpleNamespace(**{str(key): _attributes(item) for key, item in value.items()})


def _attributes(value: Any) -> Any:
    if isinstance(value, Mapping):
        return namespace(value)
    return [_attributes(item) for item in value] if isinstance(value, list) else value


def _class_of(dotted: str) -> Any:
    from simulstream.server.speech_processors import SpeechProcessor

    module_name, _, class_name = dotted.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:
        raise ConfigError(
            f"processor class {dotted!r}: cannot be imported ({type(error).__name__}: {error}); "
            "a module outside the environment is found by PYTHONPATH=FOLDER"
        ) from error
    if not (isinstance(found, type) and issubclass(found, SpeechProcessor)):
        raise ConfigError(f"processor class {dotted!r}: not a simulstream SpeechProcessor")
    return found
