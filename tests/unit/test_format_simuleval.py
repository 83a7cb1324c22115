"""SimulEval's instances.log: read, written, damaged."""

import gzip
import json

import pytest

from s2st_bench.errors import InputError, TraceError
from s2st_bench.formats import segments, simuleval
from s2st_bench.formats.detect import detect
from s2st_bench.items import items
from s2st_bench.timeline import emissions, final_text, playback

SPEECH = {
    "index": 0, "prediction": "Hallo  schöne Welt .", "delays": [1000.0, 2000.0, 2000.0, 3500.0],
    "elapsed": [1200.5, 2600.25, 2600.25, 4400.0], "prediction_length": 4,
    "reference": "Hallo Welt .", "source_length": 3500.0,
    "source": ["a/b/clip.wav", "samplerate: 48000 Hz", "channels: 1"],
}
TEXT = {
    "index": 1, "prediction": "ein Haus", "delays": [1, 3], "elapsed": [0, 0],
    "prediction_length": 2, "reference": "das Haus\n", "source": "a house there",
    "source_length": 3,
}


def log(tmp_path, *rows, name="instances.log"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def test_speech_input(tmp_path) -> None:
    found = simuleval.read(log(tmp_path, SPEECH), target_lang="de")
    (trace,), (recording,) = found.traces, found.recordings
    assert final_text(trace) == SPEECH["prediction"]
    said = emissions(trace)
    assert [e.delay * 1000 for e in said] == SPEECH["delays"]
    assert [e.elapsed * 1000 for e in said] == pytest.approx(SPEECH["elapsed"], abs=1e-9)
    assert (trace.clock, trace.source_length, found.ca) == ("simulated", 3.5, "simuleval")
    assert recording.source.path.name == "clip.wav" and recording.sample_rate_hz == 48_000
    assert items(trace, recording)[0].references == ("Hallo Welt .",)
    # 200.5 ms for the first, 399.75 more by the second, 299.75 more by the last
    assert [j.compute_s * 1000 for s in trace.steps for j in s.jobs] == \
        pytest.approx([200.5, 399.75, 299.75])


def test_live_lays_the_work_out_as_a_queue(tmp_path) -> None:
    row = {**SPEECH, "elapsed": [3000.0, 4500.0, 4500.0, 6100.0]}
    found = simuleval.read(log(tmp_path, row), ca="live")
    # compute 2.0, 0.5, 0.1 s: begins at 1.0; the second waits for it; the third does not
    live = [e.elapsed for e in emissions(found.traces[0])]
    assert live == pytest.approx([3.0, 3.5, 3.5, 3.6])
    assert found.ca == "live(from simuleval)"


def test_text_input_has_no_aware_time(tmp_path) -> None:
    found = simuleval.read(log(tmp_path, TEXT), target_lang="de")
    (trace,) = found.traces
    assert (trace.source_unit, trace.source_length, trace.clock) == ("tokens", 3, "ideal")
    assert [e.delay for e in emissions(trace)] == [1, 3] and found.ca == ""


def test_characters_and_pieces_are_told_by_their_number(tmp_path) -> None:
    chars = {**SPEECH, "prediction": "你好 世", "delays": [1.0, 2.0, 3.0], "elapsed": []}
    (trace,) = simuleval.read(log(tmp_path, chars)).traces
    assert [e.delay * 1000 for e in emissions(trace, "char")] == [1, 2, 3]
    pieces = {**SPEECH, "prediction": "Hallo Welt", "prediction_spm": ["▁Hal", "lo", "▁Welt"],
              "delays": [1.0, 2.0, 3.0], "elapsed": []}
    (trace,) = simuleval.read(log(tmp_path, pieces)).traces
    assert [e.delay * 1000 for e in emissions(trace)] == [2, 3]
    assert final_text(trace) == "Hallo Welt"


@pytest.mark.parametrize("delays, expected", [([1.0], [1, 1, 1, 1]), ([1.0] * 5, [1] * 4)])
def test_more_or_fewer_delays_than_words(tmp_path, delays, expected) -> None:
    found = simuleval.read(log(tmp_path, {**SPEECH, "delays": delays, "elapsed": delays}))
    assert [round(e.delay * 1000) for e in emissions(found.traces[0])] == expected
    assert "delays for 4 words" in found.notes[0]


def test_nothing_said_and_nothing_to_compare_with(tmp_path) -> None:
    row = {"index": 3, "prediction": "", "delays": [], "elapsed": [], "source_length": 100.0,
           "source": ["x.wav"], "metric": {"old": 1}, "reference_length": 9}
    (trace,), (recording,) = (f := simuleval.read(log(tmp_path, row))).traces, f.recordings
    assert trace.steps == () and recording.segments[0].references == {}


def test_speech_output_plays_when_simuleval_says(tmp_path) -> None:
    row = {"index": 0, "prediction": "/out/wavs/0_pred.wav", "delays": [1000.0, 1500.0, 4000.0],
           "durations": [800.0, 700.0, 250.0], "prediction_offset": 1000.0, "elapsed": [],
           "intervals": [[1000.0, 800.0], [1800.0, 700.0], [4000.0, 250.0]],
           "prediction_length": 3.25, "source_length": 4000.0, "source": "a.wav",
           "reference": "Hallo"}
    (trace,) = (found := simuleval.read(log(tmp_path, row))).traces
    assert [(round(p.start_s * 1000), round((p.end_s - p.start_s) * 1000))
            for p in playback(trace, aware=False)] == [(1000, 800), (1800, 700), (4000, 250)]
    assert [piece.offset / piece.sample_rate_hz for piece in trace.pieces] == [0, 0.8, 3.0]
    assert (trace.outputs, trace.clock) == (("speech",), "ideal")
    with pytest.raises(TraceError, match="speech without text"):
        simuleval.write(found.traces, found.recordings, tmp_path / "out.log")
    assert simuleval.read(log(tmp_path, {**row, "intervals": [], "delays": []})).traces


def test_gzip_and_a_log_cut_off(tmp_path) -> None:
    whole = (json.dumps(SPEECH) + "\n" + json.dumps(TEXT) + "\n").encode()
    packed = tmp_path / "a.log.gz"
    packed.write_bytes(gzip.compress(whole))
    assert len(simuleval.read(packed).traces) == 2
    packed.write_bytes(gzip.compress(whole * 500)[:-20])
    with pytest.raises(TraceError, match=r"gz:3: index 0 again"):
        simuleval.read(packed)
    cut = tmp_path / "cut.log"
    cut.write_bytes(whole[:-15])
    found = simuleval.read(cut)
    assert len(found.traces) == 1 and "cut off" in found.notes[0]


@pytest.mark.parametrize("line, message", [
    ("{", ":1: not JSON"),
    ("[1]", ":1: a JSON object"),
    ('{"index": 0}', ":1: 'source_length' must be"),
    ('{"prediction": "a"}', ":1: no 'index'"),
    (json.dumps({**SPEECH, "delays": [1, None, 2, 3]}), ":1: 'delays' must be a finite number"),
    (json.dumps({**SPEECH, "delays": [1, float("nan"), 2, 3]}), ":1: 'delays' must be"),
    (json.dumps({**SPEECH, "prediction": None}), ":1: 'prediction' must be a text"),
    (json.dumps({**SPEECH, "delays": []}), ":1: a prediction without delays"),
    (json.dumps({**SPEECH, "source": []}), ":1: 'source' is a list without"),
    (json.dumps({**SPEECH, "intervals": [[0, 1]]}), ":1: 'intervals' must be a list, one for"),
    (json.dumps({**SPEECH, "intervals": [[0, -1]] * 4}), ":1: an interval is"),
])
def test_a_bad_line_names_file_and_line(tmp_path, line, message) -> None:
    path = tmp_path / "instances.log"
    path.write_text(line + "\n" + json.dumps(TEXT) + "\n")
    with pytest.raises(TraceError, match=f"instances.log{message}"):
        simuleval.read(path)


def test_no_log_at_all(tmp_path) -> None:
    with pytest.raises(TraceError, match="cannot be read"):
        simuleval.read(tmp_path / "none.log")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(TraceError, match="no whole instance"):
        simuleval.read(tmp_path / "empty")
    (tmp_path / "latin").write_bytes("é".encode("latin-1"))
    with pytest.raises(TraceError, match="not UTF-8"):
        simuleval.read(tmp_path / "latin")


def test_what_is_written_is_read_back(tmp_path) -> None:
    first = simuleval.read(log(tmp_path, SPEECH, TEXT), target_lang="de")
    out = tmp_path / "again.log"
    simuleval.write(first.traces, first.recordings, out)
    again = simuleval.read(out, target_lang="de")
    for a, b in zip(first.traces, again.traces, strict=True):
        assert final_text(a) == final_text(b) and a.source_length == b.source_length
        for x, y in zip(emissions(a), emissions(b), strict=True):
            assert (x.unit, x.delay) == (y.unit, y.delay)
            assert x.elapsed == (None if y.elapsed is None else pytest.approx(y.elapsed))
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    for row, original in zip(rows, (SPEECH, TEXT), strict=True):
        for key in ("index", "prediction", "delays", "prediction_length", "reference",
                    "source_length"):
            assert row[key] == original[key]


def test_one_log_holds_one_trace_of_a_recording(tmp_path) -> None:
    first = simuleval.read(log(tmp_path, SPEECH), target_lang="de")
    with pytest.raises(TraceError, match="several traces of recording '0'"):
        simuleval.write(first.traces * 2, first.recordings, tmp_path / "twice.log")


def test_formats_are_told_apart(tmp_path) -> None:
    path = log(tmp_path, SPEECH)
    assert detect(path) == detect(tmp_path) == "simuleval"
    (tmp_path / "t.jsonl").write_text('{"recording_id": "a", "steps": []}\n')
    assert detect(tmp_path / "t.jsonl") == "trace"
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n')
    for bad in (tmp_path / "x.jsonl", tmp_path / "none"):
        with pytest.raises(InputError):
            detect(bad)


def test_segments_are_matched_by_file_name(tmp_path) -> None:
    found = simuleval.read(log(tmp_path, SPEECH), target_lang="de")
    yaml = tmp_path / "segments.yaml"
    yaml.write_text("- {wav: other/clip.flac, offset: 0.5, duration: 1.0, speaker_id: s}\n"
                    "- {wav: other/clip.flac, offset: 2.0, duration: 1.5}\n")
    references = tmp_path / "references.txt"
    references.write_text("Hallo\nschöne Welt .\n")
    (recording,) = segments.attach(found.recordings, "de", segments=yaml, references=references)
    assert [(s.start_s, s.end_s) for s in recording.segments] == [(0.5, 1.5), (2.0, 3.5)]
    assert recording.segments[1].references == {"de": ("schöne Welt .",)}
    assert recording.cluster == "clip"
    references.write_text("Hallo\n")
    with pytest.raises(InputError, match="1 lines for 2 segments"):
        segments.attach(found.recordings, "de", segments=yaml, references=references)
    (alone,) = segments.attach(found.recordings, "de", references=references)
    assert alone.segments[0].references == {"de": ("Hallo",)}
    yaml.write_text("- {wav: x.wav, offset: 0, duration: 1}\n")
    with pytest.raises(InputError, match="no segments of recording '0'"):
        segments.attach(found.recordings, "de", segments=yaml)
    for bad in ("{", "a: 1", "- {wav: x}", "- {wav: x, offset: 0, duration: .nan}", "- 3"):
        yaml.write_text(bad)
        with pytest.raises(InputError, match=r"segments\.yaml"):
            segments.attach(found.recordings, "de", segments=yaml)
