"""Regimes: their edges, their data, and what a certificate says is missing."""

import math

import pytest

from s2st_bench.certify import Facts, Regime, certify, load_rules
from s2st_bench.errors import InputError, UsageError
from s2st_bench.types import Score

YEARS = ("iwslt2024", "iwslt2025", "iwslt2026")


def score(value, ci=None, **changes):
    values = {"n_scored": 100, "n_total": 100, "n_clusters": 20, "coverage": 0.95, **changes}
    return Score("LongYAAL", value, "ms", ci, signature="", **values)


def found(value, ci=None, facts=None, rules="iwslt2026", aware=1.0, **changes):
    known = load_rules(rules)
    return certify(known, known.track("text"), score(value, ci, **changes), score(aware),
                   facts or Facts("en-de", "simulstream", "mcif"))


@pytest.mark.parametrize("value, regime", [
    (-0.001, None), (0.0, "low"), (1999.9, "low"), (2000.0, "low"), (2000.1, "high"),
    (4000.0, "high"), (4000.1, None), (None, None),
])
def test_edges_of_the_regimes(value, regime) -> None:
    certificate = found(value)
    assert (certificate.regime, certificate.certified) == (regime, regime is not None)
    assert (certificate.bounds_s is None) == (regime is None)


def test_bounds_by_year_and_pair() -> None:
    assert found(3400.0, rules="iwslt2025", facts=Facts("en-ja", "simuleval")).regime == "low"
    assert found(2400.0, rules="iwslt2025", facts=Facts("en-zh", "simuleval")).regime == "low"
    assert found(2400.0, rules="iwslt2025", facts=Facts("en-de", "simuleval")).regime == "high"
    assert found(-50.0, rules="iwslt2024", facts=Facts("en-de", "simuleval")).regime == "constraint"
    speech = load_rules("iwslt2024").track("speech").regimes["en-zh"]
    assert speech == (Regime("constraint", 0.0, 2.5, True),)
    with pytest.raises(UsageError, match="no pair en-fr; the year has en-de"):
        found(1.0, facts=Facts("en-fr", "simuleval"))
    with pytest.raises(UsageError, match="no track for speech"):
        load_rules("iwslt2026").track("speech")


@pytest.mark.parametrize("interval, firm", [
    ((1000.0, 1900.0), True), ((1000.0, 2100.0), False), ((-200.0, 1900.0), False), (None, False),
])
def test_firm_is_the_whole_interval_within(interval, firm) -> None:
    assert found(1500.0, interval).firm is firm


def test_nothing_is_missing_from_a_whole_log() -> None:
    assert found(1500.0).missing == ()
    assert found(1500.0).as_dict()["certified"] is True


@pytest.mark.parametrize("message, changes", [
    ("the name of the dev set (--dev); the year's for en-de is mcif",
     {"facts": Facts("en-de", "simulstream")}),
    ("a log of mcif, the year's dev set", {"facts": Facts("en-de", "simulstream", "acl6060")}),
    ("a log of simulstream or simuleval; this is sltev",
     {"facts": Facts("en-de", "sltev", "mcif")}),
    ("answers for 2 of 5 recordings",
     {"facts": Facts("en-de", "simulstream", "mcif", n_failed=2, n_recordings=5)}),
    ("output for 3 of 100 references", {"n_scored": 97}),
    ("output: its length is 0.70 of", {"coverage": 0.7}),
    ("computation-aware times", {"aware": None}),
])
def test_what_is_missing(message, changes) -> None:
    (said,) = found(1500.0, **changes).missing
    assert message in said


@pytest.mark.parametrize("year", YEARS)
def test_every_year_is_whole(year) -> None:
    rules = load_rules(year)
    assert rules.source.startswith("https://iwslt.org/") and rules.asks
    for track in rules.tracks:
        assert track.regimes.keys() <= track.dev.keys()
        for pair, regimes in track.regimes.items():
            track.unit(pair.partition("-")[2])
            edges = [r.most_s for r in regimes]
            assert edges == sorted(edges) and not math.isinf(edges[-1])
            assert [r.least_s for r in regimes[1:]] == edges[:-1]


def test_rules_of_ones_own(tmp_path) -> None:
    with pytest.raises(UsageError, match="no such rules; iwslt2024, iwslt2025, iwslt2026, or"):
        load_rules("iwslt1999")
    bad = tmp_path / "mine.yaml"
    for text in ("{", "tracks: 3", "title: a\nsource: b\ntracks: [{output: text}]", "[]"):
        bad.write_text(text)
        with pytest.raises(InputError, match=r"mine\.yaml"):
            load_rules(str(bad))
