"""Human judgements: alpha against published values, sheets of every form, and hostile ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s2st_bench.errors import ConfigError, InputError
from s2st_bench.metric import Item, Unscored
from s2st_bench.metrics.human.agreement import HumanDAAlpha, HumanMQMAlpha, HumanVIPAlpha
from s2st_bench.metrics.human.alpha import Level, alpha
from s2st_bench.metrics.human.judged import JudgedMetric
from s2st_bench.metrics.human.scores import HumanDA, HumanMQM, HumanSVIP, HumanVIP, penalty
from s2st_bench.scoring import score
from s2st_bench.types import AudioSource, Recording, Segment, Trace

# --- alpha ------------------------------------------------------------------------------------

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", part C: four observers, twelve
# units, some not judged.
PUBLISHED: Sequence[Sequence[int | None]] = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
UNITS = [[float(row[i]) for row in PUBLISHED if row[i] is not None]  # type: ignore[arg-type]
         for i in range(12)]


@pytest.mark.parametrize(("level", "expected"), [
    ("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849),
])
def test_alpha_of_the_published_example(level: Level, expected: float) -> None:
    assert alpha(UNITS, level) == pytest.approx(expected, abs=5e-4)


def test_alpha_of_two_observers_with_two_values() -> None:
    """Part A of the same paper: ten units, binary, alpha 0.095 at every level."""
    units = [[0, 1], [1, 1], [0, 1], [0, 0], [0, 0], [0, 1], [0, 0], [0, 0], [1, 0], [0, 0]]
    for level in ("nominal", "ordinal", "interval"):
        assert alpha(units, level) == pytest.approx(0.095, abs=5e-4)  # type: ignore[arg-type]


RATINGS = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=5), min_size=2, max_size=12)


@given(RATINGS)
def test_alpha_is_at_most_one_and_knows_no_order(units: list[list[int]]) -> None:
    for level in ("nominal", "ordinal", "interval"):
        found = alpha(units, level)  # type: ignore[arg-type]
        again = alpha([unit[::-1] for unit in units[::-1]], level)  # type: ignore[arg-type]
        assert np.isnan(found) or found <= 1.0 + 1e-12
        assert again == pytest.approx(found, nan_ok=True)


@given(RATINGS)
def test_interval_alpha_by_pairs(units: list[list[int]]) -> None:
    """From its definition, pair by pair."""
    judged = [u for u in units if len(u) > 1]
    every = [x for u in judged for x in u]
    n = len(every)
    chance = sum((a - b) ** 2 for a in every for b in every)
    if not chance:
        assert np.isnan(alpha(units, "interval"))
        return
    seen = sum((a - b) ** 2 / (len(u) - 1) for u in judged for a in u for b in u)
    assert alpha(units, "interval") == pytest.approx(1 - (n - 1) * seen / chance)


def test_alpha_is_undefined_without_two_values() -> None:
    assert np.isnan(alpha([[1.0, 1.0], [1.0, 1.0]], "nominal"))
    assert np.isnan(alpha([[1.0], [2.0]], "nominal"))
    assert np.isnan(alpha([[99.9, 99.9], [99.9, 99.9, 99.9]], "interval"))


# --- sheets -----------------------------------------------------------------------------------


def run_of(
    *ids: str, system: str = "ours", segments: int = 1
) -> tuple[list[Trace], list[Recording]]:
    recordings = [
        Recording(i, AudioSource(Path("a.wav")), "en", ("de",),
                  tuple(Segment(str(s) if segments > 1 else i, 4.0 * s, 4.0 * (s + 1))
                        for s in range(segments)))
        for i in ids
    ]
    return [Trace(system, i, "de", 4.0 * segments) for i in ids], recordings


def items_of(*ids: str, system: str = "ours", segments: int = 1) -> list[Item]:
    from s2st_bench.items import items

    return [item for trace, recording in zip(*run_of(*ids, system=system, segments=segments),
                                             strict=True)
            for item in items(trace, recording)]


def sheet(folder: Path, text: str, name: str = "sheet.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def values(metric: JudgedMetric, items: Sequence[Item]) -> list[float | str]:
    metric.prepare(items)
    found = [metric.stats(item) for item in items]
    return [row.reason if isinstance(row, Unscored) else float(metric.value(row)) for row in found]


VIP = "item,rater,score\na,r1,1\na,r2,0\nb,r1,yes\nb,r2,TRUE\nc,r1,0\n"


def test_vip_is_the_mean_over_fragments_of_the_mean_over_raters(tmp_path: Path) -> None:
    found = values(HumanVIP(sheet(tmp_path, VIP)), items_of("a", "b", "c", "d"))
    assert found == [50.0, 100.0, 0.0, "not judged"]
    parts = "item,fragment,rater,score\na,1,r1,1\na,2,r1,0\na,2,r2,1\n"
    assert values(HumanSVIP(sheet(tmp_path, parts)), items_of("a")) == [75.0]


def test_every_form_of_a_sheet_says_the_same(tmp_path: Path) -> None:
    rows = [line.split(",") for line in VIP.splitlines()]
    forms = {
        "s.csv": VIP, "bom.csv": "\ufeff" + VIP, "s.TSV": VIP.replace(",", "\t"),
        "spaces.csv": VIP.replace(",", " , ") + "\n\n",
        "s.jsonl": "\n".join(json.dumps(dict(zip(rows[0], row, strict=True))) for row in rows[1:]),
        "typed.jsonl": '{"item":"a","rater":1,"score":true}\n{"item":"a","rater":2,"score":0}\n'
                       '{"item":"b","rater":1,"score":1.0,"why":null}\n\n'
                       '{"item":"c","rater":1,"score":false}',
    }
    for name, text in forms.items():
        found = values(HumanVIP(sheet(tmp_path, text, name)), items_of("a", "b", "c"))
        assert found == [50.0, 100.0, 0.0], name


def test_da_and_its_marks(tmp_path: Path) -> None:
    text = "item,rater,score\n" + "".join(
        f"{i},{r},{v}\n" for i, vs in {"a": (70, 80), "b": (20, 30), "c": (50, 55.5)}.items()
        for r, v in enumerate(vs))
    metric, items = HumanDA(sheet(tmp_path, text)), items_of("a", "b", "c")
    assert values(metric, items) == [75.0, 25.0, 52.75]
    expected = alpha([[70, 80], [20, 30], [50, 55.5]], "interval")
    assert metric.marks(items) == ("2 raters", f"alpha {expected:.2f}")
    alone = HumanDA(sheet(tmp_path, "item,rater,score\na,r,70\n"))
    alone.prepare(items)
    assert alone.marks(items) == ("one rater",)


MQM = ("item\trater\tcategory\tseverity\n"
       "a\tr1\tAccuracy/Omission\tMajor\na\tr1\tFluency/Punctuation\tminor\n"
       "a\tr2\tNo-error\tno-error\nb\tr1\tNon-translation!\tMajor\nb\tr2\tStyle\tNeutral\n")


def test_mqm_sums_penalties_of_a_rater(tmp_path: Path) -> None:
    path = sheet(tmp_path, MQM, "mqm.tsv")
    assert values(HumanMQM(path), items_of("a", "b")) == [3.0, 2.5]
    old = HumanMQM(path, weights="freitag2021")
    assert values(old, items_of("a", "b")) == pytest.approx([(5.1 + 0) / 2, 12.5])
    assert (old.signature()["mqm"], old.spec.higher_is_better) == ("freitag2021", False)
    assert penalty("Critical") == 10.0 and penalty("none") is None
    with pytest.raises(ValueError, match="neutral, minor, major or no-error"):
        penalty("critical", weights="freitag2021")


def test_systems_of_a_sheet(tmp_path: Path) -> None:
    path = sheet(tmp_path, "system,item,rater,score\nours,a,r,1\ntheirs,a,r,0\nours,b,r,0\n")
    assert values(HumanVIP(path), items_of("a", "b")) == [100.0, 0.0]
    assert values(HumanVIP(path, system="theirs"), items_of("a", "b")) == [0.0, "not judged"]
    with pytest.raises(InputError, match="'ours', 'theirs' and not 'another'.*HumanVIP.system"):
        HumanVIP(path).prepare(items_of("a", system="another"))


def test_segments_of_talks(tmp_path: Path) -> None:
    text = "item,rater,score\nt#0,r,1\nt#2,r,0\n"
    assert values(HumanVIP(sheet(tmp_path, text)), items_of("t", segments=3)) == [
        100.0, "not judged", 0.0]
    bare = sheet(tmp_path, "item,rater,score\n2,r,1\n")
    assert values(HumanVIP(bare), items_of("t", segments=3))[2] == 100.0
    with pytest.raises(InputError, match=r"sheet.csv:2: segment '2' is in several recordings"):
        HumanVIP(bare).prepare(items_of("t", "u", segments=3))


def test_repeats_of_a_recording_share_its_judgements(tmp_path: Path) -> None:
    first, _ = items_of("a", "b")
    again = replace(first, trace=replace(first.trace, repeat=1))
    assert values(HumanVIP(sheet(tmp_path, "item,rater,score\na,r,1\n")), [first, again]) == [
        100.0, 100.0]


def test_scored_with_intervals_over_clusters(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    ids = [f"r{i}" for i in range(20)]
    rows = [(i, r, int(rng.random() < (0.9 if n % 2 else 0.3)))
            for n, i in enumerate(ids) for r in ("r1", "r2", "r3")]
    path = sheet(tmp_path, "item,rater,score\n" + "".join(f"{i},{r},{v}\n" for i, r, v in rows))
    options = {name: {"sheet": str(path)} for name in ("HumanVIP", "HumanVIP-alpha")}
    table = score(*run_of(*ids), ["HumanVIP", "HumanVIP-alpha"], metric_options=options)
    vip, agreed = table.corpus
    assert vip.value == pytest.approx(100 * np.mean([v for _, _, v in rows]))
    assert vip.ci95 is not None and vip.ci95[0] < vip.value < vip.ci95[1]
    units = [[float(v) for j, _, v in rows if j == i] for i in ids]
    assert agreed.value == pytest.approx(alpha(units, "nominal"))
    assert agreed.ci95 is not None and agreed.ci95[0] < agreed.value < agreed.ci95[1]
    assert "interval:bootstrap-t(1000)" in agreed.signature and "alpha:nominal" in agreed.signature
    assert vip.marks[1] == f"alpha {agreed.value:.2f}" and agreed.higher_is_better is None


def test_alpha_of_da_by_level_and_of_mqm(tmp_path: Path) -> None:
    text = "item,rater,score\n" + "".join(
        f"{i},r{r},{v}\n" for i, unit in enumerate(UNITS) for r, v in enumerate(unit))
    path, items = sheet(tmp_path, text), items_of(*map(str, range(12)))
    for level in ("ordinal", "interval"):
        metric = HumanDAAlpha(path, level=level)  # type: ignore[arg-type]
        metric.prepare(items)
        rows = [row for i in items if not isinstance(row := metric.stats(i), Unscored)]
        assert len(rows) == 11  # one unit has one judge
        found = metric.aggregate(np.stack(rows), np.ones((1, 11)))
        assert found[0] == pytest.approx(alpha(UNITS, level))  # type: ignore[arg-type]
    mqm = HumanMQMAlpha(sheet(tmp_path, MQM, "mqm.tsv"))
    mqm.prepare(pair := items_of("a", "b"))
    total = sum(np.asarray(mqm.stats(i)) for i in pair)
    assert float(mqm.value(total)) == pytest.approx(alpha([[6, 0], [5, 0]], "interval"))


# --- what is refused --------------------------------------------------------------------------

HOSTILE: dict[str, tuple[str, str]] = {
    "empty": ("", r":1: no column 'item' among none"),
    "only a head": ("item,rater,score\n", r"holds no judgement"),
    "wrong columns": ("id,judge,points\na,b,1\n", r":1: no column 'item' among 'id', 'judge'"),
    "a column twice": ("item,rater,score,score\na,b,1,1\n", r":1: a column stands twice"),
    "too few fields": ("item,rater,score\na,r\n", r":2: 2 fields under 3 columns"),
    "too many fields": ("item,rater,score\na,r,1,1\n", r":2: 4 fields under 3 columns"),
    "no item": ("item,rater,score\n ,r,1\n", r":2: no item"),
    "no score": ("item,rater,score\na,r,\n", r":2: no score"),
    "out of range": ("item,rater,score\na,r,1\nb,r,2\n", r":3: score '2': 1 or 0"),
    "no number": ("item,rater,score\na,r,nan\n", r":2: score 'nan'"),
    "twice": ("item,rater,score\na,r,1\nb,r,1\na,r,0\n", r":4: rater 'r' judges item 'a' again "
                                                         r"\(line 2\)"),
    "open quote": ('item,rater,score\n"a,r,1\n', r":\d: "),
    "huge field": ("item,rater,score\n" + "a" * 200_000 + ",r,1\n", r":2: field larger"),
    "controls": ("item,rater,score\na,r,\x1b[2J\x00\n", r":2: (score '\\x1b|line contains NUL)"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_sheets_are_refused_in_one_line(case: str, tmp_path: Path) -> None:
    text, message = HOSTILE[case]
    path = sheet(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        HumanVIP(path)
    said = str(caught.value)
    assert said.startswith(str(path)) and "\n" not in said and "\x1b" not in said
    assert len(said) < len(str(path)) + 300


@pytest.mark.parametrize(("text", "message"), [
    ("item,rater,score\na,r,101\n", ":2: score '101': a number from 0 to 100"),
    ("item,rater,score\na,r,-1\n", ":2: score '-1'"),
    ("item,rater,score\na,r,inf\n", ":2: score 'inf'"),
    ("item,rater,score\na,r,gut\n", ":2: score 'gut'"),
])
def test_da_out_of_range(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        HumanDA(sheet(tmp_path, text))


@pytest.mark.parametrize(("text", "message"), [
    ("item,rater,severity\na,r,bad\n", ":2: severity 'bad': neutral, minor, major, critical or"),
    ("item,rater,severity\na,r,none\na,r,major\n", ":3: rater 'r' calls item 'a' free of errors"),
    ("item,rater,severity\na,r,major\na,r,none\n", ":3: rater 'r' calls item 'a' free of errors"),
    ("item,rater,score\na,r,1\n", ":1: no column 'severity'"),
])
def test_hostile_sheets_of_errors(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        HumanMQM(sheet(tmp_path, text))


@pytest.mark.parametrize(("line", "message"), [
    ("{", ":2: is no JSON"), ("[1]", ":2: an object"), ("[" * 100_000, ":2: is no JSON"),
    ('{"item": "a"}', ":2: no rater"), ('{"item": "a", "rater": "r", "score": [1]}', ":2: score"),
])
def test_hostile_json_lines(line: str, message: str, tmp_path: Path) -> None:
    first = '{"item": "a", "rater": "r0", "score": 1}\n'
    with pytest.raises(InputError, match=message):
        HumanVIP(sheet(tmp_path, first + line + "\n", "s.jsonl"))


def test_files_that_are_no_sheets(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv: No such file"):
        HumanVIP(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match=r"a sheet is \.csv, \.tsv or \.jsonl"):
        HumanVIP(sheet(tmp_path, VIP, "sheet.xlsx"))
    (tmp_path / "latin.csv").write_bytes(b"item,rater,score\nM\xfcller,r,1\n")
    with pytest.raises(InputError, match="no UTF-8"):
        HumanVIP(tmp_path / "latin.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match=r"folder\.csv: "):
        HumanVIP(tmp_path / "folder.csv")


def test_items_the_run_does_not_have(tmp_path: Path) -> None:
    path = sheet(tmp_path, VIP)
    with pytest.raises(InputError, match=r"sheet.csv:4: the run has no item 'b'.*partial=true"):
        HumanVIP(path).prepare(items_of("a"))
    assert values(HumanVIP(path, partial=True), items_of("a")) == [50.0]


def test_a_sheet_must_be_named_and_fit_its_level(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"HumanVIP\.sheet is missing"):
        score(*run_of("a"), ["HumanVIP"])
    half = sheet(tmp_path, "item,rater,score\na,r,1\na,s,50.5\n")
    with pytest.raises(InputError, match=r":3: 50.5 is no whole number.*level=interval"):
        HumanDAAlpha(half, level="ordinal")
    one = HumanVIPAlpha(sheet(tmp_path, "item,rater,score\na,r,1\n"))
    assert values(one, items_of("a")) == ["fewer than two raters"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=100))
def test_any_text_is_a_sheet_or_refused(tmp_path: Path, text: str) -> None:
    for name in ("s.csv", "s.jsonl"):
        (tmp_path / name).write_text("item,rater,score\n" + text, "utf-8", errors="replace")
        try:
            HumanDA(tmp_path / name)
        except InputError as error:
            assert str(error).startswith(str(tmp_path / name))
