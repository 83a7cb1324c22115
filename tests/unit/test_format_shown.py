"""SimulStreaming's and SLTev's files, and simulstream sessions that are not the plain case."""

import json

import pytest

from s2st_bench.errors import TraceError
from s2st_bench.formats import omnisteval, resegmented, simulstream, simulstreaming, sltev
from s2st_bench.formats.detect import detect
from s2st_bench.timeline import emissions, final_text


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def times(trace):
    return [(e.unit, e.delay, e.elapsed) for e in emissions(trace)]


def whisper(at, text, **more):
    return {"start": 0.0, "end": 3.0, "text": text, "tokens": [1], "words": [],
            "is_final": False, "emission_time": at, **more}


def test_simulstreaming_on_a_wall_clock(tmp_path) -> None:
    rows = [whisper(1.3370921, " And so"), whisper(2.4411171, ", my"),
            whisper(4.0123719, " friends", is_final=True), whisper(4.1, "", is_final=True)]
    path = jsonl(tmp_path / "talk.jsonl", rows)
    assert detect(path) == "simulstreaming"
    found = simulstreaming.read(path, target_lang="en")
    (trace,) = found.traces
    assert final_text(trace) == "And so, my friends"
    assert (trace.kind, trace.clock, trace.source_length) == ("stream", "realtime", 3.0)
    # by the time a text was shown, as much audio had been sent, up to the end of it
    assert times(trace) == [("And", 1.3370921, 1.3370921), ("so,", 2.4411171, 2.4411171),
                            ("my", 2.4411171, 2.4411171), ("friends", 3.0, 4.0123719)]
    with pytest.raises(TraceError, match="no work to lay out"):
        simulstreaming.read(path, ca="live")


def test_simulstreaming_without_computation(tmp_path) -> None:
    step, rows = 0.0, []
    for text in (" a", " b", " c"):
        step += 1.2  # 3.5999999999999996
        rows.append(whisper(step, text, end=3.6))
    (trace,) = simulstreaming.read(jsonl(tmp_path / "x.jsonl", rows)).traces
    assert trace.clock == "ideal" and [e.delay for e in emissions(trace)] == [1.2, 2.4, step]


def test_simulstreaming_as_text(tmp_path) -> None:
    path = tmp_path / "jfk.txt"
    path.write_text("1200.0000 0 1200  And so\n3600.0000 2400 3600 , then\n")
    assert detect(path) == "simulstreaming"
    (trace,) = simulstreaming.read(path).traces
    assert final_text(trace) == "And so, then" and trace.recording_id == "jfk"
    path.write_text("1200.0000 0 1200  And so\nnonsense\n")
    with pytest.raises(TraceError, match=r"jfk\.txt:2: not <ms>"):
        simulstreaming.read(path)


def test_simulstreamings_second_step(tmp_path) -> None:
    def row(at, status, text, unconfirmed="", final=False):
        return {"emission_time": at, "end": 9.0, "status": status, "text": text,
                "unconfirmed_text": unconfirmed, "is_final": final}

    rows = [row(1.1011, "INCOMPLETE", " Wir", "sind"), row(1.2, "COMPLETE", " Wir sind", "da"),
            row(2.3007, "COMPLETE", "", "da heute"), row(3.1, "COMPLETE", "da heute", final=True),
            row(4.1, "COMPLETE", " Und", "")]
    (trace,) = simulstreaming.read(jsonl(tmp_path / "x.jsonl", rows)).traces
    assert final_text(trace) == "Wir sind da heute Und"
    assert [e.elapsed for e in emissions(trace)] == pytest.approx([1.1011, 1.2, 3.1, 3.1, 4.1])


