"""Parts of the adapter of offline models: languages, segments, decisions.  No model is loaded."""

from __future__ import annotations

import numpy as np
import pytest

from s2st_bench.errors import ConfigError
from s2st_bench.policy import AlignAtt, Hold, LocalAgreement, WaitK
from s2st_bench.systems.speech2text.deciders import Gated, Restated, rule_of
from s2st_bench.systems.speech2text.dialects import Other, dialect_of
from s2st_bench.systems.speech2text.languages import seamless_code, whisper_code
from s2st_bench.systems.speech2text.model import Decoded
from s2st_bench.systems.speech2text.segments import PREROLL_S, Piece, Segments
from s2st_bench.systems.speech2text.tokens import Tokens

RATE = 16_000
PIECES = ("</s>", "▁a", "▁b", "▁c", "x", ".", "你", "\ufffd")


class Tokenizer:
    """The tokenizer's four calls that are used, over eight pieces."""

    def get_vocab(self):
        return {piece: n for n, piece in enumerate(PIECES)}

    def convert_ids_to_tokens(self, ids):
        return [PIECES[n] for n in ids]

    def decode(self, ids, **_):
        return "".join(PIECES[n] for n in ids).replace("▁", " ")


TOKENS = Tokens(Tokenizer(), spaced=True)


@pytest.mark.parametrize(("lang", "seamless", "whisper"), [
    ("de", "deu", "de"), ("de-CH", "deu", "de"), ("zh", "cmn", "zh"), ("zh-CN", "cmn", "zh"),
    ("zh_TW", "cmn_Hant", "zh"), ("no", "nob", "no"), ("nb", "nob", "no"), ("ar", "arb", "ar"),
    ("deu", "deu", "deu"), ("fil", "tgl", "tl"), ("xx", "xx", "xx"),
])
def test_languages_as_models_call_them(lang, seamless, whisper):
    assert (seamless_code(lang), whisper_code(lang)) == (seamless, whisper)


def test_prompts_and_refusals():
    seamless = dialect_of({"model_type": "seamless_m4t_v2", "decoder_start_token_id": 3},
                          {"text_decoder_lang_to_code_id": {"deu": 10, "eng": 11}})
    assert seamless.prompt("en", "de") == (3, 10)
    assert seamless.refusal("en", "de") is None
    assert "deu, eng; not fr (fra)" in (seamless.refusal("en", "fr") or "")

    generation = {"lang_to_id": {"<|en|>": 5, "<|de|>": 6}, "decoder_start_token_id": 1,
                  "task_to_id": {"translate": 7, "transcribe": 8}, "no_timestamps_token_id": 9}
    whisper = dialect_of({"model_type": "whisper"}, generation)
    assert whisper.prompt("de", "en") == (1, 6, 7, 9)
    assert whisper.prompt("de", "de") == (1, 6, 8, 9)
    assert whisper.refusal("en", "de") == "Whisper translates to en, not to de"
    assert "hears" in (whisper.refusal("fr", "en") or "")
    english = dialect_of({"model_type": "whisper"}, {**generation, "lang_to_id": None})
    assert english.prompt("en", "en") == (1, 9) and english.refusal("de", "en")

    plain = dialect_of({"model_type": "speech_to_text", "decoder_start_token_id": 2}, {})
    assert plain.prompt("en", "de") == (2,) and plain.refusal("en", "de") is None
    many = Other({"decoder_start_token_id": 2}, {}, {"de_DE": 20, "fr_XX": 21})
    assert many.prompt("en", "fr") == (2, 21) and many.refusal("en", "es")


def test_words_begin_where_the_marks_say():
    assert TOKENS.starts((), [4, 1, 4, 2]) == (True, True, False, True)
    assert TOKENS.starts((1,), [4, 2]) == (False, True)
    assert TOKENS.text([1, 4, 2]) == "ax b"
    assert TOKENS.text([1, 7]) == "a"  # half a character waits
    chinese = Tokens(Tokenizer(), spaced=False)
    assert chinese.starts((), [6, 7, 6]) == (True, True, False)
    assert TOKENS.closes([1, 5]) and not TOKENS.closes([1])


