"""espeak-ng in process: word times are right, speech repeats exactly, threads do not mix."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from s2st_bench.errors import DependencyError, UsageError
from s2st_bench.speech import espeak

try:
    espeak.version()
except DependencyError as error:
    pytest.skip(str(error), allow_module_level=True)

GERMAN = "Grüße, die Äpfel kosten 2024 Euro. Ja – hab' ich's gut-gemacht?"


def test_one_word_per_token_in_order_within_the_speech():
    spoken = espeak.speak(GERMAN, "de", 150)
    assert [w.text for w in spoken.words] == GERMAN.split()
    edges = [t for w in spoken.words for t in (w.start_s, w.end_s)]
    assert edges == sorted(edges)
    assert 0 <= edges[0] and edges[-1] <= spoken.duration_s
    by_text = {w.text: w for w in spoken.words}
    assert by_text["–"].end_s == by_text["–"].start_s
    # the year is spoken as several words and is the longest
    assert max(spoken.words, key=lambda w: w.end_s - w.start_s).text == "2024"


def test_words_lie_on_sound_and_pauses_between_them():
    spoken = espeak.speak("Stop. Go.", "en-us", 150)
    stop, go = spoken.words
    assert go.start_s - stop.end_s > 0.15  # the pause of a full stop belongs to no word

    def loudness(start_s, end_s):
        part = spoken.samples[int(start_s * espeak.RATE_HZ) : int(end_s * espeak.RATE_HZ)]
        return float(np.sqrt(np.mean(part**2)))

    assert loudness(stop.end_s + 0.05, go.start_s) < 0.05 * loudness(go.start_s, go.end_s)


def test_tokens_run_together_share_their_span():
    end, of, the, world = espeak.speak("end of the world", "en-us").words
    assert of.end_s == the.start_s and of.start_s < of.end_s < the.end_s <= world.start_s


def test_the_same_text_gives_the_same_samples_whatever_was_said_before():
    first = espeak.speak(GERMAN, "de")
    espeak.speak("Something else entirely, said faster.", "en-us+f3", 300, 80)
    again = espeak.speak(GERMAN, "de")
    assert np.array_equal(first.samples, again.samples) and first.words == again.words
    assert not np.array_equal(first.samples, espeak.speak(GERMAN, "de+f2").samples)


def test_threads_get_their_own_speech():
    texts = [f"number {n} of the list" for n in range(8)]
    alone = [espeak.speak(text, "en-us").samples for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: espeak.speak(text, "en-us").samples, texts))
    assert all(map(np.array_equal, alone, together))


def test_it_streams_and_can_be_left_early():
    pieces = espeak.synthesize("one two three " * 200, "en-us")
    first = next(pieces)
    assert 0 < len(first.samples) <= espeak.RATE_HZ // 10
    assert first.samples.dtype == np.float32 and np.abs(first.samples).max() <= 1
    pieces.close()
    assert espeak.speak("still works", "en-us").duration_s > 0.3


def test_rate_changes_duration():
    slow, fast = (espeak.speak("a sentence of some length", "en-us", r) for r in (120, 240))
    assert 1.5 < slow.duration_s / fast.duration_s < 2.5


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x01"])
def test_nothing_to_say(text):
    spoken = espeak.speak(text, "de")
    assert len(spoken.samples) == 0 and spoken.words == ()


def test_control_characters_are_no_commands():
    plain = espeak.speak("hello   90s there", "en-us")
    assert np.array_equal(espeak.speak("hello \x01 90s there", "en-us").samples, plain.samples)
    odd = "😀 <b>tag</b> [[phon]] \ud800 日本 end"
    assert [w.text for w in espeak.speak(odd, "en-us").words][-1] == "end"


@pytest.mark.parametrize(
    ("voice", "rate", "pitch", "says"),
    [("nope", 175, 50, "nope"), ("de", 5, 50, "rate_wpm=5"), ("de", 175, 101, "pitch=101")],
)
def test_wrong_options_are_named(voice, rate, pitch, says):
    with pytest.raises(UsageError, match=says):
        espeak.speak("hallo", voice, rate, pitch)


def test_voices_of_languages():
    voices = {"en": "en-us", "de": "de", "de-AT": "de", "en-GB": "gmw/en", "zh-CN": "cmn"}
    assert {lang: espeak.voice_for(lang) for lang in voices} == voices
