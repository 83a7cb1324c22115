"""Make Simul-MuST-C from one's own MuST-C, by its published procedure with any rewriter.

Makinae et al. (EMNLP 2024, CC BY 4.0): a language model (GPT-4o) is asked, for each source
sentence, (1) to break it into segments that can each be interpreted ("salami technique"), (2) to
translate each, (3) to connect the translations, and to answer in JSON with the pairs and the
output.  Sentences are asked once each, under the MD5 of their text.  An answer that talks about
the technique instead of using it is replaced by MuST-C's own translation.

A rewriter is any function of a sentence and a target language.  :func:`requests` writes the
questions in the form of OpenAI's batch interface, :class:`BatchAnswers` is the rewriter that
reads what came back; the wording of the question is ours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from s2st_bench.corpora import Lines, Selection
from s2st_bench.corpora.talklists import Pair, find_pair
from s2st_bench.errors import CorpusError, InputError

from .simul_mustc import FAILED, JOINT, OUTPUT

MODEL: Final = "gpt-4o-2024-05-13"
LANGUAGES: Final = MappingProxyType({"de": "German", "ja": "Japanese", "zh": "Chinese"})
_OFF_TASK: Final = "salami technique"


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A sentence in chunks: (source, translation) pairs in source order, and the whole output."""

    chunks: tuple[tuple[str, str], ...]
    output: str


Rewriter = Callable[[str, str], Rewriting | None]
"""``rewriter(sentence, target_lang)``; none where it has no answer, to be asked again."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was written."""

    folder: Path
    sentences: int
    kept: int
    """Sentences with MuST-C's own translation, because the answer was off the task."""
    failed: int
    """Sentences without an answer; the reader refuses them."""


def build(mustc: Path, out: Path, rewriter: Rewriter, *, split: str, pair: str) -> Built:
    """Write ``<out>/<pair>/<split>/{output.rewrite, sep.<source>, sep.<target>}``.

    Each file is replaced whole, at the end: an interrupted build leaves what was there before.

    Raises
    ------
    CorpusError
        MuST-C is not at ``mustc``, or its two texts differ in their number of lines.
    """
    found = _pair(mustc, pair)
    outputs: list[str] = []
    sources: list[str] = []
    targets: list[str] = []
    kept = failed = 0
    for sentence, translation in _sentences(found, split):
        answer = rewriter(sentence, found.target_lang)
        if answer is None or not answer.output.strip():
            failed += 1
            answer = Rewriting(((FAILED, FAILED),), FAILED)
        elif _OFF_TASK in json.dumps([answer.chunks, answer.output]).lower():
            kept += 1
            answer = Rewriting(((sentence, translation),), translation)
        outputs.append(_line(answer.output))
        sources.append(_line(JOINT.join(source for source, _ in answer.chunks)))
        targets.append(_line(JOINT.join(target for _, target in answer.chunks)))
    folder = out / found.name / split
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in ((OUTPUT, outputs), (f"sep.{found.source_lang}", sources),
                        (f"sep.{found.target_lang}", targets)):
        beside = folder / f".{name}.part"
        beside.write_bytes("".join(f"{line}\n" for line in lines).encode())
        beside.replace(folder / name)
    return Built(folder, len(outputs), kept, failed)


def requests(
    mustc: Path, *, split: str, pair: str, model: str = MODEL, leave_out: Iterable[str] = (),
) -> Iterator[dict[str, Any]]:
    """One request of OpenAI's batch interface for each sentence that is not in ``leave_out``.

    Raises
    ------
    CorpusError
    """
    found = _pair(mustc, pair)
    language = LANGUAGES.get(found.target_lang, found.target_lang)
    asked = set(leave_out)
    for sentence, _ in _sentences(found, split):
        if sentence in asked:
            continue
        asked.add(sentence)
        yield {
            "custom_id": key(sentence), "method": "POST", "url": "/v1/chat/completions",
            "body": {"model": model, "temperature": 0.5, "top_p": 0.0, "seed": 0, "n": 1,
                     "max_tokens": 2000, "response_format": {"type": "json_object"},
                     "messages": _messages(sentence, language)},
        }


class BatchAnswers:
    """The rewriter that looks answers up in files of a batch; later files count more.

    Raises
    ------
    InputError
        A line is not an answer of a batch at all; one that holds no rewriting is asked again.
    """

    def __init__(self, *paths: Path) -> None:
        self._answers: dict[str, Rewriting] = {}
        for path in paths:
            lines = Lines(path)
            for line in lines:
                try:
                    row = json.loads(line)
                    identity = str(row["custom_id"])
                except (ValueError, KeyError, TypeError) as error:
                    raise InputError(f"{path}, line {lines.number}: not an answer of a batch "
                                     f"({error})") from None
                if (answer := _answer(row)) is not None:
                    self._answers[identity] = answer

    def __call__(self, sentence: str, target_lang: str) -> Rewriting | None:
        return self._answers.get(key(sentence))


def key(sentence: str) -> str:
    """The name of a sentence in a batch."""
    return hashlib.md5(sentence.encode(), usedforsecurity=False).hexdigest()


def _messages(sentence: str, language: str) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": (
            f"You interpret English sentences into {language}. Answer in JSON: "
            f'{{"segmented_pairs": [[English, {language}], ...], "output": {language}}}')},
        {"role": "user", "content": (
            "Interpreters who work simultaneously use the salami technique: they cut the source "
            "into small segments, each with enough information to be interpreted.\n"
            "1. Cut this sentence into such segments.\n"
            f"2. Translate each segment into {language}.\n"
            "3. Connect the translated segments.\n\n"
            f"{sentence}")},
    ]


def _answer(row: dict[str, Any]) -> Rewriting | None:
    """The rewriting in a batch's line; none for an error or another shape."""
    try:
        content = row["response"]["body"]["choices"][0]["message"]["content"]
        found = json.loads(content.replace("\n", ""))
        chunks = tuple((str(source), str(target)) for source, target in found["segmented_pairs"])
        return Rewriting(chunks, str(found["output"]))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None


def _pair(mustc: Path, pair: str) -> Pair:
    source, dash, target = pair.partition("-")
    if not (source and dash and target):
        raise CorpusError(f"pair={pair}: expected SOURCE-TARGET, such as en-de")
    return find_pair(mustc, Selection(source_lang=source, target_lang=target), "MuST-C")


def _sentences(pair: Pair, split: str) -> Iterator[tuple[str, str]]:
    folder = pair.folder / "data" / split / "txt"
    source = Lines(folder / f"{split}.{pair.source_lang}")
    target = Lines(folder / f"{split}.{pair.target_lang}")
    for sentence in source:
        translation = next(target, None)
        if translation is None:
            break
        yield sentence.strip(), translation.strip()
    if sum(1 for _ in source) or source.number != target.number or sum(1 for _ in target):
        raise CorpusError(f"{source.path} and {target.path} differ in their number of lines")


def _line(text: str) -> str:
    """As one line of a file."""
    return " ".join(text.split())
