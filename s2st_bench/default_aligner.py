"""Which aligner finds words in output speech where none is named.

The first of :data:`RULE` that is installed and knows the language.  ``pocketsphinx`` stands first
everywhere: on speech whose word times are known it is the nearest in all languages that were tried
(``metrics/heard/README.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from s2st_bench.errors import NotAligned
from s2st_bench.parts import AlignerModel
from s2st_bench.types import Samples, Word

if TYPE_CHECKING:
    from s2st_bench.registry import Plugin

AUTO: Final = "auto"
RULE: Final = ("pocketsphinx", "reference")


class FirstInstalled(AlignerModel):
    """Chooses by language; ``plugin`` finds aligners by name."""

    def __init__(self, plugin: Callable[[str], Plugin]) -> None:
        self._plugin = plugin
        self._made: list[AlignerModel] | None = None

    def of(self, lang: str) -> AlignerModel:
        if self._made is None:
            plugins = [self._plugin(name) for name in RULE]
            self._made = [plugin.load()() for plugin in plugins if not plugin.missing()]
        usable = (m for m in self._made if not m.languages or lang in m.languages)
        return next(usable, self)

    def load(self) -> None:
        """Nothing: each is loaded when it is needed."""

    def signature(self) -> Mapping[str, str]:
        return {"aligner": AUTO}

    def align(
        self, samples: Samples, rate_hz: int, words: Sequence[str], lang: str
    ) -> tuple[Word, ...]:
        chosen = self.of(lang.replace("_", "-").split("-")[0].lower())
        if chosen is self:
            raise NotAligned(f"no aligner for {lang} is installed: "
                             'pip install "s2st-bench[cascade]"')
        chosen.load()
        return chosen.align(samples, rate_hz, words, lang)
