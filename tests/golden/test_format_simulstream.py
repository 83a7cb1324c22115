"""simulstream's logs give the words and times that simulstream's own reader gives."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.errors import TraceError
from s2st_bench.formats import simulstream
from s2st_bench.formats.detect import detect
from s2st_bench.timeline import emissions, final_text

LOGS = Path(__file__).parents[2].parent / "shared" / "logs" / "simulstream"
_token = st.sampled_from(["▁a", "▁b", "b", "cd", ".", "▁"])


def theirs(path, unit="word"):
    readers = pytest.importorskip("simulstream.metrics.readers")
    config = SimpleNamespace(detokenizer_type="simuleval", latency_unit="spm")
    return readers.LogReader(config, str(path), unit).final_outputs_and_latencies()


def check(path, backwards=False) -> None:
    expected = theirs(path)
    found = simulstream.read(path)
    assert [t.recording_id for t in found.traces] == list(expected)
    for trace, output in zip(found.traces, expected.values(), strict=True):
        assert final_text(trace) == output.final_text
        said = emissions(trace)
        assert [e.delay for e in said] == output.ideal_delays
        aware = [e.elapsed for e in said]
        if backwards:
            # Without backlog a later chunk can be "done" before an earlier one.  A word of both is
            # there when its last part is: ours is the later time, theirs the later chunk's.
            aware = [min(x, y) for x, y in
                     zip(aware, output.computational_aware_delays, strict=True)]
            assert sum(x != e.elapsed for x, e in zip(aware, said, strict=True)) == 1
        assert aware == pytest.approx(output.computational_aware_delays)


def lines(path, chunks):
    rows = [{"model_loading_time": 1.0}, {"id": 7, "metadata": {"wav_name": "x/talk.wav"}}]
    rows += [{"id": 7, "total_audio_processed": 2.0 * i, "computation_time": 0.25 * i,
              "generated_tokens": new, "deleted_tokens": old}
             for i, (new, old) in enumerate(chunks, 1)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.skipif(not LOGS.is_dir(), reason=f"no logs at {LOGS}")
@pytest.mark.parametrize("name", ["test_metrics.jsonl", "test_all_text_deleted.jsonl"])
def test_real_logs(name) -> None:
    assert detect(LOGS / name) == "simulstream"
    check(LOGS / name, backwards=name == "test_metrics.jsonl")


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.lists(_token, max_size=4), st.integers(0, 5)), max_size=6))
def test_generated_logs(tmp_path_factory, chunks) -> None:
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    tokens: list[str] = ["▁start"]
    rows: list[tuple[list[str], list[str]]] = [(["▁start"], [])]
    for new, n_deleted in chunks:
        # the first word stays: simulstream's reader fails on an empty text after a deletion
        deleted = tokens[max(1, len(tokens) - n_deleted) :]
        tokens = tokens[: len(tokens) - len(deleted)] + new
        rows.append((new, deleted))
    check(lines(path, rows))


def test_live_is_a_queue(tmp_path) -> None:
    path = tmp_path / "log.jsonl"
    rows = [{"id": 1, "metadata": {"wav_name": "a.wav"}}] + [
        {"id": 1, "total_audio_processed": float(i), "computation_time": 1.5,
         "generated_tokens": [f"▁w{i}"], "deleted_tokens": []} for i in range(1, 6)]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    logged, live = (simulstream.read(path, ca=ca).traces[0] for ca in ("logged", "live"))
    assert [e.elapsed for e in emissions(logged)] == [2.5, 3.5, 4.5, 5.5, 6.5]
    assert [e.elapsed for e in emissions(live)] == [2.5, 4.0, 5.5, 7.0, 8.5]
    assert (logged.source_length, final_text(logged)) == (5.0, "w1 w2 w3 w4 w5")


@pytest.mark.parametrize("rows, message", [
    ([{"id": 1, "total_audio_processed": 1.0}], ":1: 'computation_time' must be"),
    ([{"id": 1, "metadata": {}}], ":1: 'metadata' must be an object with a 'wav_name'"),
    ([{"id": 1, "total_audio_processed": 1.0, "computation_time": 0.1,
       "generated_tokens": [], "deleted_tokens": []}], ":1: id 1 was not given a recording"),
    ([{"id": 1, "metadata": {"wav_name": "a.wav"}},
      {"id": 1, "total_audio_processed": -1.0, "computation_time": 0.1,
       "generated_tokens": [], "deleted_tokens": []}], ":2: a negative time"),
    ([{"id": 1, "metadata": {"wav_name": "a.wav"}},
      {"id": 1, "total_audio_processed": 1.0, "computation_time": 0.1,
       "generated_tokens": "x", "deleted_tokens": []}], ":2: 'generated_tokens' must be a list"),
    ([{"id": 1, "metadata": {"wav_name": "a.wav"}},
      {"id": 1, "total_audio_processed": 1.0, "computation_time": 0.1,
       "generated_tokens": [], "deleted_tokens": ["x"]}], ":2: deleted tokens are not the last"),
    ([{"id": 1, "metadata": {"wav_name": "a.wav"}},
      {"id": 1, "total_audio_processed": "x", "computation_time": 0.1}], ":2: 'total_audio"),
    ([{"model_loading_time": 1}], ": holds no whole chunk"),
])
def test_a_bad_line_names_file_and_line(tmp_path, rows, message) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(TraceError, match=f"log.jsonl{message}"):
        simulstream.read(path)
