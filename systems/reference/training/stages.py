"""The steps of the whole recipe, one function each; every one goes on where it was interrupted.

::

    pieces.model                sub-words, from the training text
    base.pt                     encoder, CTC heads and multipath decoder, from speech
    encoded/                    what the encoder, frozen from now on, says of the speech
    emma-1.pt, mma.pt, …        further decoders on it
    text.pt                     translator of text
    weights/                    all of them as a system runs them

A checkpoint to start from is ``base.pt`` (with ``pieces.model`` beside it), or a folder of weights.
"""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from shutil import copyfile
from typing import Any, Literal, TypeVar

from s2st_bench.audio.source import read_audio
from s2st_bench.errors import ConfigError, InputError
from s2st_bench.trainer import Budget, Job, Material, Progress
from s2st_bench.types import AudioSource

from ..frontend import RATE_HZ, Frames, log_mel
from ..model.decoder import Decoder
from ..model.encoder import Encoder
from ..pieces import Pieces, train_pieces
from ..runtime.models import MANIFEST, SHIPPED, models_of
from ..shape import Shape
from .base import Recipe, train_base
from .checkpoint import load_base
from .evaluation import evaluate
from .loop import Report, Row
from .speech import Shard, make_shards
from .text import TextRecipe, load_text, train_text

PIECES = "pieces.model"
BATCHES_AN_EPOCH = 32
"""At least so many: with little speech batches are smaller than the recipe's."""
SENTENCES_AN_HOUR = 5000
"""Of text for the sub-words, as much as there is speech; at least and at most so much:"""
FEWEST, MOST = 2000, 20_000

AnyRecipe = TypeVar("AnyRecipe", bound=Any)
Spoken = tuple[Frames, str, dict[str, str]]


