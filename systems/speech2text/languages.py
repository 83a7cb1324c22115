"""What models call languages: SeamlessM4T by three letters, Whisper mostly by two.

``lang`` is a BCP-47 code as a corpus gives it (``de``, ``zh-TW``); three-letter codes of the models
themselves pass as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_SEAMLESS: Final[Mapping[str, str]] = MappingProxyType({
    "af": "afr", "am": "amh", "ar": "arb", "as": "asm", "az": "azj", "be": "bel", "bg": "bul",
    "bn": "ben", "bs": "bos", "ca": "cat", "cs": "ces", "cy": "cym", "da": "dan", "de": "deu",
    "el": "ell", "en": "eng", "es": "spa", "et": "est", "eu": "eus", "fa": "pes", "ff": "fuv",
    "fi": "fin", "fil": "tgl", "fr": "fra", "ga": "gle", "gl": "glg", "gu": "guj", "he": "heb",
    "hi": "hin", "hr": "hrv", "hu": "hun", "hy": "hye", "id": "ind", "ig": "ibo", "is": "isl",
    "it": "ita", "iw": "heb", "ja": "jpn", "jv": "jav", "ka": "kat", "kk": "kaz", "km": "khm",
    "kn": "kan", "ko": "kor", "ku": "ckb", "ky": "kir", "lg": "lug", "ln": "lin", "lo": "lao",
    "lt": "lit", "lv": "lvs", "mi": "mri", "mk": "mkd", "ml": "mal", "mn": "khk", "mr": "mar",
    "ms": "zlm", "mt": "mlt", "my": "mya", "nb": "nob", "ne": "npi", "nl": "nld", "nn": "nno",
    "no": "nob", "ny": "nya", "oc": "oci", "om": "gaz", "or": "ory", "pa": "pan", "pl": "pol",
    "ps": "pbt", "pt": "por", "ro": "ron", "ru": "rus", "sd": "snd", "sk": "slk", "sl": "slv",
    "sn": "sna", "so": "som", "sr": "srp", "sv": "swe", "sw": "swh", "ta": "tam", "te": "tel",
    "tg": "tgk", "th": "tha", "tl": "tgl", "tr": "tur", "uk": "ukr", "ur": "urd", "uz": "uzn",
    "vi": "vie", "xh": "xho", "yo": "yor", "zh": "cmn", "zu": "zul",
})
_TRADITIONAL: Final = frozenset({"tw", "hk", "mo", "hant"})
_WHISPER: Final[Mapping[str, str]] = MappingProxyType({
    "cmn": "zh", "nb": "no", "fil": "tl", "iw": "he", "jv": "jw",
})


def parts_of(lang: str) -> tuple[str, ...]:
    """``zh_Hant-TW`` gives ``("zh", "hant", "tw")``."""
    return tuple(lang.replace("_", "-").lower().split("-"))


def seamless_code(lang: str) -> str:
    """``de`` gives ``deu``, ``zh-TW`` ``cmn_Hant``; what is unknown stays as it is."""
    base, *rest = parts_of(lang)
    if base in ("zh", "cmn") and _TRADITIONAL.intersection(rest):
        return "cmn_Hant"
    return _SEAMLESS.get(base, base)


def whisper_code(lang: str) -> str:
    """``de-CH`` gives ``de``, ``nb`` ``no``."""
    base = parts_of(lang)[0]
    return _WHISPER.get(base, base)