@pytest.mark.parametrize("rows, message", [
    ([], "holds no output"),
    ([{"text": "a"}], ":1: 'emission_time' must be a finite number"),
    ([whisper(float("nan"), "a")], ":1: 'emission_time' must be"),
    ([whisper(-1.0, "a")], ":1: a negative time"),
    ([whisper(1.0, None)], ":1: 'text' must be a text"),
])
def test_a_bad_simulstreaming_line(tmp_path, rows, message) -> None:
    with pytest.raises(TraceError, match=message):
        simulstreaming.read(jsonl(tmp_path / "x.jsonl", rows))


SLT = "P 120 0 100 Wie\nP 150 0 140 Wie die\nC 210 0 200 Wie das Haus .\nP 250 200 240 Und\n"


def test_sltev(tmp_path) -> None:
    path = tmp_path / "talk.en.de.slt"
    path.write_text(SLT + "C 300 200 280 Und\n")
    assert detect(path) == detect(tmp_path) == "sltev"
    found = sltev.read(tmp_path)
    (trace,), (recording,) = found.traces, found.recordings
    assert final_text(trace) == "Wie das Haus . Und"
    assert (trace.recording_id, trace.target_lang, recording.source_lang) == ("talk", "de", "en")
    assert [e.elapsed for e in emissions(trace)] == pytest.approx([1.2, 2.1, 2.1, 2.1, 2.5])
    assert [e.first_shown_s for e in emissions(trace)] == pytest.approx([1.2, 2.1, 2.1, 2.1, 2.5])
    assert trace.source_length == 2.8 and recording.segments[0].references == {}


def test_sltevs_references_lie_beside(tmp_path) -> None:
    (tmp_path / "talk.en.de.slt").write_text(SLT)
    (tmp_path / "talk.de.OSt").write_text("Wie das Haus.\n\nUnd so.\n")
    whole = sltev.read(tmp_path).recordings[0]
    assert whole.segments[0].references == {"de": ("Wie das Haus. Und so.",)}
    (tmp_path / "talk.en.OStt").write_text(
        "P 10 90 Like\nC 10 190 Like the house.\nC 200 290 So.\n")
    (recording,) = sltev.read(tmp_path).recordings
    assert [(s.start_s, s.end_s, s.references["de"]) for s in recording.segments] == \
        [(0.1, 1.9, ("Wie das Haus.",)), (2.0, 2.9, ("Und so.",))]
    (tmp_path / "talk.de.OSt").write_text("Wie das Haus.\n")
    with pytest.raises(TraceError, match="1 sentences for the 2 of"):
        sltev.read(tmp_path)


def test_a_bad_and_a_cut_sltev_line(tmp_path) -> None:
    path = tmp_path / "x.slt"
    path.write_text(SLT + "P 300 2")
    found = sltev.read(path)
    assert final_text(found.traces[0]) == "Wie das Haus . Und" and "cut off" in found.notes[0]
    path.write_text("Q 1 2 3 a\n" + SLT)
    with pytest.raises(TraceError, match=r"x\.slt:1: not P\|C"):
        sltev.read(path)


def chunk(key, at, new, old=(), spent=0.25):
    return {"id": key, "total_audio_processed": at, "computation_time": spent,
            "generated_tokens": list(new), "deleted_tokens": list(old)}


def test_simulstream_sessions(tmp_path) -> None:
    rows = [
        {"id": 1, "metadata": {"wav_name": "a/one.wav"}},
        {"id": "x", "metadata": {"wav_name": "a/two.wav"}},
        chunk(1, 1.0, ["▁a"]), chunk("x", 1.0, ["▁b"]), {"model_loading_time": 3.5},
        chunk(1, 2.0, ["▁c"]), chunk("x", 1.5, []),
        {"id": 1, "metadata": {"wav_name": "a/one.wav"}},   # as a client may send it again
        chunk(1, 2.5, ["c"]),
        chunk(1, 1.0, ["▁d"]),                              # the file streamed once more
        {"id": 1, "metadata": {"wav_name": "b/three.wav"}}, chunk(1, 1.0, ["▁e"]),
        {"id": 9, "metadata": {"wav_name": "never.wav"}},
    ]
    found = simulstream.read(jsonl(tmp_path / "m.jsonl", rows))
    assert [(t.recording_id, t.repeat, final_text(t)) for t in found.traces] == \
        [("one", 0, "a cc"), ("two", 0, "b"), ("one", 1, "d"), ("three", 0, "e")]
    assert [r.id for r in found.recordings] == ["one", "two", "three"]
    assert "another session of 'one'" in found.notes[0]
    assert found.traces[0].load == {"model_loading_time": 3.5}
    assert found.traces[1].source_length == 1.5


