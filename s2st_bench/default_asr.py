"""Which recogniser hears output speech where none is named: one that comes along.

The rule, by target language, first that is installed:

=========  =======================================================================================
de         ``reference``
en         ``reference``, else ``pocketsphinx``
others     none: name one (``--metric-option ASR-BLEU.asr=…``, or the metric ``ASR-BLEU@NAME``)
=========  =======================================================================================

They are there so that numbers exist without a download, not because they are good.  The reference
recogniser learned the voices of espeak-ng alone: its judgement of them is circular, and it has none
of others.  Pocketsphinx learned from people, errs on every third word of theirs and understands
next to nothing of espeak-ng.  For a comparison that is to be believed, name Whisper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from s2st_bench.errors import SystemFailure
from s2st_bench.parts import Recogniser, RecogniserModel
from s2st_bench.types import Samples, Word

if TYPE_CHECKING:
    from s2st_bench.registry import Plugin

AUTO: Final = "auto"
"""The name that stands for the rule."""

RULE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "de": ("reference",), "en": ("reference", "pocketsphinx"),
})


class ByLanguage(RecogniserModel):
    """Chooses by language; ``plugin`` finds recognisers by name."""

    languages = frozenset(RULE)

    def __init__(self, plugin: Callable[[str], Plugin]) -> None:
        self._plugin = plugin
        self._chosen: dict[str, RecogniserModel] = {}

    def of(self, lang: str) -> RecogniserModel:
        if lang not in RULE:
            return self
        if lang not in self._chosen:
            plugins = [self._plugin(name) for name in RULE[lang]]
            usable = next((p for p in plugins if not p.missing()), plugins[-1])
            made = next((m for m in self._chosen.values() if type(m) is usable.load()), None)
            self._chosen[lang] = made or usable.load()()
        return self._chosen[lang]

    def load(self) -> None:
        """Nothing: each is loaded when it is needed."""

    def signature(self) -> Mapping[str, str]:
        return {"asr": AUTO}

    def open(self, lang: str) -> Recogniser:
        chosen = self._known(lang)
        chosen.load()
        return chosen.open(lang)

    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        chosen = self._known(lang)
        chosen.load()
        return chosen.transcribe(samples, rate_hz, lang)

    def _known(self, lang: str) -> RecogniserModel:
        base = lang.replace("_", "-").split("-")[0].lower()
        if base not in RULE:
            raise SystemFailure(f"no recogniser for {lang} comes along; those that do know "
                                f"{', '.join(sorted(RULE))}")
        return self.of(base)
