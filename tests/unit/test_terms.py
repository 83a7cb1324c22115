"""Terms, numbers and names: what is asked for, what answers it and how late, worked by hand."""

from pathlib import Path

import pytest

from s2st_bench.metric import Unscored
from s2st_bench.metrics.terms.numbers import digits_value, numbers
from s2st_bench.metrics.terms.tokens import find, tokens
from s2st_bench.scoring import score
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Recording,
    Segment,
    Step,
    Term,
    TimedWrite,
    Trace,
    Word,
)


@pytest.mark.parametrize("text, lang, values", [
    ("1.234,5", "de", "2469/2"), ("1,234.5", "en", "2469/2"), ("1’234.50", "en", "2469/2"),
    ("1\u202f234,5", "fr", "2469/2"), ("3.5", "de", "7/2"), ("1.234,5", "en", "2469/2"),
    ("2.000", "de", "2000"), ("2.000", "en", "2"), ("1,500", "de", "3/2"), ("1,500", "en", "1500"),
    ("10:30 am 12.05.2024", "de", "10 30 12 5 2024"), ("007", "en", "7"), ("٣٤", "ar", "34"),
    ("１２", "ja", "12"), ("20% of $5", "en", "20 5"), ("the 1st", "en", "1"),
    ("twenty-one", "en", "21"), ("two thousand and twenty-four", "en", "2024"),
    ("five hundred thousand two hundred", "en", "500200"), ("1.5 billion", "en", "1500000000"),
    ("three million", "en", "3000000"), ("one two three", "en", "1 2 3"),
    ("twenty twenty", "en", "20 20"), ("millions of them", "en", ""), ("a hundred", "en", "100"),
    ("einundzwanzig", "de", "21"), ("zweihundertfünfzig", "de", "250"),
    ("zweitausendvierundzwanzig", "de", "2024"), ("drei Millionen", "de", "3000000"),
    ("neunzehnhundertneunundachtzig", "de", "1989"), ("Einunddreißig", "de", "31"),
    ("Verstand und Achtung", "de", ""), ("quatre-vingt-dix-sept", "fr", "97"),
    ("soixante et onze", "fr", "71"), ("deux cent mille", "fr", "200000"),
    ("mil novecientos noventa y nueve", "es", "1999"), ("ciento veintiuno", "es", "121"),
    ("nije riječ: pet", "hr", ""), ("", "en", ""), ("ein" * 200, "de", ""),
])
def test_numbers_are_read_by_value(text: str, lang: str, values: str) -> None:
    assert " ".join(str(number.value) for number in numbers(text, lang)) == values


def test_a_number_knows_its_last_character_and_whether_it_may_be_an_article() -> None:
    (first, second) = numbers("a dog, twenty one cats", "en")
    assert (first.value, first.weak, first.last) == (1, True, 0)
    assert (second.value, second.weak, second.last) == (21, False, 13)  # adog,twentyone
    assert [str(v) for v in digits_value("12.05.2024", "en")] == ["12", "5", "2024"]


def test_a_token_answers_once_and_the_longest_form_wins() -> None:
    said = tokens("Die U-Bahn, die neue U-Bahn!", "de")
    taken: set[int] = set()
    forms = [["u-bahn"], ["neue", "u-bahn"]]
    assert [find(forms, said, taken) for _ in range(3)] == [4, 1, None]
    assert [t.text for t in tokens("機械、翻訳", "ja")] == list("機械翻訳")


WORDS = tuple(Word(text, start, start + 0.5) for text, start in [
    ("Doctor", 0.0), ("Merkel", 0.5), ("saw", 1.0), ("twenty-one", 1.5), ("speech", 2.0),
    ("models", 2.5), ("in", 3.0), ("Paris", 3.5),
])
SEGMENT = Segment(
    "0", 0.0, 4.0, "Doctor Merkel saw twenty-one speech models in Paris",
    {"de": ("Doktor Merkel sah 21 Sprachmodelle in Paris",)}, words=WORDS,
    terms=(Term("speech models", {"de": ("Sprachmodelle", "Modelle der Sprache")}),
           Term("models", {"fr": ("modèles",)})),
)
RECORDING = Recording("r", AudioSource(Path("x.wav"), 0, 4.0), "en", ("de",), (SEGMENT,))
NAMES = ("TermAccuracy", "TermLag", "TermLag_CA", "NumberAccuracy", "NumberLag", "NameAccuracy",
         "NameLag", "LengthRatio")


