"""The cascade as a system: parts chosen by name, run as a pipeline of stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from s2st_bench.errors import ConfigError
from s2st_bench.parts import (
    RecogniserModel,
    SynthesiserModel,
    Translator,
    TranslatorModel,
    VadModel,
)
from s2st_bench.policy import Committer, LocalAgreement
from s2st_bench.speech.stage import TtsStage
from s2st_bench.speech.voice import Espeak
from s2st_bench.system import HypothesisSystem, PipelineSession, Stage
from s2st_bench.types import Modality, Recording, Task

from .hypothesis import CascadeHypothesis
from .stages import AsrStage, MtStage, VadStage, plain, polished
from .utterances import Utterances
from .vad import RATE_HZ, Silero


class Cascade(HypothesisSystem):
    """Voice activity detection, recognition, translation and synthesis.

    Parameters
    ----------
    asr, mt
        A recogniser; a translator, or several, of which the first that has the pair here is taken.
    vad, tts
        A detector of speech; a synthesiser, or ``none``: only text is written.  Not given: Silero
        and espeak-ng.
    min_silence_s, preroll_s, max_utterance_s
        A pause this long ends an utterance; audio kept from before its start; its greatest length.
    partial_every_s
        How much speech the recogniser hears between two partial hypotheses.
    asr_agreement, asr_hold, mt_agreement, mt_hold
        When a word is committed: local agreement over so many hypotheses, less ``hold`` words
        (:class:`~s2st_bench.policy.LocalAgreement`).  Agreement counts partial hypotheses of the
        recogniser, and translations of successive source prefixes; words of a recogniser that
        only appends are committed at once.
    mt_every_words
        New source words after which an utterance that goes on is translated again.
    tts_min_words
        Words to wait for before a phrase is spoken.
    punctuate
        Begin an utterance with a capital and end it with a full stop.
    retract
        Write every hypothesis and take back what changed, instead of committing.
    """

    outputs: frozenset[Modality] = frozenset({"text", "speech"})

    def __init__(
        self,
        *,
        asr: RecogniserModel,
        mt: TranslatorModel | Sequence[TranslatorModel],
        vad: VadModel | None = None,
        tts: Literal["none"] | SynthesiserModel | None = None,
        min_silence_s: float = 0.4,
        preroll_s: float = 0.25,
        max_utterance_s: float = 20.0,
        partial_every_s: float = 0.1,
        asr_agreement: int = 6,
        asr_hold: int = 0,
        mt_agreement: int = 2,
        mt_hold: int = 0,
        mt_every_words: int = 1,
        tts_min_words: int = 3,
        punctuate: bool = True,
        retract: bool = False,
    ) -> None:
        if not 0.01 <= partial_every_s <= 10.0:
            raise ConfigError(f"system.partial_every_s={partial_every_s}: 0.01 to 10 s is wanted")
        for option, count in (("tts_min_words", tts_min_words), ("mt_every_words", mt_every_words)):
            if count < 1:
                raise ConfigError(f"system.{option}={count}: at least 1 is wanted")
        self._vad = Silero() if vad is None else vad
        self._tts = None if tts == "none" else Espeak() if tts is None else tts
        if self._tts is None:
            self.outputs = frozenset({"text"})
        else:
            self.voices = self._tts.voices
        self._asr = asr
        self._mt = (mt,) if isinstance(mt, TranslatorModel) else tuple(mt)
        if not self._mt:
            raise ConfigError("system.mt: at least one translator is wanted")
        self._cuts = {
            "min_silence_s": min_silence_s, "preroll_s": preroll_s, "max_s": max_utterance_s,
        }
        self._partial_every_s = partial_every_s
        self._asr_rule = _agreement("asr", asr_agreement, asr_hold)
        if asr.append_only:
            self._asr_rule = _agreement("asr", 1, 0)
        self._mt_rule = _agreement("mt", mt_agreement, mt_hold)
        self._mt_every_words = mt_every_words
        self._tts_min_words = tts_min_words
        self._polish = polished if punctuate else plain
        self._retract = retract
        self._translators: dict[tuple[int, str, str], Translator] = {}

    def load(self, device: str = "cpu") -> None:
        self._vad.load()
        self._asr.load()
        for translator in self._mt:
            translator.load()
        if self._tts is not None:
            self._tts.load()

    def supports(self, task: Task) -> str | None:
        if reason := super().supports(task):
            return reason
        if task.sample_rate_hz != RATE_HZ:
            return f"hears {RATE_HZ} Hz, not {task.sample_rate_hz}: give sample_rate_hz={RATE_HZ}"
        known = ", ".join(sorted(self._asr.languages))
        if known and _base(task.source_lang) not in self._asr.languages:
            return f"its recogniser knows {known}, not {task.source_lang}"
        if isinstance(able := self._first_able(task), str):
            return able
        if "speech" in task.outputs and self._tts is not None:
            return self._tts.missing(task.target_lang)
        return None

    def open(self, task: Task) -> PipelineSession:
        vad = VadStage(self._utterances())
        asr = AsrStage(self._asr.open(task.source_lang), self._committer(self._asr_rule),
                       self._partial_every_s)
        mt = MtStage(self._translator(task), self._committer(self._mt_rule), self._polish,
                     self._mt_every_words)
        stages = [
            Stage("vad", vad),
            Stage("asr", asr, ("vad",)),
            Stage("mt", mt, ("asr",), output="text" in task.outputs),
        ]
        if "speech" in task.outputs and self._tts is not None:
            tts = TtsStage(self._tts, task.target_lang, self._tts_min_words, retract=self._retract)
            stages.append(Stage("tts", tts, ("mt",), output=True))
        return PipelineSession(stages)

    def open_hypothesis(
        self, task: Task, recording: Recording | None = None
    ) -> CascadeHypothesis:
        return CascadeHypothesis(
            self._utterances(), self._asr.open(task.source_lang), self._translator(task),
            self._polish,
        )

    def _utterances(self) -> Utterances:
        return Utterances(self._vad.open(), **self._cuts)

    def _committer(self, rule: LocalAgreement) -> Committer | None:
        return None if self._retract else Committer(rule)

    def _first_able(self, task: Task) -> int | str:
        """Which translator to use, or why there is none."""
        reasons = []
        for number, model in enumerate(self._mt):
            reason = model.missing(task.source_lang, task.target_lang)
            if reason is None:
                return number
            reasons.append(reason)
        return "; ".join(reasons)

    def _translator(self, task: Task) -> Translator:
        """Kept open between sessions: starting one costs more than a sentence."""
        number = self._first_able(task)
        if isinstance(number, str):
            raise ConfigError(number)
        key = (number, task.source_lang, task.target_lang)
        if key not in self._translators:
            self._translators[key] = self._mt[number].open(task.source_lang, task.target_lang)
        return self._translators[key]


def _agreement(stage: str, agreement: int, hold: int) -> LocalAgreement:
    """When ``stage`` commits a word, refused before any work if it never could."""
    if agreement < 1 or hold < 0:
        raise ConfigError(
            f"system.{stage}_agreement={agreement}, system.{stage}_hold={hold}: agreement counts "
            "hypotheses from 1 up, hold counts words from 0 up"
        )
    return LocalAgreement(agreement, hold, unit="word")


def _base(lang: str) -> str:
    return lang.replace("_", "-").split("-")[0].lower()
