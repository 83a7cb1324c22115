"""Whatever a log's lines hold, a reader gives traces or one error that names file and line."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.errors import BenchError
from s2st_bench.formats import readers
from s2st_bench.formats.detect import FORMATS, TRACE, detect
from s2st_bench.timeline import emissions, final_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.sampled_from(
        ["", "a b", "x.wav", "\x1b[2J", "▁a", "\ud7ff", "COMPLETE", "0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["wav_name", "source_length", "recording_id", "latency_unit"]), inner,
        max_size=2),
    max_leaves=4,
)
KEYS = {
    "simuleval": ["index", "prediction", "delays", "elapsed", "source", "source_length",
                  "reference", "intervals", "prediction_spm"],
    "omnisteval": ["prediction", "delays", "elapsed", "source", "source_length", "emission_cu"],
    "resegmented": ["docid", "segid", "prediction", "reference", "source_length", "emission_cu",
                    "emission_ca", "time_to_recording_end"],
    "simulstream": ["id", "metadata", "model_loading_time", "total_audio_processed",
                    "computation_time", "generated_tokens", "deleted_tokens"],
    "simulstreaming": ["emission_time", "end", "text", "status", "is_final"],
}
GOOD = {
    "simuleval": {"index": 0, "prediction": "a b", "delays": [1, 2], "elapsed": [2, 3],
                  "source": ["x.wav"], "source_length": 3, "reference": "a"},
    "omnisteval": {"prediction": "a b", "delays": [1, 2], "source": "x.wav", "source_length": 3},
    "resegmented": {"segid": 0, "prediction": "a b", "reference": "a", "source_length": 3,
                    "emission_cu": [1, 2], "time_to_recording_end": 9},
    "simulstream": {"id": 0, "total_audio_processed": 1.0, "computation_time": 0.5,
                    "generated_tokens": ["▁a"], "deleted_tokens": []},
    "simulstreaming": {"emission_time": 1.25, "end": 2.0, "text": " a", "is_final": False},
}


@st.composite
def lines(draw, name):
    """Lines that are nearly right: a key or two is another, missing or new."""
    rows = []
    for number in range(draw(st.integers(1, 3))):
        row = {**GOOD[name], **({"index": number} if name == "simuleval" else {})}
        for key in draw(st.lists(st.sampled_from(KEYS[name]), max_size=2)):
            if draw(st.booleans()):
                row[key] = draw(VALUES)
            else:
                row.pop(key, None)
        rows.append(row)
    first = [{"id": 0, "metadata": {"wav_name": "x.wav"}}] if name == "simulstream" else []
    return [*first, *rows]


@pytest.mark.parametrize("name", KEYS)
def test_one_error_or_a_trace(tmp_path: Path, name: str) -> None:
    path = tmp_path / "log.jsonl"

    @settings(deadline=None, max_examples=120, database=None)
    @given(lines(name))
    def check(rows) -> None:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        try:
            log = readers.read(path, name)
        except BenchError as error:
            assert str(path) in str(error)
            return
        for trace in log.traces:
            said = emissions(trace)
            assert len(said) == len(final_text(trace).split())
            assert all(e.delay >= 0 for e in said)

    check()


@pytest.mark.parametrize("name", [name for name in FORMATS if name != TRACE])
@pytest.mark.parametrize("content", [
    b"", b"\n\n", b"\xff\xfe", b"{", b"null\n{}\n", b"[" * 100_000, b'{"a": "\x01"}\n{}\n',
    b"\x1f\x8b", b"\x1f\x8b\x08\x00garbage", b"0", b'{"id": {}}\n{"id": []}\n', b"P 1\n1 2 3\n",
])
def test_files_that_are_no_logs(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    with pytest.raises(BenchError, match=r"log\.jsonl"):
        readers.read(path, name)
    with pytest.raises(BenchError, match=r"log\.jsonl"):
        detect(path)
