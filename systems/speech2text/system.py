"""Any speech-to-text model of transformers as a system, read out by a policy of the library."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from s2st_bench.checkpoints import pick_device
from s2st_bench.errors import ConfigError, SystemFailure
from s2st_bench.system import Answer, HypothesisSystem, Observation, Session
from s2st_bench.transcripts import UNSPACED, base_code
from s2st_bench.types import Modality, Read, Recording, Samples, Task, Write

from .deciders import rule_of
from .dialects import RATE_HZ, Dialect
from .fulfil import Fulfiller
from .hypothesis import OfflineHypothesis
from .languages import seamless_code
from .loading import Checkpoint, Dtype, described, load
from .model import At, Look, Model, Search
from .session import OfflineSession, Settings, Turn
from .speaking import Speaker
from .tokens import Tokens


class SpeechToText(HypothesisSystem):
    """An offline model whose translation of the audio so far is committed bit by bit.

    Parameters
    ----------
    model
        A folder, or a name on the hub.
    policy
        A gate or stability rule of :mod:`s2st_bench.policy` that needs no more than attention; its
        hyper-parameters are further options (``system.policy=local_agreement system.n=2``).
    device
        ``cpu``, ``cuda``, ``cuda:1``; ``auto``: the run's, or CUDA where there is one.
    dtype
        Of weights and arithmetic.
    step_s
        New audio before it is decoded again, at least; 0: the run's chunk.
    read_s
        Audio that gates such as wait-k count as one unit read.
    layer, attention_at
        See :class:`~.model.Look`; of policies that look at attention.
    num_beams, no_repeat_ngram, max_new_tokens
        See :class:`~.model.Search`.
    min_segment_s, max_segment_s, min_silence_s
        See :mod:`.segments`.
    speech, speaker, speech_min_words
        Whether SeamlessM4T-v2 speaks too; which of its voices; how many words it waits for.
    """

    def __init__(
        self, *, model: str, policy: str = "offline", device: str = "auto",
        dtype: Dtype = "float32", step_s: float = 0.0, read_s: float = 0.32,
        layer: int | None = None, attention_at: At = "input", num_beams: int = 1,
        no_repeat_ngram: int = 0, max_new_tokens: int = 128, min_segment_s: float = 10.0,
        max_segment_s: float = 28.0, min_silence_s: float = 0.5, speech: bool = False,
        speaker: int = 0, speech_min_words: int = 3, **rule: Any,
    ) -> None:
        _at_least("num_beams", num_beams, 1)
        _at_least("no_repeat_ngram", no_repeat_ngram, 0)
        _at_least("max_new_tokens", max_new_tokens, 1)
        _at_least("speaker", speaker, 0)
        _at_least("speech_min_words", speech_min_words, 1)
        _within("step_s", step_s, 0.0, 60.0)
        _within("read_s", read_s, 0.01, 60.0)
        _within("min_silence_s", min_silence_s, 0.05, 10.0)
        _within("max_segment_s", max_segment_s, 1.0, 600.0)
        _within("min_segment_s", min_segment_s, 0.0, max_segment_s)
        self._name = model
        self._device, self._dtype = device, dtype
        chosen = rule_of(policy, rule)
        self._settings = Settings(
            chosen, min_segment_s, max_segment_s, min_silence_s, step_s, read_s, max_new_tokens,
            speech_min_words)
        self._search = Search(num_beams, no_repeat_ngram, max_new_tokens)
        self._look = Look(layer, attention_at) if "attention" in chosen.needs else None
        self._speaker = speaker
        if speech:
            self.outputs: frozenset[Modality] = frozenset({"text", "speech"})
            self.voices = frozenset({"seamless-m4t-v2"})
        # They show what a policy is worth that looks at nothing.
        self.control = policy in ("fixed_rate", "random")
        self._checkpoint: Checkpoint | None = None
        self._fulfiller: Fulfiller | None = None
        self._described: Dialect | None = None

    def load(self, device: str = "cpu") -> None:
        wanted = device if self._device == "auto" and device != "cpu" else self._device
        speaks = "speech" in self.outputs
        checkpoint = load(self._name, pick_device(wanted), self._dtype,
                          attention=self._look is not None, speech=speaks)
        longest_s = checkpoint.dialect.longest_s
        if self._settings.max_segment_s > longest_s:
            raise ConfigError(f"system.max_segment_s={self._settings.max_segment_s:g}: "
                              f"{self._name} hears at most {longest_s:g} s at once")
        speaker = None
        if speaks:
            voices = int(checkpoint.model.config.vocoder_num_spkrs)
            if self._speaker >= voices:
                raise ConfigError(f"system.speaker={self._speaker}: {self._name} has {voices} "
                                  f"voices, from 0 to {voices - 1}")
            speaker = Speaker(checkpoint.model, self._speaker)
        self._checkpoint = checkpoint
        self._fulfiller = Fulfiller(Model(checkpoint, self._search, self._look), speaker)

    def supports(self, task: Task) -> str | None:
        if reason := super().supports(task):
            return reason
        if task.sample_rate_hz != RATE_HZ:
            return f"hears {RATE_HZ} Hz, not {task.sample_rate_hz}: give sample_rate_hz={RATE_HZ}"
        dialect = self._dialect()
        if dialect is None:
            return None  # on the hub: what it knows is known once it is loaded
        if reason := dialect.refusal(task.source_lang, task.target_lang):
            return reason
        if "speech" in task.outputs and seamless_code(task.target_lang) not in dialect.spoken:
            return (f"the checkpoint speaks {', '.join(sorted(dialect.spoken)) or 'nothing'}; not "
                    f"{task.target_lang}: outputs=[text] writes it")
        return None

    def open(self, task: Task) -> Session:
        checkpoint, fulfiller = self._ready(task)
        spaced = _spaced(task)

        def fulfil(session: OfflineSession, turn: Turn) -> Generator[Write, None, Read]:
            return fulfiller.alone(turn, session.meter)

        return OfflineSession(
            self._settings, Tokens(checkpoint.tokenizer, spaced=spaced),
            checkpoint.dialect.prompt(task.source_lang, task.target_lang), task.target_lang,
            spaced=spaced, speaks="speech" in task.outputs, writes="text" in task.outputs,
            fulfil=fulfil)

    def open_hypothesis(
        self, task: Task, recording: Recording | None = None
    ) -> OfflineHypothesis:
        checkpoint, fulfiller = self._ready(task)

        def translate(
            session: OfflineHypothesis, samples: Samples, prompt: tuple[int, ...]
        ) -> Sequence[int]:
            return fulfiller.translation(samples, prompt, session.meter)

        spaced = _spaced(task)
        return OfflineHypothesis(
            self._settings.segments(), Tokens(checkpoint.tokenizer, spaced=spaced),
            checkpoint.dialect.prompt(task.source_lang, task.target_lang), spaced=spaced,
            translate=translate)

    def policy_batch(
        self, sessions: Sequence[Session], observations: Sequence[Observation]
    ) -> Sequence[Answer]:
        ours = [session for session in sessions if isinstance(session, OfflineSession)]
        if self._fulfiller is None or len(ours) < len(sessions):
            return super().policy_batch(sessions, observations)
        turns = [session.turn(observation)
                 for session, observation in zip(ours, observations, strict=True)]
        return [_answer(writes, read) for writes, read in self._fulfiller.together(turns)]

    def synchronize(self) -> None:
        if self._checkpoint is not None and self._checkpoint.model.device.type == "cuda":
            import torch

            torch.cuda.synchronize(self._checkpoint.model.device)

    def _ready(self, task: Task) -> tuple[Checkpoint, Fulfiller]:
        if self._checkpoint is None or self._fulfiller is None:
            self.load()
            return self._ready(task)
        if reason := self.supports(task):
            raise SystemFailure(reason)
        return self._checkpoint, self._fulfiller

    def _dialect(self) -> Dialect | None:
        if self._checkpoint is not None:
            return self._checkpoint.dialect
        if self._described is None:
            self._described = described(self._name)
        return self._described


def _answer(writes: Sequence[Write], read: Read) -> Generator[Write, None, Read]:
    yield from writes
    return read


def _spaced(task: Task) -> bool:
    return base_code(task.target_lang) not in UNSPACED


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ConfigError(f"system.{name}={value}: at least {least} is wanted")


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ConfigError(f"system.{name}={value:g}: {least:g} to {most:g} s are wanted")
