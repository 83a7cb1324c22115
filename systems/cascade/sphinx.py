"""Streaming English recognition by pocketsphinx, with the acoustic model of its wheel.

PocketSphinx (https://github.com/cmusphinx/pocketsphinx, BSD-2-Clause) recognises words of a fixed
dictionary, here the CMU one of its wheel (about 126,000 words, lower case).  The wheel holds no
grapheme-to-phoneme model, so a word outside the dictionary is never recognised; ``dictionary``
adds pronunciations (``word PH O N E S`` in ARPAbet, one a line).

``lm`` is ``general`` (the wheel's), ``conference`` (of the embedded corpus' training grammar), an
n-gram model (``.bin``, ``.lm``, ``.arpa``, ``.gz`` of one) or a file of sentences (``.txt``), of
which a trigram model is built.

A decoder serves one listener at a time; in between its front end is made anew and brought back to
its initial cepstral mean, so that what a recording is heard as does not depend on the recordings
before it.  The mean adapts only after several seconds of speech; ``cmn`` is one to start from, for
voices or microphones far from those of the model.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from s2st_bench.audio import ready, windows
from s2st_bench.errors import DependencyError, InputError
from s2st_bench.parts import RecogniserModel
from s2st_bench.types import Samples, Word

from .vad import RATE_HZ

_WORD = re.compile(r"[a-z]+(?:['’-][a-z]+)*")
_CONFERENCE = Path(__file__).parent / "sentences_en.txt"
_CEPSTRA = 13
_FRAME_S = 0.01
_MODEL_SUFFIXES = frozenset({".bin", ".lm", ".arpa", ".gz", ".dmp"})


class PocketSphinx(RecogniserModel):
    """Decoders over one set of files; a decoder is made per concurrent listener."""

    languages = frozenset({"en"})

    def __init__(
        self, lm: str = "general", dictionary: Path | None = None, cmn: tuple[float, ...] = ()
    ) -> None:
        if len(cmn) not in (0, _CEPSTRA):
            raise ValueError(f"cmn: {_CEPSTRA} numbers are wanted, not {len(cmn)}")
        self._module: Any = None
        self._lm = Path(lm).name
        self._dictionary = dictionary
        self._mean = ",".join(f"{value:g}" for value in cmn)
        self._sentences, self._model = _language_model(lm)
        self._free: list[tuple[Any, str]] = []
        self.out_of_vocabulary: frozenset[str] = frozenset()
        """Words of the sentences that the dictionary lacks: they cannot be recognised."""

    def load(self) -> None:
        try:
            import pocketsphinx
        except ImportError:
            raise DependencyError("pocketsphinx", "recognition by pocketsphinx", "cascade") \
                from None
        if self._module is None:
            self._module = pocketsphinx
            self._free = [self._decoder()]

    def signature(self) -> Mapping[str, str]:
        found = {"asr": "pocketsphinx", "version": version("pocketsphinx"), "lm": self._lm,
                 "decoding": "whole"}
        if self._dictionary is not None:
            found["dictionary"] = _digest(self._dictionary)
        if (model := self._sentences or self._model) is not None:
            found["lm_sha256"] = _digest(model)
        return {**found, **({"cmn": self._mean} if self._mean else {})}

    def open(self, lang: str) -> SphinxRecogniser:
        decoder, mean = self._free.pop() if self._free else self._decoder()
        decoder.reinit_feat()  # it keeps the last sample it heard, and begins to differ there
        decoder.set_cmn(mean)
        return SphinxRecogniser(decoder, lambda: self._free.append((decoder, mean)))

    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        """The cepstral mean is that of the recording, which a stream cannot know: fewer errors
        than of the same audio as it comes.  Long recordings are recognised in windows.
        """
        self.load()
        sound = ready(samples, rate_hz, RATE_HZ)
        words: list[Word] = []
        recogniser = self.open(lang)
        try:
            for first, last in windows(sound, RATE_HZ):
                at_s = first / RATE_HZ
                words += [Word(w.text, at_s + w.start_s, at_s + w.end_s)
                          for w in recogniser.whole(sound[first:last])]
        finally:
            recogniser.close()
        return tuple(words)

    def _decoder(self) -> tuple[Any, str]:
        """A decoder and the cepstral mean to start from."""
        with tempfile.TemporaryDirectory() as folder:  # read while the decoder is made
            settings: dict[str, Any] = {"samprate": float(RATE_HZ), "loglevel": "FATAL"}
            if self._model is not None:
                settings["lm"] = str(self._model)
            if self._sentences is not None:
                settings.update(self._of_sentences(self._sentences, Path(folder)))
            elif self._dictionary is not None:
                lines = [*self._pronunciations(), *self._added()]
                settings["dict"] = _written(Path(folder) / "words.dict", lines)
            try:
                decoder = self._module.Decoder(**settings)
            except RuntimeError as error:
                raise InputError(
                    f"{self._model or self._sentences}: pocketsphinx cannot use this ({error})"
                ) from None
        return decoder, self._mean or str(decoder.get_cmn(False))

    def _of_sentences(self, path: Path, folder: Path) -> dict[str, str]:
        """A trigram model of the sentences and a dictionary of their words alone.

        The whole dictionary would do as well, but with few words in the model pocketsphinx then
        takes seconds to load.
        """
        from pocketsphinx.lm import ArpaBoLM

        sentences = list(read_sentences(path))
        wanted = {word for words in sentences for word in words}
        lines = [line for line in [*self._pronunciations(), *self._added()]
                 if _headword(line) in wanted]
        known = {_headword(line) for line in lines}
        self.out_of_vocabulary = frozenset(wanted - known)
        if not known:
            raise InputError(f"{path}: holds no sentence with a word of the dictionary")
        model = ArpaBoLM(text="".join(
            f"<s> {' '.join(word for word in words if word in known)} </s>\n"
            for words in sentences
        ))
        model.compute()
        with (folder / "sentences.lm").open("w", encoding="utf-8") as file:
            model.write(file)
        return {"lm": str(folder / "sentences.lm"), "dict": _written(folder / "words.dict", lines)}

    def _pronunciations(self) -> list[str]:
        """The wheel's dictionary."""
        return _lines(Path(self._module.get_model_path()) / "en-us" / "cmudict-en-us.dict")

    def _added(self) -> list[str]:
        """The user's dictionary, its phones checked."""
        if self._dictionary is None:
            return []
        phones = {phone for line in self._pronunciations() for phone in line.split()[1:]}
        entries = list(read_dictionary(self._dictionary))
        for word, sounds in entries:
            if unknown := [phone for phone in sounds.split() if phone not in phones]:
                raise InputError(f"{self._dictionary}: {word!r} is said with {unknown[0]!r}, which "
                                 f"is none of the phones {' '.join(sorted(phones))}")
        return [f"{word} {sounds}" for word, sounds in entries]