def test_stability_rules_commit_whole_words():
    def commit(rule, ids, committed=(), ended=True, attention=None):
        return Restated(TOKENS, rule).commit(committed, Decoded(tuple(ids), ended, attention))

    assert commit(Hold(1), [1, 2, 4]) == 1  # 2 4 is one word, cut apart
    assert commit(Hold(0), [1, 2]) == 2
    assert commit(Hold(0), [1, 2], ended=False) == 1  # the last word may go on
    assert commit(Hold(0), [1, 2, 5]) == 1  # nothing would follow a full stop
    agreement = Restated(TOKENS, LocalAgreement(2))
    assert agreement.commit((), Decoded((1, 2, 3), ended=True)) == 0
    assert agreement.commit((), Decoded((1, 2, 1), ended=True)) == 2
    assert agreement.commit((1, 2), Decoded((1,), ended=True)) == 1


def test_alignatt_stops_where_attention_is():
    """5 frames, f = 2: a token that looks at frame 3 or 4 stops."""
    looks = np.eye(5, dtype=np.float32)
    ids = (1, 2, 3, 1)

    def commit(*at, f=2):
        rule = AlignAtt(f)
        return Restated(TOKENS, rule).commit((), Decoded(ids, True, looks[list(at)]))

    assert commit(0, 1, 3, 0) == 2
    assert commit(3, 0, 0, 0) == 0
    assert commit(0, 1, 2, 0) == 3  # and the last word is kept back all the same
    assert commit(0, 1, 4, 0, f=0) == 3


def test_wait_k_allows_a_word_for_each_unit_read():
    gate = Gated(TOKENS, WaitK(2), 0.5, 10)
    assert gate.stop(RATE, (), False) is not False  # two units read: one word
    assert gate.commit((), Decoded((1, 4, 2), ended=False)) == 2  # 1 4, and 2 begins the next
    assert gate.stop(RATE, (1, 4), False) is False
    enough = gate.stop(2 * RATE, (1, 4), False)
    assert callable(enough) and not enough([2, 3]) and enough([2, 3, 1])
    assert gate.commit((1, 4), Decoded((2, 3, 1), ended=False)) == 2
    assert gate.stop(2 * RATE, (1, 4, 2, 3), True) is True
    assert gate.commit((), Decoded((1,), ended=False)) == 0  # its end has not been seen


def test_policies_that_need_more_than_attention_are_refused():
    with pytest.raises(ConfigError, match="p_choose"):
        rule_of("emma", {})
    with pytest.raises(ConfigError, match="mean system.policy=alignatt"):
        rule_of("alignat", {})


def sound(*parts):
    """Noise (True) and silence (False) of so many seconds."""
    rng = np.random.default_rng(0)
    return np.concatenate([
        (0.1 if loud else 1e-4) * rng.standard_normal(round(seconds * RATE))
        for seconds, loud in parts]).astype(np.float32)


def cut(samples, chunk, **options):
    given = {"min_s": 2.0, "max_s": 4.0, "min_silence_s": 0.3, **options}
    segments, found = Segments(**given), [[]]
    for first in range(0, len(samples), chunk):
        for piece in segments.push(samples[first : first + chunk],
                                   is_last=first + chunk >= len(samples)):
            assert isinstance(piece, Piece)
            found[-1].append(piece.samples)
            if piece.ends:
                found.append([])
    return [np.concatenate(pieces) for pieces in found if pieces]


@pytest.mark.parametrize("chunk", [37, 5_120, 200_000])
def test_segments_end_at_pauses_once_they_are_long(chunk):
    samples = sound((1.0, True), (0.5, False), (2.0, True), (1.0, False), (0.5, True))
    first, second = cut(samples, chunk)
    assert len(first) == pytest.approx(3.8 * RATE, abs=0.1 * RATE)  # not at the first pause
    assert np.array_equal(first, samples[: len(first)])
    assert len(second) == pytest.approx((0.5 + PREROLL_S) * RATE, abs=0.1 * RATE)


def test_segments_are_bounded_and_silence_is_none():
    lengths = [len(s) / RATE for s in cut(sound((10.0, True)), 5_120)]
    assert max(lengths) <= 4.02 and sum(lengths) == pytest.approx(10.0, abs=0.05)
    assert cut(sound((9.0, False)), 5_120) == []
    assert cut(np.zeros(1, np.float32), 1) == []
    assert cut(np.full(RATE, np.nan, np.float32), 5_120) == []
    late = cut(sound((20.0, False), (1.0, True)), 5_120)
    assert [round(len(s) / RATE, 1) for s in late] == [1.0 + PREROLL_S]
