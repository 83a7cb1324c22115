"""What happens to a text before it is compared, and which tokenizer its language gets.

*Text normalisation* follows the corpus: references written ``cased`` are compared as they are;
references written ``lower`` (no case, no punctuation) are compared with hypotheses brought to
that form.  Both sides go through the same function.

*Tokenizers* are sacrebleu's: ``zh``, ``ja-mecab`` and ``ko-mecab`` for Chinese, Japanese and
Korean, ``char`` for other scripts written without spaces, ``13a`` for the rest.
"""

from __future__ import annotations

import unicodedata

_APOSTROPHES = frozenset("'’")
_TOKENIZER = {
    **dict.fromkeys(("zh", "zho", "cmn", "yue"), "zh"),
    **dict.fromkeys(("ja", "jpn"), "ja-mecab"),
    **dict.fromkeys(("ko", "kor"), "ko-mecab"),
    **dict.fromkeys(("th", "tha", "lo", "lao", "my", "mya", "km", "khm", "bo", "bod"), "char"),
}


def tokenizer_for(lang: str) -> str:
    """sacrebleu's tokenizer for a language code (``zh-CN``, ``cmn``, ``zho_Hans`` alike)."""
    return _TOKENIZER.get(lang.replace("_", "-").split("-")[0].lower(), "13a")


def lower(text: str) -> str:
    """Lower case, punctuation out (apostrophes inside words stay), single spaces.

    >>> lower("Don't -- it's 3 o'clock, Ms. Lee!")
    "don't it's 3 o'clock ms lee"
    """
    kept = "".join(
        c if c in _APOSTROPHES or not unicodedata.category(c).startswith("P") else " "
        for c in unicodedata.normalize("NFKC", text).lower()
    )
    return " ".join(word for word in (w.strip("'’") for w in kept.split()) if word)
