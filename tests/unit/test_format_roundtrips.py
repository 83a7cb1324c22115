"""Any trace, written as another tool's log and read back, keeps all that both hold."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.errors import TraceError, UsageError
from s2st_bench.formats import readers
from s2st_bench.formats.convert import TARGETS, Settings, convert
from s2st_bench.formats.detect import RUN, detect
from s2st_bench.formats.segments import attach
from s2st_bench.items import items
from s2st_bench.store import RunFolder
from s2st_bench.timeline import emissions, final_text
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Recording,
    Segment,
    Step,
    TextSource,
    TimedWrite,
    Trace,
)

quick = settings(deadline=None, max_examples=60)
TEXT = st.text(st.sampled_from("ab▁Ġé你 \u3000\u00a0\t.\""), max_size=6)


@st.composite
def traces(draw, retract=True, unmeasured=True, per_step=2):
    """A trace of text output: queued jobs, text taken back, several writes a step."""
    measured = draw(st.booleans()) or not unmeasured
    steps, standing, at_s, free_s = [], 0, 0.0, 0.0
    for number in range(draw(st.integers(0, 5))):
        at_s += draw(st.integers(1, 40)) / 16
        compute_s = draw(st.integers(0, 64)) / 32 if measured else 0.0
        start_s = max(at_s, free_s)
        free_s = start_s + compute_s
        writes = []
        for _ in range(draw(st.integers(0, per_step))):
            gone = draw(st.integers(0, standing)) if retract else 0
            text = draw(TEXT)
            standing += len(text) - gone
            writes.append(TimedWrite(number, compute_s, text, gone))
        steps.append(Step(at_s, at_s, (Job(number, "system", start_s, free_s),), tuple(writes)))
    return Trace("s", "talk", "de", at_s + 1, tuple(steps),
                 clock="simulated" if measured else "ideal")


def recording_of(trace, **changes):
    segment = Segment("talk", 0.0, trace.source_length, references={"de": ("ein Test",)})
    known = Recording("talk", AudioSource(Path("a/talk.wav"), 0.0, trace.source_length), "en",
                      ("de",), (segment,))
    return replace(known, **changes)


def there_and_back(trace, recording, to, folder, unit="word"):
    convert([trace], [recording], to, folder, Settings(unit=unit))
    log = readers.read(folder, detect(folder))
    (again,) = log.traces
    return again, log


def same_units(a, b, unit, aware) -> None:
    mine, back = emissions(a, unit), emissions(b, unit)
    assert [e.unit for e in back] == [e.unit for e in mine]
    assert [e.delay for e in back] == pytest.approx([e.delay for e in mine], abs=1e-9)
    if aware and mine:
        assert [e.elapsed for e in back] == pytest.approx([e.elapsed for e in mine], abs=1e-9)


@quick
@given(traces(), st.sampled_from(["word", "char"]))
def test_simuleval(tmp_path_factory, trace, unit) -> None:
    again, log = there_and_back(trace, recording_of(trace), "simuleval",
                                tmp_path_factory.mktemp("x") / "y", unit)
    same_units(trace, again, unit, trace.clock != "ideal" and again.clock != "ideal")
    assert final_text(again) == (final_text(trace) if emissions(trace) else "")
    assert again.source_length == pytest.approx(trace.source_length)
    assert log.recordings[0].segments[0].references == {"und": ("ein Test",)}


@quick
@given(traces(per_step=1))
def test_simulstream(tmp_path_factory, trace) -> None:
    again, log = there_and_back(trace, recording_of(trace), "simulstream",
                                tmp_path_factory.mktemp("x") / "y")
    assert final_text(again) == final_text(trace)
    assert again.source_length == trace.source_length
    assert log.recordings[0].source_lang == "en" and again.target_lang == "de"
    for unit in ("word", "char"):
        # its aware time is the chunk's computation alone: laid out as a queue it is the live one
        same_units(trace, again, unit, aware=False)
    compute = [sum(job.compute_s for job in step.jobs) for step in trace.steps]
    assert [sum(j.compute_s for j in s.jobs) for s in again.steps] == (compute or [0.0])
    shown = [[e.first_shown_s for e in emissions(replace(t, clock="ideal"))]
             for t in (trace, again)]
    assert shown[0] == shown[1]


@quick
@given(traces())
def test_what_a_step_itself_takes_back_is_in_no_line_of_simulstream(tmp_path_factory, trace):
    again, _ = there_and_back(trace, recording_of(trace), "simulstream",
                              tmp_path_factory.mktemp("x") / "y")
    assert final_text(again) == final_text(trace)
    assert all(len(step.writes) < 2 for step in again.steps)


@quick
@given(traces(unmeasured=False, per_step=1))
def test_simulstream_as_a_queue(tmp_path_factory, trace) -> None:
    folder = tmp_path_factory.mktemp("x") / "y"
    convert([trace], [recording_of(trace)], "simulstream", folder)
    (again,) = readers.read(folder, "simulstream", readers.Reading(ca="live")).traces
    same_units(trace, again, "word", aware=again.clock != "ideal")


@quick
@given(traces(), st.sampled_from(["word", "char"]))
def test_omnisteval(tmp_path_factory, trace, unit) -> None:
    folder = tmp_path_factory.mktemp("x") / "y"
    recording = recording_of(trace, segments=(
        Segment("0", 0.0, 0.5, references={"de": ("ein",)}, speaker="s"),
        Segment("1", 0.75, 2.0, references={"de": ("Test\u00a0!",)})))
    again, log = there_and_back(trace, recording, "omnisteval", folder, unit)
    same_units(trace, again, unit, trace.clock != "ideal" and again.clock != "ideal")
    (attached,) = attach(log.recordings, "de", segments=folder / "segments.yaml",
                         references=folder / "references.txt")
    assert [(s.start_s, s.end_s, s.references, s.speaker) for s in attached.segments] == \
        [(s.start_s, s.end_s, s.references, s.speaker) for s in recording.segments]


@quick
@given(traces(unmeasured=False), st.sampled_from(["word", "char"]))
def test_resegmented(tmp_path_factory, trace, unit) -> None:
    folder = tmp_path_factory.mktemp("x") / "y"
    recording = recording_of(trace, segments=tuple(
        Segment(str(i), 1.5 * i, 1.5 * i + 1, references={"de": (said,)})
        for i, said in enumerate(("a b", "é a", "你"))))
    cut = items(trace, recording, unit)
    again, log = there_and_back(trace, recording, "resegmented", folder, unit)
    back = items(again, log.recordings[0], unit, resegmenter=log.resegmenter)
    for a, b in zip(cut, back, strict=True):
        assert b.units == a.units and b.source_length == pytest.approx(a.source_length)
        assert b.delays == pytest.approx(a.delays, abs=1e-6)
        assert b.references == a.references
        if a.units:
            assert b.elapsed == pytest.approx(a.elapsed, abs=1e-6)
            assert b.time_to_recording_end == pytest.approx(a.time_to_recording_end)


@quick
@given(traces(retract=False))
def test_simulstreaming(tmp_path_factory, trace) -> None:
    folder = tmp_path_factory.mktemp("x") / "y"
    again, _ = there_and_back(trace, recording_of(trace), "simulstreaming", folder)
    mine, back = emissions(trace), emissions(again)
    assert [e.unit for e in back] == [e.unit for e in mine]
    live = [e.delay if e.elapsed is None else e.elapsed for e in mine]
    assert [e.delay if e.elapsed is None else e.elapsed for e in back] == pytest.approx(live)
    assert again.source_length == pytest.approx(trace.source_length)


@quick
@given(traces())
def test_sltev(tmp_path_factory, trace) -> None:
    folder = tmp_path_factory.mktemp("x") / "y"
    again, _ = there_and_back(trace, recording_of(trace), "sltev", folder)
    mine, back = emissions(trace), emissions(again)
    assert [e.unit for e in back] == [e.unit for e in mine]
    assert (again.target_lang, again.clock) == ("de", "realtime")


@quick
@given(traces())
def test_run_folder_and_traces_lose_nothing(tmp_path_factory, trace) -> None:
    folder = tmp_path_factory.mktemp("x")
    recording = recording_of(trace)
    convert([trace], [recording], "run", folder / "run", Settings(corpus="mine"))
    assert detect(folder / "run") == RUN
    run = RunFolder(folder / "run")
    assert list(run.traces()) == [trace] and list(run.recordings()) == [recording]
    assert (run.record().corpus, run.record().n_recordings) == ("mine", 1)
    again, _ = there_and_back(trace, recording, "trace", folder / "trace")
    assert again == trace


TALK = Trace("s", "talk", "de", 3.0, (Step(1.0, 1.0, (Job(0, "system", 1.0, 1.5),),
                                           (TimedWrite(0, 0.5, "ein Test"),)),))


@pytest.mark.parametrize("to", [t for t in TARGETS if t not in ("run", "trace", "resegmented")])
def test_a_failed_and_a_lost_recording_are_ones_that_said_nothing(tmp_path, to) -> None:
    failed = replace(TALK, recording_id="failed", error=Failure("raised", "broken"))
    recordings = [replace(recording_of(TALK), id=name, source=AudioSource(
        Path(f"{name}.wav"), 0.0, 3.0)) for name in ("talk", "failed", "lost")]
    convert([failed, TALK], recordings, to, tmp_path)
    log = readers.read(tmp_path, detect(tmp_path))
    said = {Path(r.source.path).stem: final_text(t) if t.error is None else ""
            for t in log.traces for r in log.recordings if r.id == t.recording_id}
    assert said == {"talk": "ein Test", "failed": "", "lost": ""}


def test_one_language_and_one_repeat(tmp_path) -> None:
    recording = recording_of(TALK, target_langs=("de", "fr"))
    several = [TALK, replace(TALK, repeat=1), replace(TALK, target_lang="fr")]
    with pytest.raises(UsageError, match="de, fr; choose with --target-lang"):
        convert(several, [recording], "simuleval", tmp_path)
    with pytest.raises(UsageError, match="0, 1; choose with --repeat"):
        convert(several, [recording], "simuleval", tmp_path, Settings(target_lang="de"))
    convert(several, [recording], "simuleval", tmp_path, Settings(target_lang="de", repeat=1))
    assert len(readers.read(tmp_path, "simuleval").traces) == 1


def test_recordings_of_one_file_name_are_told_apart(tmp_path) -> None:
    recordings = [replace(recording_of(TALK), id=name, source=AudioSource(
        Path(name) / "talk.wav", 0.0, 3.0)) for name in ("a", "b")]
    convert([replace(TALK, recording_id=name) for name in "ab"], recordings, "omnisteval", tmp_path)
    log = readers.read(tmp_path, "omnisteval")
    assert [t.recording_id for t in log.traces] == ["a", "b"]
    attach(log.recordings, "de", segments=tmp_path / "segments.yaml")


@pytest.mark.parametrize("to", ["simulstream", "omnisteval", "simulstreaming", "sltev"])
def test_text_input_is_for_simuleval_only(tmp_path, to) -> None:
    trace = replace(TALK, source_unit="tokens", clock="ideal", source_length=3)
    recording = recording_of(TALK, source=TextSource(("a", "b", "c")))
    with pytest.raises(TraceError, match="no text input"):
        convert([trace], [recording], to, tmp_path / to)
    again, log = there_and_back(trace, recording, "simuleval", tmp_path / "simuleval")
    assert (again.source_unit, again.source_length) == ("tokens", 3)
    assert log.recordings[0].source == recording.source


def test_text_taken_back_is_not_for_simulstreaming(tmp_path) -> None:
    write = TimedWrite(0, 0.5, "x", retract_chars=1)
    trace = replace(TALK, steps=(*TALK.steps, Step(2.0, 2.0, (), (replace(write, job=-1),))))
    with pytest.raises(TraceError, match="takes text back"):
        convert([trace], [recording_of(trace)], "simulstreaming", tmp_path)
