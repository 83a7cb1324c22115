"""SimulEval 1.1.4 run live beside ours on the same agents, and where its log path is wrong.

*Live*: its evaluator plays the sources to the agent and scores the instances it made.  *Log*: the
same evaluator reads its ``instances.log`` back first, as it does whenever ``--output`` is given,
which speech needs: the instances then no longer know what kind they are.  Each defect of that path
is a test of its own, which also says what we give instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import StatisticsError
from typing import Any

import numpy as np
import pytest

from s2st_bench.items import items
from s2st_bench.metrics.latency.atd import ATD
from s2st_bench.metrics.latency.speech_atd import SpeechATD
from s2st_bench.metrics.speech_timeline.offsets import SpeechEndOffset, SpeechStartOffset
from s2st_bench.metrics.speech_timeline.silences import (
    DiscontinuityAve,
    DiscontinuityNum,
    DiscontinuitySum,
)
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.timed import PlaybackMetric
from s2st_bench.types import AudioSource, Recording, TextSource, Trace

scorers = pytest.importorskip("simuleval.evaluator.scorers.latency_scorer")
instances = pytest.importorskip("simuleval.evaluator.instance")
soundfile = pytest.importorskip("soundfile")

pytestmark = pytest.mark.filterwarnings("ignore:The 'warn' method:DeprecationWarning")

AGENTS = Path(__file__).parents[1] / "plugins" / "simuleval_agents"
RATE_HZ = 16_000
LENGTHS = (78_234, 31_234, 16_000, 5_120, 700)
TEXTS = ("ein Haus am See", "eins zwei drei vier fünf sechs sieben")
PAIRS: Mapping[str, Callable[[], PlaybackMetric]] = {
    "StartOffset": SpeechStartOffset,
    "EndOffset": SpeechEndOffset,
    "ATD": SpeechATD,
    "DiscontinuitySum": DiscontinuitySum,
    "DiscontinuityAve": DiscontinuityAve,
    "DiscontinuityNum": DiscontinuityNum,
}
# agent file, its class, source, segment in ms
CASES = {
    "bursts": ("bursts_speech.py", "BurstsSpeech", "speech", 320),
    "bursts-90": ("bursts_speech.py", "BurstsSpeech", "speech", 90),
    "echo": ("echo_speech.py", "EchoSpeech", "speech", 320),
    "voiceover": ("pipelines.py", "Voiceover", "speech", 320),
    "wait-k": ("wait_k_text.py", "", "text", 1),
}


@dataclass(frozen=True)
class Ran:
    """What SimulEval made of one case, and what we made."""

    live: list[Any]
    log: list[Any]
    traces: list[Trace]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Ran]]:
    folder = tmp_path_factory.mktemp("live")
    noise = np.random.default_rng(7)
    paths = []
    for index, length in enumerate(LENGTHS):
        paths.append(folder / f"{index}.wav")
        soundfile.write(paths[-1], noise.uniform(-0.2, 0.2, length), RATE_HZ)
    (folder / "speech.txt").write_text("\n".join(map(str, paths)), "utf-8")
    (folder / "text.txt").write_text("\n".join(TEXTS), "utf-8")
    done: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in done:
            live, log = _theirs(name, folder)
            done[name] = Ran(live, log, _ours(name, paths, folder / f"{name}-ours"))
        return done[name]

    yield run


def _theirs(name: str, folder: Path) -> tuple[list[Any], list[Any]]:
    from simuleval.evaluator import SentenceLevelEvaluator
    from simuleval.utils import EVALUATION_SYSTEM_LIST
    from simuleval.utils.agent import build_system_args

    class Live(SentenceLevelEvaluator):  # type: ignore[misc]
        """Keeps what it ran."""

        def build_instances_from_log(self) -> None:
            pass

    agent, agent_class, source, segment = CASES[name]
    listed = str(folder / f"{source}.txt")
    arguments = ["--agent", str(AGENTS / agent), "--source", listed, "--target", listed,
                 "--source-segment-size", str(segment), "--output", str(folder / name),
                 "--no-scoring", "--no-progress-bar"]
    if agent_class and agent == "pipelines.py":
        arguments += ["--agent-class", f"agents.{agent_class}"]
    if agent == "wait_k_text.py":
        arguments += ["--wait-k", "2"]
    before, kept = sys.argv, list(EVALUATION_SYSTEM_LIST)
    EVALUATION_SYSTEM_LIST.clear()
    sys.argv = ["simuleval", *arguments]
    try:
        system, args = build_system_args()
        evaluator = Live.from_args(args)
        evaluator(system)
    finally:
        sys.argv = before
        EVALUATION_SYSTEM_LIST[:] = kept
    live = list(evaluator.instances.values())
    SentenceLevelEvaluator.build_instances_from_log(evaluator)
    return live, list(evaluator.instances.values())


def _ours(name: str, paths: list[Path], run: Path) -> list[Trace]:
    from s2st_bench.systems.simuleval.system import SimulEvalAgent

    agent, agent_class, source, segment = CASES[name]
    given: list[AudioSource | TextSource] = (
        [AudioSource(path) for path in paths] if source == "speech"
        else [TextSource(tuple(text.split())) for text in TEXTS]
    )
    (run / "pieces").mkdir(parents=True)
    (run / "spool").mkdir()
    made = SimulEvalAgent(
        agent=AGENTS / agent, args=["--wait-k", "2"] if source == "text" else [],
        agent_class=agent_class or None, segment_ms=segment,
    )
    made.load()
    options = ReplayOptions(clock="ideal", chunk_s=segment / 1000)
    return [replay(made, Recording(str(i), each, "de", ("en",), ()), "en", options, run,
                   slot=str(i)).whole() for i, each in enumerate(given)]


def scored(name: str, instance: Any, *, aware: bool = False) -> float:
    return float(scorers.LATENCY_SCORERS_DICT[name](computation_aware=aware)({0: instance}))


def item_of(trace: Trace) -> Any:
    source = AudioSource(Path("a.wav")) if trace.source_unit == "s" else TextSource(("a",))
    return items(trace, Recording(trace.recording_id, source, "de", ("en",), ()))[0]


@pytest.mark.parametrize("name", ["bursts", "bursts-90", "echo", "voiceover"])
def test_live_scores_are_reproduced(name: str, ran: Callable[[str], Ran]) -> None:
    case = ran(name)
    for instance, trace in zip(case.live, case.traces, strict=True):
        for score, metric in PAIRS.items():
            expected = scored(score, instance)
            assert metric().item_value(item_of(trace)) == pytest.approx(expected, abs=1e-6), score


def test_the_bursts_have_gaps_and_queues(ran: Callable[[str], Ran]) -> None:
    """So that the scores above are of more than speech without a break."""
    first = ran("bursts").live[0]
    assert scored("DiscontinuityNum", first) >= 2
    assert any(start > delay for (start, _), delay in zip(first.intervals, first.delays,
                                                          strict=True))


def test_defect_text_to_text_atd_from_a_log_is_zero(ran: Callable[[str], Ran]) -> None:
    case = ran("wait-k")
    for live, log, trace in zip(case.live, case.log, case.traces, strict=True):
        assert scored("ATD", live) == pytest.approx(ATD().item_value(item_of(trace)))
        assert scored("ATD", live) > 0 and scored("ATD", log) == 0.0


def test_defect_speech_atd_from_a_log_is_computed_as_for_text(ran: Callable[[str], Ran]) -> None:
    from s2st_bench.metrics.latency import atd

    case = ran("bursts")
    live, log, trace = case.live[0], case.log[0], case.traces[0]
    delays = np.array(log.delays)
    as_text = atd.atd(delays, atd.text_tokens(delays, delays))
    assert scored("ATD", log) == pytest.approx(as_text)
    assert abs(scored("ATD", live) - as_text) > 50
    assert SpeechATD().item_value(item_of(trace)) == pytest.approx(scored("ATD", live))


def test_defect_rtf_from_a_log_is_one(ran: Callable[[str], Ran]) -> None:
    """Live it is the end of the speech over the source's length; in a log the last delay's."""
    live, log = ran("bursts").live[0], ran("bursts").log[0]
    assert scored("RTF", log) == 1.0
    end_ms, length_ms = sum(live.intervals[-1]), live.source_length
    assert scored("RTF", live) == pytest.approx(end_ms / length_ms) and end_ms > length_ms


@pytest.mark.parametrize("name", ["DiscontinuitySum", "DiscontinuityAve", "DiscontinuityNum"])
def test_defect_discontinuity_from_a_log_is_an_assertion_error(
    name: str, ran: Callable[[str], Ran]
) -> None:
    with pytest.raises(AssertionError):
        scored(name, ran("bursts").log[0])


@pytest.mark.parametrize("name", ["AL", "StartOffset", "EndOffset", "ATD"])
def test_defect_aware_scores_from_a_log_are_a_statistics_error(
    name: str, ran: Callable[[str], Ran]
) -> None:
    """Its log says ``elapsed: []`` of speech, and a mean of nothing is asked for."""
    log = ran("bursts").log[0]
    assert log.elapsed == []
    with pytest.raises(StatisticsError):
        scored(name, log, aware=True)


def test_defect_aware_end_offset_is_the_unaware_one(ran: Callable[[str], Ran]) -> None:
    for live in ran("bursts").live:
        assert live.elapsed and live.elapsed != live.delays
        assert scored("EndOffset", live, aware=True) == scored("EndOffset", live)


# --- scores of aligned words: ``AL_SpeechAlign_BOW`` and the other twenty ------------------------

BOUNDARIES = ("BOW", "COW", "EOW")
ALIGNED = [f"{name}_SpeechAlign_{boundary}" for boundary in BOUNDARIES
           for name in ("AL", "LAAL", "AP", "DAL", "ATD", "StartOffset", "EndOffset")]


@pytest.fixture
def aligned(ran: Callable[[str], Ran], monkeypatch: pytest.MonkeyPatch) -> Any:
    """An instance with words at 500 and 900 ms, as the aligner (MFA) would have set them."""
    for name in ALIGNED:
        monkeypatch.setattr(scorers.LATENCY_SCORERS_DICT[name], "prepare_alignment",
                            lambda self, given: None)
    live = ran("bursts").live[0]
    monkeypatch.setattr(live, "aligned_delays", [500.0, 900.0], raising=False)
    monkeypatch.setattr(live, "metrics", {})
    return live


@pytest.mark.parametrize("name", ALIGNED)
def test_defect_aligned_scores_cannot_be_aware(name: str) -> None:
    with pytest.raises(RuntimeError):
        scorers.LATENCY_SCORERS_DICT[name](computation_aware=True)


def test_aligned_start_offset_is_of_the_first_word(aligned: Any) -> None:
    assert {scored(f"StartOffset_SpeechAlign_{b}", aligned) for b in BOUNDARIES} == {500.0}


@pytest.mark.parametrize("name", ["ATD", "EndOffset"])
def test_defect_aligned_atd_and_end_offset_do_not_look_at_words(name: str, aligned: Any) -> None:
    found = {scored(f"{name}_SpeechAlign_{boundary}", aligned) for boundary in BOUNDARIES}
    assert found == {scored(name, aligned)}


def test_defect_aligned_scores_share_one_column(aligned: Any) -> None:
    for name in ALIGNED:
        scored(name, aligned)
    assert list(aligned.metrics) == ["EndOffset_SpeechAlign_EOW"]
