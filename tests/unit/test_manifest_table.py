"""Manifest tables: what is read, and the file and line of what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from s2st_bench.datasets.manifest.table import read
from s2st_bench.errors import CorpusError

HEADER = "audio\tlang\ttranscript\tes\n"


def write(folder: Path, text: str, name: str = "list.tsv") -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def test_unicode_separators_stay_inside_their_cell(tmp_path: Path) -> None:
    rows = read(write(tmp_path, HEADER + "a.wav\ten\tone\u2028two\x85three\tuno\u2029dos\n"))
    assert [row.cells["transcript"] for row in rows] == ["one\u2028two\x85three"]
    assert rows[0].cells["es"] == "uno\u2029dos"


def test_byte_order_mark_carriage_returns_and_blank_lines_are_harmless(tmp_path: Path) -> None:
    text = "\ufeff" + HEADER + "a.wav\ten\tone\tuno\n\nb.wav\ten\ttwo\tdos\n"
    rows = read(write(tmp_path, text.replace("\n", "\r\n")))
    assert [(row.line, row.cells["audio"], row.cells["es"]) for row in rows] == [
        (2, "a.wav", "uno"), (4, "b.wav", "dos")]


def test_quotation_marks_are_characters(tmp_path: Path) -> None:
    rows = read(write(tmp_path, HEADER + 'a.wav\ten\t"so\t"así\nb.wav\ten\tx\ty\n'))
    assert len(rows) == 2 and rows[0].cells["transcript"] == '"so'


def test_jsonl_rows(tmp_path: Path) -> None:
    rows = read(write(tmp_path, '{"text": "hello there", "lang": "en", "de": "hallo"}\n'
                                '{"audio": "a.wav", "offset": 1.5, "es": null}\n', "l.jsonl"))
    assert rows[0].languages == ("de",) and rows[1].seconds("offset") == 1.5
    assert rows[1].languages == ()


@pytest.mark.parametrize(("text", "name", "line", "what"), [
    (HEADER + "a.wav\ten\tone\n", "l.tsv", 2, "3 columns, the header has 4"),
    ("audio\tlang\tTranscription\n", "l.tsv", 1, "unknown column 'Transcription'"),
    ("audio\tes\tes\n", "l.tsv", 1, "appears twice"),
    ("lang\tes\n", "l.tsv", 1, "no column 'audio'"),
    (HEADER + "a.wav\ten\tone\x00\tuno\n", "l.tsv", 2, "control character in transcript"),
    ('{"audio": "a.wav"}\n{"audio": \n', "l.jsonl", 2, "not JSON"),
    ('["a.wav"]\n', "l.jsonl", 1, "a row is an object"),
    ('{"audio": "a.wav", "es": ["uno"]}\n', "l.jsonl", 1, "es must be text"),
])
def test_damage_is_named_by_file_and_line(
    tmp_path: Path, text: str, name: str, line: int, what: str,
) -> None:
    with pytest.raises(CorpusError) as caught:
        read(write(tmp_path, text, name))
    assert f"{name}, line {line}: " in str(caught.value) and what in str(caught.value)


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-1", "soon", "1e999"])
@pytest.mark.parametrize("suffix", ["tsv", "jsonl"])
def test_impossible_times(tmp_path: Path, value: str, suffix: str) -> None:
    text = f"audio\tduration\na.wav\t{value}\n" if suffix == "tsv" else (
        f'{{"audio": "a.wav", "duration": "{value}"}}\n')
    row = read(write(tmp_path, text, f"l.{suffix}"))[0]
    with pytest.raises(CorpusError, match=f"line {row.line}: duration is"):
        row.seconds("duration")


def test_bare_nan_in_json(tmp_path: Path) -> None:
    row = read(write(tmp_path, '{"audio": "a.wav", "offset": NaN}\n', "l.jsonl"))[0]
    with pytest.raises(CorpusError, match="offset is NaN"):
        row.seconds("offset")


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such file"):
        read(tmp_path / "absent.tsv")
    with pytest.raises(CorpusError, match="ends in .tsv or .jsonl"):
        read(tmp_path / "list.csv")
    with pytest.raises(CorpusError, match="is empty"):
        read(write(tmp_path, ""))
    with pytest.raises(CorpusError, match="lists no recording"):
        read(write(tmp_path, HEADER))
    latin = tmp_path / "latin.tsv"
    latin.write_bytes(HEADER.encode() + "a.wav\ten\tcaf\xe9\tx\n".encode("latin-1"))
    with pytest.raises(CorpusError, match="line 2: not UTF-8"):
        read(latin)
