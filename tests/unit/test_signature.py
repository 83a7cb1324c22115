"""Signatures are read back from either form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.errors import UsageError
from s2st_bench.signature import SHORT, Signature

_clashes = {short for key, short in SHORT.items() if key != short}
_keys = st.one_of(st.sampled_from(sorted(SHORT)), st.text(min_size=1, max_size=8)).filter(
    lambda key: key not in _clashes
)
_text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(st.dictionaries(_keys.filter(lambda k: k.isprintable()), _text, max_size=8))
def test_both_forms_round_trip(fields: dict[str, str]) -> None:
    signature = Signature.of(fields)
    assert Signature.parse(signature.verbose()) == signature
    assert Signature.parse(signature.short()) == signature
    assert dict(signature.fields) == fields


def test_short_keys_are_distinct_and_no_verbose_key_is_another_ones_short() -> None:
    assert len(set(SHORT.values())) == len(SHORT)
    assert not {s for k, s in SHORT.items() if k != s} & set(SHORT)


def test_forms() -> None:
    signature = Signature.of({"metric": "BLEU", "nrefs": "1"}, {"tok": "a|b:c", "empty": ""})
    assert signature.verbose() == "metric:BLEU|nrefs:1|tok:a%7Cb%3Ac"
    assert signature.short() == "m:BLEU|#:1|t:a%7Cb%3Ac"
    assert signature["tok"] == "a|b:c"
    assert signature.get("none") == ""


@pytest.mark.parametrize("text", ["metric", "a:1|b", "a:1|a:2", "nrefs:1|#:2", ":x"])
def test_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Signature.parse(text)
