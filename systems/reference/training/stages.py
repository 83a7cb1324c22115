"""The steps of the whole recipe, one function each; every one goes on where it was interrupted.

::

    pieces.model                sub-words, from the training text
    base.pt                     encoder, CTC heads and multipath decoder, from speech
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from shutil import copyfile
from typing import Any, TypeVar

from s2st_bench.audio.source import read_audio
from s2st_bench.errors import ConfigError, InputError
from s2st_bench.trainer import Budget, Job, Material, Progress
from s2st_bench.types import AudioSource

from ..frontend import RATE_HZ, Frames, log_mel
from ..pieces import Pieces, train_pieces
from ..shape import Shape
from .base import Recipe, train_base
from .loop import Report, Row
from .speech import Shard, make_shards

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
    if job.init is not None:
        beside = job.init.parent / PIECES
        if not beside.is_file():
            raise ConfigError(f"init={job.init}: no {PIECES} beside it; a checkpoint needs the "
                              "sub-words it was trained with")
        copyfile(beside, path)
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


def make_base(
    job: Job, pieces: Pieces, shards: Sequence[Shard], shape: Shape, dev: int
) -> Path:
    """The base model; ``dev`` recordings of each language are translated at evaluations."""
    from .evaluation import evaluate

    recipe = paced(Recipe(), job.budget)
    batch_s = min(recipe.batch_s, job.material.hours * 3600 / BATCHES_AN_EPOCH)
    recipe = replace(recipe, batch_s=job.budget.batch_s or batch_s)
    recordings = development(job.material, dev) if dev else []
    return train_base(
        shards, pieces, job.out, recipe, shape=shape, init=job.init,
        report=reporter(job, "base", recipe.steps),
        evaluate=(lambda encoder, decoder: evaluate(encoder, decoder, pieces, recordings))
        if recordings else None,
    )
