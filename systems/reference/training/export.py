"""Checkpoints to the folder that :class:`..runtime.Models` reads.

A graph has the int8 weights (see ``int8``) inside and multiplies them out itself, so that
onnxruntime, which does so once while loading, and torch with the same weights
(:func:`load_weights`) compute with the same numbers.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from s2st_bench.errors import DependencyError

from ..frontend import MELS
from ..model.decoder import Decoder
from ..model.encoder import Encoder
from ..model.monotonic import MonotonicDecoder
from ..model.text import TextEncoder, TextTranslator
from ..runtime.models import MANIFEST, PIECES, VERSION
from ..shape import CHUNK_FRAMES, CHUNK_MELS, MEL_CONTEXT, Shape
from .checkpoint import load_base
from .int8 import multiplied, stored
from .monotonic import load_decoder

OPSET = 18

Compute = Callable[..., Any]
"""A method, taken from the class: the module comes first."""


class _Stored(nn.Module):
    """A computation of a module, its weights held as they are stored."""

    def __init__(self, module: nn.Module, compute: Compute) -> None:
        super().__init__()
        self._call = (_Call(module, compute),)  # in a tuple: not a submodule with its own weights
        for name, weight in stored(module).items():
            self.register_buffer(_escaped(name), weight)

    def forward(self, *args: Tensor) -> Any:
        kept = {_unescaped(name): weight for name, weight in self.named_buffers()}
        weights = {f"module.{name}": weight for name, weight in multiplied(kept).items()}
        return torch.func.functional_call(self._call[0], weights, args)


class _Call(nn.Module):
    def __init__(self, module: nn.Module, compute: Compute) -> None:
        super().__init__()
        self.module = module
        self.compute = compute

    def forward(self, *args: Tensor) -> Any:
        return self.compute(self.module, *args)


def _escaped(name: str) -> str:
    return name.replace(".", "/")  # a buffer's name may not hold a dot


def _unescaped(name: str) -> str:
    return name.replace("/", ".")


def write_graph(
    path: Path, module: nn.Module, compute: Compute, inputs: Mapping[str, Tensor],
    outputs: Sequence[str], varying: Mapping[str, Mapping[int, Any]],
) -> None:
    """``compute(module, …)`` as a graph with stored weights.

    ``inputs`` are examples, in the order of the arguments; ``varying`` says, per input, which
    dimensions have no fixed length (``torch.export.Dim``).
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  what torch's exporter is made of
    except ImportError as error:
        raise DependencyError(error.name or "onnx", "export of the reference models",
                              "models") from None
    shapes = tuple(dict(varying.get(name, {})) for name in inputs)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's exporter, about itself
        program: Any = torch.onnx.export(
            _Stored(module.eval(), compute).eval(), tuple(inputs.values()), dynamo=True,
            optimize=False, verbose=False, opset_version=OPSET, input_names=list(inputs),
            output_names=list(outputs), dynamic_shapes=(shapes,),
        )
    model = program.model_proto
    # The exporter notes the line of code that every node is from, with the path of the file.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output,
                  *model.graph.initializer]:
        del value.metadata_props[:]
        value.doc_string = ""
    del model.graph.value_info[:]
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    used = {name for node in model.graph.node for name in node.input}
    weights = [one for one in model.graph.initializer if one.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_encoder(folder: Path, encoder: Encoder) -> None:
    """``encoder.onnx``: :meth:`Encoder.step`."""
    shape = encoder.shape
    layers, heads, size = shape.encoder_layers, shape.heads, shape.width // shape.heads
    write_graph(
        folder / "encoder.onnx", encoder, Encoder.step,
        {"mel": torch.zeros(1, MEL_CONTEXT + CHUNK_MELS, MELS),
         # Two tensors: the exporter takes one given twice for one input.
         "keys": torch.zeros(layers, heads, shape.left_frames, size),
         "values": torch.zeros(layers, heads, shape.left_frames, size),
         "past": torch.zeros(layers, shape.kernel - 1, shape.width), "seen": torch.tensor(0)},
        ["frames", "asr", "st", "kept_keys", "kept_values", "kept_past"], {},
    )


def write_text(folder: Path, model: TextTranslator) -> None:
    """``text-encoder.onnx``: :meth:`TextEncoder.step`; ``text-decoder.onnx``, ``text-memory.onnx``:
    as of any decoder.
    """
    shape = model.shape
    states = (shape.encoder_layers, shape.heads, 5, shape.width // shape.heads)
    new, past = torch.export.Dim("new"), torch.export.Dim("past")
    write_graph(
        folder / "text-encoder.onnx", model.encoder, TextEncoder.step,
        {"source": torch.ones(1, 3, dtype=torch.long), "first": torch.tensor(5),
         "past_keys": torch.zeros(states), "past_values": torch.zeros(states)},
        ["frames", "kept_keys", "kept_values"],
        {"source": {1: new}, "past_keys": {2: past}, "past_values": {2: past}},
    )
    _write_decoder(folder, "text-decoder", "text-memory", model.decoder)


def write_decoder(folder: Path, name: str, decoder: Decoder) -> None:
    """``decoder-<name>.onnx``: a step of the decoder; ``memory-<name>.onnx``: what it remembers.

    A monotonic decoder remembers its units too, and steps by ``monotonic_step``.
    """
    _write_decoder(folder, f"decoder-{name}", f"memory-{name}", decoder)


def _write_decoder(folder: Path, step: str, memory: str, decoder: Decoder) -> None:
    shape = decoder.shape
    size = shape.width // shape.heads
    new, past, chunks = (torch.export.Dim(length) for length in ("new", "past", "chunks"))
    frames = CHUNK_FRAMES * chunks

    def states(length: int) -> Tensor:
        return torch.zeros(shape.decoder_layers, shape.heads, length, size)

    heard, kept = ["memory_keys", "memory_values"], ["logits", "attention", "kept_keys",
                                                     "kept_values"]
    inputs = {"tokens": torch.ones(1, 3, dtype=torch.long), "first": torch.tensor(5),
              "past_keys": states(5), "past_values": states(5),
              "memory_keys": states(8), "memory_values": states(8)}
    varying = {"tokens": {1: new}, "past_keys": {2: past}, "past_values": {2: past},
               "memory_keys": {2: frames}, "memory_values": {2: frames}}
    if isinstance(decoder, MonotonicDecoder):
        write_graph(
            folder / f"{memory}.onnx", decoder, _remember_monotonic,
            {"frames": torch.zeros(1, 8, shape.width), "first": torch.tensor(4)},
            [*heard, "memory_units"], {"frames": {1: frames}},
        )
        write_graph(
            folder / f"{step}.onnx", decoder, MonotonicDecoder.monotonic_step,
            {**inputs, "memory_units": states(2),
             "start": torch.zeros(shape.decoder_layers, shape.heads, dtype=torch.long),
             "threshold": torch.tensor(0.5)},
            [*kept, "p_choose", "stops"], {**varying, "memory_units": {2: chunks}},
        )
    else:
        write_graph(
            folder / f"{memory}.onnx", decoder, Decoder.remember,
            {"frames": torch.zeros(1, 3, shape.width), "first": torch.tensor(5)},
            heard, {"frames": {1: new}},
        )
        frames = torch.export.Dim("frames")
        varying |= {"memory_keys": {2: frames}, "memory_values": {2: frames}}
        write_graph(
            folder / f"{step}.onnx", decoder, Decoder.step,
            {**inputs, "visible": torch.full((1, 3), 7)}, kept, {**varying, "visible": {1: new}},
        )


def _remember_monotonic(
    decoder: MonotonicDecoder, frames: Tensor, first: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    return (*decoder.remember(frames, first), decoder.units(frames, first))


def write_description(folder: Path, shape: Shape, made: Mapping[str, Any]) -> None:
    """``reference.json``, of all graphs and pieces that are in ``folder`` now.

    ``made`` says how the weights came about (steps, seed ...), for people.
    """
    files = sorted([*folder.glob("*.onnx"), folder / PIECES])
    description = {
        "version": VERSION, "shape": asdict(shape), "made": dict(made),
        "sha256": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
    }
    text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def export_models(
    folder: Path, encoder: Encoder, decoders: Mapping[str, Decoder], pieces: Path,
    made: Mapping[str, Any],
) -> None:
    """A whole folder of models."""
    folder.mkdir(parents=True, exist_ok=True)
    write_encoder(folder, encoder)
    for name, decoder in decoders.items():
        write_decoder(folder, name, decoder)
    shutil.copyfile(pieces, folder / PIECES)
    write_description(folder, encoder.shape, made)


def export_checkpoints(
    folder: Path, base: Path, decoders: Mapping[str, Path], pieces: Path, made: Mapping[str, Any]
) -> None:
    """As :func:`export_models`: the checkpoint ``base`` with its decoder, named ``multipath``,
    and those of further decoders by name."""
    encoder, multipath = load_base(base)
    rest = {name: load_decoder(path) for name, path in decoders.items()}
    export_models(folder, encoder, {"multipath": multipath, **rest}, pieces, made)


def load_weights(module: nn.Module, *graphs: Path) -> None:
    """Give ``module`` the weights that lie in the graphs it was exported to."""
    try:
        import onnx
    except ImportError:
        raise DependencyError("onnx", "reading exported weights", "models") from None
    kept = {}
    for path in graphs:
        for one in onnx.load(path).graph.initializer:
            kept[_unescaped(one.name)] = torch.from_numpy(onnx.numpy_helper.to_array(one).copy())
    module.load_state_dict({k: v for k, v in multiplied(kept).items() if k in module.state_dict()})