class SphinxRecogniser:
    """One listener; see :class:`.parts.Recogniser`."""

    def __init__(self, decoder: Any, give_back: Any) -> None:
        self._decoder = decoder
        self._give_back = give_back
        self._is_open = False

    def whole(self, samples: Samples) -> tuple[Word, ...]:
        """The words of an utterance that is known to its end, with times from its start."""
        self._decoder.start_utt()
        self._decoder.process_raw(_pcm(samples), False, True)
        self._decoder.end_utt()
        return self.timed()

    def accept(self, samples: Samples) -> tuple[str, ...]:
        if not self._is_open:
            self._decoder.start_utt()
            self._is_open = True
        self._decoder.process_raw(_pcm(samples), False, False)
        return self._words()

    def finish(self) -> tuple[str, ...]:
        if not self._is_open:
            return ()
        self._decoder.end_utt()
        self._is_open = False
        return self._words()

    def close(self) -> None:
        self.finish()
        self._give_back()

    def timed(self) -> tuple[Word, ...]:
        """The words of the last utterance, with times from its start."""
        return tuple(
            Word(found.word.split("(", 1)[0], found.start_frame * _FRAME_S,
                 (found.end_frame + 1) * _FRAME_S)
            for found in self._decoder.seg() or () if found.word[0] not in "<["
        )

    def _words(self) -> tuple[str, ...]:
        found = self._decoder.hyp()
        return tuple(found.hypstr.split()) if found is not None else ()


def _pcm(samples: Samples) -> bytes:
    return bytes(np.clip(np.rint(samples * 32_768.0), -32_768, 32_767).astype("<i2").tobytes())


def read_sentences(path: Path) -> Iterator[list[str]]:
    """The words of each line, lower case, punctuation out."""
    for line in _lines(path):
        words = _WORD.findall(line.lower().replace("’", "'"))
        if words:
            yield words


def read_dictionary(path: Path) -> Iterator[tuple[str, str]]:
    """(word, phones) of each line."""
    for number, line in enumerate(_lines(path), 1):
        word, _, phones = line.strip().partition(" ")
        if word and not phones.strip():
            raise InputError(f"{path}:{number}: a word and its phones are wanted, as in "
                             "'hello HH AH L OW'")
        if word:
            yield word.lower(), phones.strip().upper()


def _headword(line: str) -> str:
    """The word of a dictionary's line; further pronunciations are numbered, ``a(2)``."""
    return line.split(" ", 1)[0].split("(", 1)[0]


def _written(path: Path, lines: Iterable[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text ({error})") from None


def _language_model(lm: str) -> tuple[Path | None, Path | None]:
    """(sentences to build a model of, ready model); at most one of them."""
    if lm == "general":
        return None, None
    path = _CONFERENCE if lm == "conference" else Path(lm)
    if not path.is_file():
        raise ValueError(f"lm={lm}: no such file; general, conference, an n-gram model "
                          "or a .txt file of sentences is wanted")
    return (None, path) if path.suffix in _MODEL_SUFFIXES else (path, None)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
