"""Checkpoints: written whole or not at all, read back to the same state."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from s2st_bench.errors import InputError

from ..model.decoder import Decoder
from ..model.encoder import Encoder
from ..shape import Shape


def save(path: Path, state: dict[str, Any]) -> None:
    """Write beside, flush, rename."""
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as writer:
        torch.save(state, writer)
        writer.flush()
        os.fsync(writer.fileno())
    temporary.replace(path)


def read(path: Path) -> dict[str, Any]:
    """What :func:`save` wrote.

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its archive reader raises
        raise InputError(f"{path}: not a checkpoint ({error})") from None
    if not isinstance(state, dict):
        raise InputError(f"{path}: not a checkpoint of the reference models")
    return state


def base_state(encoder: Encoder, decoder: Decoder) -> dict[str, Any]:
    """Weights and shape of the base model."""
    return {"shape": asdict(encoder.shape), "encoder": encoder.state_dict(),
            "decoder": decoder.state_dict()}


def load_base(path: Path) -> tuple[Encoder, Decoder]:
    """The base model of a checkpoint."""
    state = read(path)
    shape = Shape(**state["shape"])
    encoder, decoder = Encoder(shape), Decoder(shape)
    encoder.load_state_dict(state["encoder"])
    decoder.load_state_dict(state["decoder"])
    return encoder, decoder
