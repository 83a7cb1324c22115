"""The reference models as a system: one streaming encoder, a decoder, and a policy by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from s2st_bench.errors import ConfigError
from s2st_bench.policy import Gate, Stability, make_gate, make_stability, rules
from s2st_bench.speech.stage import TtsStage
from s2st_bench.speech.voice import Espeak
from s2st_bench.system import HypothesisSystem, PipelineSession, Session, Stage
from s2st_bench.types import Modality, Recording, Task

from .deciders import Decider, Gated, Restated
from .frontend import RATE_HZ
from .runtime import DecoderModel, Models, models_of
from .runtime.models import SHIPPED
from .session import ReferenceHypothesis, ReferenceSession
from .shape import LANGS
from .utterance import Utterance
from .utterances import Utterances

SOURCES = ("de", "en")


class Reference(HypothesisSystem):
    """Speech to text, and to speech piece by piece as text is committed.

    Parameters
    ----------
    policy
        A gate or a stability rule of :mod:`s2st_bench.policy`; its hyper-parameters are further
        options of this system (``system=wait_k system.k=5``).
    decoder
        Which of the weights' decoders: ``multipath`` for all policies that decide from the
        outside; EMMA and MMA have their own.
    weights
        A folder that ``s2st-bench train`` wrote; none: the ones that come along.
    every_chunks
        Stability rules decode all that was heard once in so many chunks of 320 ms.
    layer
        The decoder layer whose attention AlignAtt and EDAtt look at, from 0, negative from the
        last.
    min_silence_s, max_utterance_s
        A pause this long ends an utterance; its greatest length.
    tts
        ``espeak``, or ``none`` for text only.
    tts_min_words, speech_rate
        Words to wait for before a phrase is spoken; words a minute.
    """

    outputs: frozenset[Modality] = frozenset({"text", "speech"})
    voices = frozenset({"espeak-ng"})

    def __init__(
        self, *, policy: str = "offline", decoder: str = "multipath", weights: Path | None = None,
        every_chunks: int = 1, layer: int = -1, min_silence_s: float = 0.4,
        max_utterance_s: float = 20.0, tts: str = "espeak", tts_min_words: int = 3,
        speech_rate: int = 170, **rule: Any,
    ) -> None:
        if every_chunks < 1:
            raise ConfigError(f"system.every_chunks={every_chunks}: at least 1 is wanted")
        if not 0.1 <= min_silence_s <= 5.0 or not 1.0 <= max_utterance_s <= 60.0:
            raise ConfigError(
                "system.min_silence_s is 0.1 to 5 s, system.max_utterance_s 1 to 60 s"
            )
        if tts not in ("espeak", "none"):
            raise ConfigError(f"system.tts={tts}: espeak or none is wanted")
        if tts_min_words < 1:
            raise ConfigError(f"system.tts_min_words={tts_min_words}: at least 1 is wanted")
        if tts == "none":
            self.outputs, self.voices = frozenset({"text"}), frozenset()
        known = rules()
        self._rule: Gate | Stability = (
            make_stability(policy, rule, "system")
            if issubclass(known.get(policy, Gate), Stability) else make_gate(policy, rule, "system")
        )
        # They show what a policy is worth that looks at nothing.
        self.control = policy in ("fixed_rate", "random")
        self._decoder = decoder
        self._folder = weights or SHIPPED
        self._every, self._layer = every_chunks, layer
        self._cuts = {"min_silence_s": min_silence_s, "max_s": max_utterance_s}
        self._voice = None if tts == "none" else Espeak(speech_rate)
        self._tts_min_words = tts_min_words
        self._models: Models | None = None
        self._graphs: DecoderModel | None = None

    def load(self, device: str = "cpu") -> None:
        self._models = models_of(self._folder)
        self._graphs = self._models.decoder(self._decoder)
        _ = self._models.encoder, self._models.pieces
        if self._voice is not None:
            self._voice.load()

    def supports(self, task: Task) -> str | None:
        if reason := super().supports(task):
            return reason
        if task.sample_rate_hz != RATE_HZ:
            return f"hears {RATE_HZ} Hz, not {task.sample_rate_hz}: give sample_rate_hz={RATE_HZ}"
        source, target = _base(task.source_lang), _base(task.target_lang)
        if source not in SOURCES:
            return f"understands {' and '.join(SOURCES)}, not {task.source_lang}"
        if target not in LANGS or target == source:
            known = " and ".join(lang for lang in LANGS if lang != source)
            return f"translates {source} to {known}, not to {task.target_lang}"
        if "speech" in task.outputs and self._voice is not None:
            return self._voice.missing(task.target_lang)
        return None

    def open(self, task: Task) -> Session | PipelineSession:
        speaks = "speech" in task.outputs and self._voice is not None
        session = ReferenceSession(
            Utterances(**self._cuts), lambda: self._begin(task), self._decide, ends=speaks
        )
        if not speaks or self._voice is None:
            return session
        tts = TtsStage(self._voice, task.target_lang, self._tts_min_words)
        return PipelineSession([
            Stage("translation", session, output="text" in task.outputs),
            Stage("tts", tts, ("translation",), output=True),
        ])

    def open_hypothesis(
        self, task: Task, recording: Recording | None = None
    ) -> ReferenceHypothesis:
        return ReferenceHypothesis(Utterances(**self._cuts), lambda: self._begin(task))

    def _begin(self, task: Task) -> Utterance:
        if self._models is None or self._graphs is None:
            self.load()
            return self._begin(task)
        threshold = float(getattr(self._rule, "threshold", 0.5))
        return Utterance(self._models, self._graphs, task.target_lang, threshold)

    def _decide(self, utterance: Utterance) -> Decider:
        rule = self._rule.fresh()
        if isinstance(rule, Gate):
            return Gated(utterance, rule)
        return Restated(utterance, rule, every=self._every, layer=self._layer)


def _base(lang: str) -> str:
    return lang.replace("_", "-").split("-")[0].lower()
