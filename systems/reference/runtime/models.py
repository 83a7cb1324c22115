"""A folder of exported models, each graph loaded when it is first asked for.

``reference.json`` names the files and their SHA-256; a graph is called by its file's stem:
``encoder``, and for every decoder ``memory-<name>`` (what it remembers of new frames) and
``decoder-<name>`` (its step over new tokens); the text translator is ``text-encoder``,
``text-decoder`` and ``text-memory``.  Weights lie in the graphs as int8 with a scale per output
row; onnxruntime multiplies them out once, while loading.

Graphs run on one thread and in a fixed order, so that the same input gives the same bits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import ConfigError, DependencyError, InputError

from ..pieces import Pieces

MANIFEST: Final = "reference.json"
PIECES: Final = "pieces.model"
VERSION: Final = 1
SHIPPED: Final = Path(__file__).parents[1] / "weights"
"""Where the models of this package lie."""

Array = npt.NDArray[Any]


class Graph:
    """One computation: named arrays in, named arrays out.  May be shared by threads."""

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise DependencyError("onnxruntime", "the reference models", "reference") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises classes of its binding, per status code
            raise InputError(f"{path}: not a graph that onnxruntime can run ({error})") from None
        self.inputs: Mapping[str, tuple[int | str, ...]] = {
            node.name: tuple(node.shape) for node in self._session.get_inputs()
        }
        """Shapes; a length that varies has a name instead of a number."""
        self.outputs: tuple[str, ...] = tuple(
            node.name for node in self._session.get_outputs()
        )

    def __call__(self, **arrays: Array) -> dict[str, Array]:
        found = self._session.run(None, arrays)
        return dict(zip(self.outputs, found, strict=True))


@dataclass(frozen=True, slots=True)
class DecoderModel:
    """The two graphs of one decoder."""

    name: str
    step: Graph
    memory: Graph


class Models:
    """The models of ``folder``; nothing but ``reference.json`` is read before it is needed.

    Raises
    ------
    InputError
        The folder has no readable ``reference.json``; later, from the other methods: a file is
        missing or is not the one that was exported.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / MANIFEST
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            version, files = found["version"], dict(found["sha256"])
        except FileNotFoundError:
            raise InputError(f"{path}: missing; `s2st-bench train` exports models") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: not a description of models ({error!r})") from None
        if version != VERSION:
            raise InputError(f"{path}: version {version}, this s2st-bench reads {VERSION}")
        self.description: Mapping[str, Any] = found
        self._files: dict[str, str] = files
        self._graphs: dict[str, Graph] = {}
        self._pieces: Pieces | None = None
        self._lock = Lock()

    @property
    def decoders(self) -> tuple[str, ...]:
        """Names for :meth:`decoder`."""
        stems = (Path(name).stem for name in self._files)
        return tuple(sorted(s.removeprefix("decoder-") for s in stems if s.startswith("decoder-")))

    def graph(self, name: str) -> Graph:
        """The graph of that name.

        Raises
        ------
        InputError
            Its file is missing, changed or not a graph.
        DependencyError
            onnxruntime is not installed.
        """
        with self._lock:
            if name not in self._graphs:
                self._graphs[name] = Graph(self._checked(f"{name}.onnx"))
            return self._graphs[name]

    @property
    def encoder(self) -> Graph:
        return self.graph("encoder")

    def decoder(self, name: str) -> DecoderModel:
        """The decoder of that name, one of :attr:`decoders`.

        Raises
        ------
        ConfigError
            There is none; names those there are.
        """
        if name not in self.decoders:
            known = ", ".join(self.decoders) or "none"
            raise ConfigError(f"decoder={name}: {self.folder} has {known}")
        return DecoderModel(name, self.graph(f"decoder-{name}"), self.graph(f"memory-{name}"))

    @property
    def text_encoder(self) -> Graph:
        """Of the text translator; its decoder is :attr:`text_decoder`."""
        return self.graph("text-encoder")

    @property
    def text_decoder(self) -> DecoderModel:
        return DecoderModel("text", self.graph("text-decoder"), self.graph("text-memory"))

    @property
    def pieces(self) -> Pieces:
        with self._lock:
            if self._pieces is None:
                self._pieces = Pieces(self._checked(PIECES))
            return self._pieces

    def digest(self, name: str) -> str:
        """12 hex digits of the SHA-256 that the description gives for a file.

        Raises
        ------
        InputError
            The description does not name it.
        """
        if name not in self._files:
            raise InputError(f"{self.folder / MANIFEST}: does not name {name}")
        return self._files[name][:12]

    def _checked(self, name: str) -> Path:
        path = self.folder / name
        if name not in self._files:
            raise InputError(f"{self.folder / MANIFEST}: does not name {name}")
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        if found != self._files[name]:
            raise InputError(
                f"{path}: SHA-256 is not the one in {MANIFEST}; the file is damaged (or a pointer "
                "of git-lfs), export it or fetch it again"
            )
        return path


def models_of(folder: Path = SHIPPED) -> Models:
    """The models of ``folder``, the same object for all who ask in this process."""
    return _models_of(folder.resolve())


@cache
def _models_of(folder: Path) -> Models:
    return Models(folder)


def empty(graph: Graph, name: str) -> npt.NDArray[np.float32]:
    """What ``graph``'s input ``name`` begins with: zeros, of no length where it varies."""
    return np.zeros([n if isinstance(n, int) else 0 for n in graph.inputs[name]], np.float32)
