"""The steps of a training: schedule, log, checkpoints, going on after an interrupt.

Every model of this folder is trained by :func:`train_loop`; what differs is the loss and the
batches.  ``NAME.train.pt`` holds all that the next step depends on, so that an interrupted training
that goes on ends with the weights of one that was not.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from s2st_bench.errors import Interrupted, RunError

from .checkpoint import read, save
from .schedule import factor

Batch = TypeVar("Batch")
Row = dict[str, float]
Report = Callable[[Row], None]
"""Told ``{"step": n}`` after every step, with the means since the last report at reports."""
EVALUATE_EVERY = 10
"""Reports between two evaluations; a training shorter than that has none."""


class Pace(Protocol):
    """What a recipe says of how long and how fast."""

    @property
    def steps(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def warmup(self) -> int: ...
    @property
    def decay(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def save_every(self) -> int: ...
    @property
    def report_every(self) -> int: ...
    @property
    def clip(self) -> float: ...


def train_loop(
    name: str, out: Path, modules: Mapping[str, nn.Module], recipe: Pace,
    source: Callable[[int], Iterator[Batch]],
    loss: Callable[[Batch, torch.Generator], tuple[Tensor, Row]], *,
    extra: Mapping[str, Any] | None = None,
    report: Report = lambda row: None,
    evaluate: Callable[[], Row] | None = None,
) -> None:
    """Train ``modules`` (those of their weights that want gradients), or go on.

    ``source(n)`` gives the batches from the ``n``-th on; ``loss`` is also told the training's own
    random numbers, and returns what it is made of by name.  ``out/NAME.log.jsonl`` gets a line a
    report; ``extra`` is kept in the checkpoint.

    Raises
    ------
    Interrupted
        At Ctrl-C, after the step under way; what was trained is saved.  A second one does not
        wait.
    RunError
        The loss is no longer a number.
    """
    out.mkdir(parents=True, exist_ok=True)
    running, log = out / f"{name}.train.pt", out / f"{name}.log.jsonl"
    weights = [w for module in modules.values() for w in module.parameters() if w.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.01,
                                  fused=True)
    generator = torch.Generator().manual_seed(recipe.seed)
    done = 0
    if running.is_file():
        state = read(running)
        for key, module in modules.items():
            module.load_state_dict(state[key])
        optimiser.load_state_dict(state["optimiser"])
        generator.set_state(state["generator"])
        torch.set_rng_state(state["torch"])
        done = int(state["step"])
    _cut(log, done)
    report({"step": float(done)})

    def keep(step: int) -> None:
        save(running, {**(extra or {}), **{k: m.state_dict() for k, m in modules.items()},
                       "optimiser": optimiser.state_dict(), "generator": generator.get_state(),
                       "torch": torch.get_rng_state(), "step": step})

    for module in modules.values():
        module.train()
    batches = source(done)
    sums: Row = {}
    since, began = 0, time.perf_counter()
    with _interrupts() as asked:
        for step in range(done + 1, recipe.steps + 1):
            rate = recipe.rate * factor(step - 1, recipe.steps, recipe.warmup, recipe.decay)
            for group in optimiser.param_groups:
                group["lr"] = rate
            total, parts = loss(next(batches), generator)
            if not torch.isfinite(total):
                raise RunError(f"{name}: the loss is {float(total)} at step {step}; try a lower "
                               "rate=…")
            torch.autograd.backward(total)
            torch.nn.utils.clip_grad_norm_(weights, recipe.clip)
            optimiser.step()
            optimiser.zero_grad()
            for key, value in parts.items():
                sums[key] = sums.get(key, 0.0) + value
            since += 1
            last = step == recipe.steps
            row = {"step": float(step)}
            if step % recipe.report_every == 0 or last:
                row |= {"rate": rate, **{key: value / since for key, value in sums.items()},
                        "step_s": (time.perf_counter() - began) / since}
                often = EVALUATE_EVERY * recipe.report_every
                if evaluate and (step % often == 0 or (last and step > often)):
                    for module in modules.values():
                        module.eval()
                    row |= evaluate()
                    for module in modules.values():
                        module.train()
                with log.open("a", encoding="utf-8") as writer:
                    writer.write(json.dumps({k: round(v, 5) for k, v in row.items()}) + "\n")
                sums, since, began = {}, 0, time.perf_counter()
            report(row)
            stopping = asked() and not last
            if step % recipe.save_every == 0 or last or stopping:
                keep(step)
            if stopping:
                raise Interrupted(f"{name}: step {step} of {recipe.steps} is kept")


def _cut(log: Path, done: int) -> None:
    """Drop lines of steps after the last checkpoint: they are made again."""
    if not log.is_file():
        return
    lines = log.read_text("utf-8").splitlines()
    kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= done]
    log.write_text("".join(f"{line}\n" for line in kept), "utf-8")


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed; pressed again, it interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    pressed = threading.Event()
    before = signal.getsignal(signal.SIGINT) or signal.default_int_handler

    def remember(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, remember)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