def test_simulstream_that_measured_nothing(tmp_path) -> None:
    rows = [{"id": 1, "metadata": {"wav_name": "a.wav"}}, chunk(1, 1.0, ["das"], spent=0)]
    found = simulstream.read(jsonl(tmp_path / "m.jsonl", rows))
    assert (found.traces[0].clock, found.ca) == ("ideal", "")
    assert "no mark of how they join" in found.notes[0]


def test_simulstream_cut_off(tmp_path) -> None:
    rows = [{"id": 1, "metadata": {"wav_name": "a.wav"}}, chunk(1, 1.0, ["▁a"]),
            chunk(1, 2.0, ["▁b"])]
    path = jsonl(tmp_path / "m.jsonl", rows)
    path.write_bytes(path.read_bytes()[:-9])
    found = simulstream.read(path)
    assert final_text(found.traces[0]) == "a" and "cut off" in found.notes[0]


def test_omnistevals_lines(tmp_path) -> None:
    rows = [{"source": "x/one.wav", "prediction": "a b", "emission_cu": [1000, 2000],
             "emission_ca": [1500, 2500], "source_length": 3000},
            {"source": ["two.wav"], "prediction": "c d", "delays": [1, 2, 3], "elapsed": [1, 2, 3]}]
    path = jsonl(tmp_path / "h.jsonl", rows)
    assert detect(path) == "omnisteval"
    found = omnisteval.read(path)
    assert [t.recording_id for t in found.traces] == ["one", "two"]
    assert times(found.traces[0]) == [("a", 1.0, 1.5), ("b", 2.0, 2.5)]
    # a delay for each character, spaces included
    assert [e.delay for e in emissions(found.traces[1], "char")] == [0.001, 0.003]
    assert found.traces[1].source_length == 0.003 and "the last delay stands" in found.notes[0]
    for bad, message in [({"prediction": "a", "delays": [1]}, "'source' must name"),
                         (rows[0], "a second hypothesis"),
                         ({"source": "q.wav", "prediction": "a", "delays": [-1]}, "below 0")]:
        with pytest.raises(TraceError, match=f":3: .*{message}"):
            omnisteval.read(jsonl(path, [*rows, bad]))


def test_resegmented_lines(tmp_path) -> None:
    row = {"index": 0, "docid": 0, "segid": 0, "prediction": "a b", "reference": "a b",
           "source_length": 1000, "emission_cu": [-200.0, 900.0], "time_to_recording_end": 2500}
    path = jsonl(tmp_path / resegmented.FILE, [row, {**row, "segid": 1, "prediction": "",
                                                     "emission_cu": []}])
    assert detect(path) == detect(tmp_path) == "resegmented"
    (trace,) = resegmented.read(tmp_path).traces
    # shifted, so that the first word is not said before the recording begins
    assert times(trace) == [("a", 0.0, None), ("b", 1.1, None)]
    assert trace.source_length == pytest.approx(2.7)
    for bad, message in [({"prediction": 3}, "'prediction' must be a text"),
                         ({"emission_cu": [1]}, "1 emission_cu for neither"),
                         ({"emission_ca": [1]}, "1 emission_ca for 2"),
                         ({"source_length": None}, "'source_length' must be")]:
        with pytest.raises(TraceError, match=f":1: {message}"):
            resegmented.read(jsonl(path, [{**row, **bad}]))