def paced(recipe: AnyRecipe, budget: Budget) -> AnyRecipe:
    """A recipe within a budget.

    Where only the number of steps is given, warm-up and decay are at most a tenth and a quarter
    of them.
    """
    own = {field.name for field in fields(recipe)}
    given = {field.name: value for field in fields(budget)
             if (value := getattr(budget, field.name)) is not None and field.name in own}
    steps = given.get("steps", recipe.steps)
    given.setdefault("warmup", min(recipe.warmup, steps // 10))
    given.setdefault("decay", min(recipe.decay, steps // 4))
    made: AnyRecipe = replace(recipe, **given)
    return made


def reporter(job: Job, model: str, steps: int) -> Report:
    """The loop's rows as progress of one model."""

    def report(row: Row) -> None:
        values = {key: value for key, value in row.items() if key != "step"}
        job.report(Progress(model, int(row["step"]), steps, values))

    return report


def start_of(job: Job) -> Path | None:
    """The checkpoint or folder of weights to start from.

    Raises
    ------
    ConfigError
        There is none.
    """
    init = SHIPPED if job.init == Path("shipped") else job.init
    if init is not None and not init.exists():
        raise ConfigError(f"init={job.init}: no such checkpoint; give the .pt file that a training "
                          "printed, a folder of weights, or init=shipped")
    return init


def make_pieces(job: Job, count: int) -> Pieces:
    """The sub-words of the folder; those beside ``init``, or made from text.

    Raises
    ------
    ConfigError
        ``init`` has none beside it, or the text is too little for ``count``.
    """
    path = job.out / PIECES
    if path.is_file():
        return Pieces(path)
    if (init := start_of(job)) is not None:
        kept = (init if init.is_dir() else init.parent) / PIECES
        if not kept.is_file():
            raise ConfigError(f"init={job.init}: {kept} is missing; a checkpoint needs the "
                              "sub-words it was trained with")
        copyfile(kept, path)
        return Pieces(path)
    material = job.material
    number = min(MOST, max(FEWEST, int(material.hours * SENTENCES_AN_HOUR)))
    lines = [text for texts in islice(material.corpus.training_text(material.seed), number)
             for text in texts.values()]
    letters = {c for line in lines for c in line if not c.isspace()}
    temporary = path.with_suffix(".part")
    try:
        train_pieces(lines, temporary, count,
                     "".join(sorted(letters | set(string.ascii_letters + string.digits))))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1]
        raise ConfigError(f"model.pieces={count}: cannot be made of {number} sentences "
                          f"({reason})") from None
    temporary.replace(path)
    return Pieces(path)


def speech(material: Material) -> list[Shard]:
    """The training speech as features, made where it is not kept yet."""
    try:
        return list(make_shards(material.corpus, material.folder, material.hours, material.seed))
    except OSError as error:
        raise InputError(f"{material.folder}: {error.strerror}; give data.folder=…") from None


def development(material: Material, count: int) -> list[Spoken]:
    """Features and texts of the first ``count`` recordings of each language."""
    taken: dict[str, int] = {}
    found: list[Spoken] = []
    for recording in material.corpus.development():
        lang = recording.source_lang
        taken[lang] = taken.get(lang, 0) + 1
        source = recording.source
        if taken[lang] > count or not isinstance(source, AudioSource):
            continue
        segment = recording.segments[0]
        texts = {lang: segment.transcript, **{k: v[0] for k, v in segment.references.items()}}
        samples = read_audio(source.path, source.offset_s, source.duration_s, RATE_HZ)
        found.append((log_mel(samples), lang, texts))
    return found


def load_start(path: Path) -> tuple[Encoder, Decoder]:
    """The base model of a checkpoint, or of a folder of weights."""
    if path.is_file():
        return load_base(path)
    from .export import load_weights

    models_of(path)  # says what is wrong with the folder
    shape = Shape(**json.loads((path / MANIFEST).read_text("utf-8"))["shape"])
    encoder, decoder = Encoder(shape), Decoder(shape)
    load_weights(encoder, path / "encoder.onnx")
    load_weights(decoder, path / "decoder-multipath.onnx", path / "memory-multipath.onnx")
    return encoder, decoder


def fitted(recipe: AnyRecipe, job: Job) -> AnyRecipe:
    """:func:`paced`, with smaller batches where there is little speech."""
    recipe = paced(recipe, job.budget)
    if job.budget.batch_s is None:
        most = job.material.hours * 3600 / BATCHES_AN_EPOCH
        recipe = replace(recipe, batch_s=min(recipe.batch_s, most))
    return recipe


def make_base(
    job: Job, pieces: Pieces, shards: Sequence[Shard], shape: Shape, dev: int
) -> Path:
    """The base model; ``dev`` recordings of each language are translated at evaluations."""
    recipe = fitted(Recipe(), job)
    recordings = development(job.material, dev) if dev else []
    init = start_of(job)
    return train_base(
        shards, pieces, job.out, recipe, shape=replace(shape, pieces=pieces.count),
        init=None if init is None else load_start(init),
        report=reporter(job, "base", recipe.steps),
        evaluate=(lambda encoder, decoder: evaluate(encoder, decoder, pieces, recordings))
        if recordings else None,
    )


def make_decoder(
    job: Job, name: str, kind: Literal["multipath", "mma-h", "mma-il", "emma"], base: Path,
    pieces: Pieces, shards: Sequence[Shard], latency: float, variance: float,
) -> Path:
    """A decoder on the base model's frozen encoder; the costs are those of the recipe."""
    from .cached import make_cache
    from .monotonic import DecoderRecipe, train_monotonic, train_multipath

    encoder, decoder = load_start(base)
    cache = make_cache(job.out / "encoded", encoder, shards, job.material.seed)
    recipe = replace(fitted(DecoderRecipe(), job), latency=latency, variance=variance)
    report = reporter(job, name, recipe.steps)
    if kind == "multipath":
        return train_multipath(name, decoder, cache, pieces, job.out, recipe, report=report)
    return train_monotonic(name, kind, decoder, cache, pieces, job.out, recipe, report=report)


def make_text(job: Job, pieces: Pieces, shape: Shape) -> Path:
    """The translator of text, with two layers each side."""
    recipe = paced(TextRecipe(), job.budget)
    own = replace(shape, pieces=pieces.count, encoder_layers=2, decoder_layers=2)
    return train_text(job.material.corpus.training_text, pieces, job.out, recipe, shape=own,
                      report=reporter(job, "text", recipe.steps))


def make_weights(
    job: Job, base: Path, decoders: Mapping[str, Path], text: Path | None = None
) -> Path:
    """A folder of weights with the base model's decoder as ``multipath``, unless there is one."""
    from .export import export_models, write_description, write_text
    from .monotonic import load_decoder

    folder = job.out / "weights"
    encoder, decoder = load_start(base)
    found = {"multipath": decoder, **{name: load_decoder(path)
                                      for name, path in decoders.items()}}
    made = {"seed": job.budget.seed, "hours": job.material.hours, "corpus":
            job.material.corpus.card().name, "data_seed": job.material.seed}
    export_models(folder, encoder, found, job.out / PIECES, made)
    if text is not None:
        write_text(folder, load_text(text))
        write_description(folder, encoder.shape, made)
    return folder
