"""Small copies of corpora in their true layout, spoken by espeak-ng: for tests, and for whoever
writes a reader.

A reader's folder has a module ``fixture`` with ``make(folder) -> options``: it writes the corpus
below ``folder`` and returns what to run it with.  What is written is the same every time (for one
version of espeak-ng).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from s2st_bench.types import Samples

if TYPE_CHECKING:
    from s2st_bench.registry import Registry

PAUSE_S: Final = 0.4

SENTENCES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "en": ("Good morning and welcome to this talk.", "The first question is quite simple.",
           "Why do we listen to each other?", "Thank you very much.",
           "We measured this for two years.", "And this is what we found."),
    "de": ("Guten Morgen und willkommen zu diesem Vortrag.", "Die erste Frage ist recht einfach.",
           "Warum hören wir einander zu?", "Vielen herzlichen Dank.",
           "Wir haben das zwei Jahre lang gemessen.", "Und das haben wir gefunden."),
    "es": ("Buenos días y bienvenidos a esta charla.", "La primera pregunta es bastante sencilla.",
           "¿Por qué nos escuchamos?", "Muchas gracias.",
           "Lo medimos durante dos años.", "Y esto es lo que encontramos."),
    "fr": ("Bonjour et bienvenue à cette conférence.", "La première question est assez simple.",
           "Pourquoi nous écoutons-nous ?", "Merci beaucoup.",
           "Nous avons mesuré cela pendant deux ans.", "Et voici ce que nous avons trouvé."),
    "it": ("Buongiorno e benvenuti a questo discorso.", "La prima domanda è piuttosto semplice.",
           "Perché ci ascoltiamo?", "Grazie mille.",
           "L'abbiamo misurato per due anni.", "Ed ecco che cosa abbiamo trovato."),
    "zh": ("大家早上好，欢迎来听这个演讲。", "第一个问题很简单。", "我们为什么互相倾听？",
           "非常感谢。", "我们测量了两年。", "这就是我们的发现。"),
    "ja": ("おはようございます、この講演へようこそ。", "最初の質問はとても簡単です。",
           "なぜ私たちは互いの話を聞くのでしょうか。", "ありがとうございました。",
           "私たちはこれを二年間測りました。", "そしてこれが分かったことです。"),
})
"""Sentence *k* of one language is that of another."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Sentences spoken one after the other, with pauses."""

    samples: Samples
    rate_hz: int
    spans: tuple[tuple[float, float], ...]
    """(offset, duration) of each sentence in seconds, on the grid of 10 ms."""


def make(name: str, folder: Path, registry: Registry | None = None) -> dict[str, Any]:
    """Write the fixture of the corpus ``name`` (or of that with an option of this name) below
    ``folder``.

    Returns the options to run it with: ``dataset.KEY=VALUE``, and ``source_lang`` and
    ``target_lang``.

    Raises
    ------
    UsageError
        There is no such corpus, or it has no fixture.
    DependencyError
        espeak-ng is not installed.
    """
    from s2st_bench.errors import UsageError
    from s2st_bench.registry import Registry

    registry = registry or Registry()
    owners = [plugin for plugin in registry.plugins("datasets")
              if name in (path.stem for path in plugin.config_files())]
    plugin = owners[0] if owners else registry.get("datasets", name)
    package = plugin.load().__module__.rpartition(".")[0]
    try:
        module = importlib.import_module(f"{package}.fixture")
    except ModuleNotFoundError as error:
        raise UsageError(f"dataset {name} has no fixture") from error
    options: dict[str, Any] = module.make(Path(folder))
    return options


def speech(text: str, lang: str, rate_hz: int) -> Samples:
    """``text`` spoken, mono ``float32[n]``.  Raises DependencyError without espeak-ng."""
    from s2st_bench.audio import resampled
    from s2st_bench.speech import espeak

    said = espeak.speak(text, espeak.voice_for(lang))
    return resampled(said.samples, espeak.RATE_HZ, rate_hz)


def talk(texts: Sequence[str], lang: str, rate_hz: int = 16_000) -> Talk:
    """A talk of ``texts``.  Raises DependencyError without espeak-ng."""
    step = rate_hz // 100
    pause = np.zeros(round(PAUSE_S * rate_hz), np.float32)
    parts, spans, at = [pause], [], len(pause)
    for text in texts:
        said = speech(text, lang, rate_hz)
        said = np.pad(said, (0, -len(said) % step))
        spans.append((at / rate_hz, len(said) / rate_hz))
        parts += [said, pause]
        at += len(said) + len(pause)
    return Talk(np.concatenate(parts), rate_hz, tuple(spans))


def write_audio(path: Path, samples: Samples, rate_hz: int) -> None:
    """Write mono audio in the format of the ending: mp3, or 16 bits of wav, flac, …"""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    subtype = None if path.suffix == ".mp3" else "PCM_16"
    soundfile.write(path, samples, rate_hz, subtype=subtype)


def write_lines(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