def said(*writes: tuple[float, str], **changes) -> Trace:
    steps = tuple(Step(at, at, (Job(i, "s", at, at + 0.25),), (TimedWrite(i, 0.25, text),))
                  for i, (at, text) in enumerate(writes))
    return Trace("s", "r", "de", 4.0, steps, **changes)


def values(trace: Trace, recording: Recording = RECORDING, names=NAMES):
    return {s.metric: s.value for s in score([trace], [recording], names).corpus}


def test_worked_by_hand() -> None:
    found = values(said((1.5, "Doktor Merkel "), (2.5, "sah einundzwanzig "),
                        (4.0, "Modelle der "), (5.0, "Sprache.")))
    assert found == pytest.approx({
        "TermAccuracy": 100.0,
        "TermLag": 5000 - 3000, "TermLag_CA": 5250 - 3000,  # "models" ends at 3.0 s
        "NumberAccuracy": 100.0, "NumberLag": 2500 - 2000,
        "NameAccuracy": 50.0,  # Merkel, not Paris; Doctor begins the sentence
        "NameLag": 1500 - 1000,
        "LengthRatio": 7 / 7,
    })


def test_what_is_missing_costs_accuracy_and_has_no_lag() -> None:
    table = score([said((3.0, "Merkel sah 22 Paris Paris"))], [RECORDING], NAMES)
    found = {s.metric: (s.value, s.reason) for s in table.corpus}
    assert found["TermAccuracy"][0] == 0.0 and found["NumberAccuracy"][0] == 0.0
    assert found["TermLag"] == (None, "no terms answered whose source is timed")
    assert found["NameAccuracy"][0] == 100.0
    assert found["NameLag"][0] == pytest.approx(((3000 - 1000) + (3000 - 4000)) / 2)
    failed = values(said((3.0, "Merkel"), error=Failure("died", "x")))
    assert failed["NameAccuracy"] == failed["LengthRatio"] == 0.0 and failed["NameLag"] is None
    assert "number_words:de+en" in table.get("NumberAccuracy").signature


def test_languages_without_spaces_are_read_by_character() -> None:
    segment = Segment("0", 0.0, 4.0, "machine translation", {"ja": ("機械翻訳です",)},
                      words=(Word("machine", 0, 0.5), Word("translation", 0.5, 1.0)),
                      terms=(Term("machine translation", {"ja": ("機械翻訳",)}),))
    recording = Recording("r", RECORDING.source, "en", ("ja",), (segment,))
    trace = Trace("s", "r", "ja", 4.0, (
        Step(1.0, 1.0, (), (TimedWrite(-1, 0.0, "これは機械"),)),
        Step(3.0, 3.0, (), (TimedWrite(-1, 0.0, "翻訳だ"),))), clock="ideal")
    found = values(trace, recording, ("TermAccuracy", "TermLag", "LengthRatio"))
    assert found == pytest.approx({"TermAccuracy": 100.0, "TermLag": 2000.0,
                                   "LengthRatio": 8 / 6})


def test_reasons() -> None:
    from s2st_bench.items import items
    from s2st_bench.registry import Registry

    bare = Recording("r", RECORDING.source, "en", ("de",), (Segment("0", 0.0, 4.0),))
    (item,) = items(said((1.0, "ja")), bare)
    for name, reason in {"TermAccuracy": "no terms asked for", "NumberAccuracy": "no reference",
                         "TermLag": "the corpus has no source word times"}.items():
        found = Registry().get("metrics", name).load()().stats(item)
        assert isinstance(found, Unscored) and found.reason == reason
