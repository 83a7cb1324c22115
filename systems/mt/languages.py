"""What checkpoints and prompts call the languages of a task.

*Base code*: a language's code without its region (``zh`` of ``zh-CN``).  NLLB and M2M100 have codes
of their own among their tokens: ``deu_Latn`` (ISO 639-3 and script, as in FLORES-200) and ``de``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from s2st_bench.transcripts import base_code

NAMES: Final[Mapping[str, str]] = MappingProxyType({
    "af": "Afrikaans", "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan",
    "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "ga": "Irish", "gl": "Galician", "gu": "Gujarati", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh",
    "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "mr": "Marathi",
    "ms": "Malay", "mt": "Maltese", "nb": "Norwegian", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish",
    "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "yue": "Cantonese", "zh": "Chinese",
})
"""English names, for prompts."""

FLORES: Final[Mapping[str, str]] = MappingProxyType({
    "af": "afr_Latn", "ar": "arb_Arab", "bg": "bul_Cyrl", "bn": "ben_Beng", "ca": "cat_Latn",
    "cs": "ces_Latn", "cy": "cym_Latn", "da": "dan_Latn", "de": "deu_Latn", "el": "ell_Grek",
    "en": "eng_Latn", "es": "spa_Latn", "et": "est_Latn", "eu": "eus_Latn", "fa": "pes_Arab",
    "fi": "fin_Latn", "fr": "fra_Latn", "ga": "gle_Latn", "gl": "glg_Latn", "gu": "guj_Gujr",
    "he": "heb_Hebr", "hi": "hin_Deva", "hr": "hrv_Latn", "hu": "hun_Latn", "hy": "hye_Armn",
    "id": "ind_Latn", "is": "isl_Latn", "it": "ita_Latn", "ja": "jpn_Jpan", "ka": "kat_Geor",
    "kk": "kaz_Cyrl", "ko": "kor_Hang", "lt": "lit_Latn", "lv": "lvs_Latn", "mk": "mkd_Cyrl",
    "mr": "mar_Deva", "ms": "zsm_Latn", "mt": "mlt_Latn", "nb": "nob_Latn", "nl": "nld_Latn",
    "no": "nob_Latn", "pl": "pol_Latn", "pt": "por_Latn", "ro": "ron_Latn", "ru": "rus_Cyrl",
    "sk": "slk_Latn", "sl": "slv_Latn", "sq": "als_Latn", "sr": "srp_Cyrl", "sv": "swe_Latn",
    "sw": "swh_Latn", "ta": "tam_Taml", "te": "tel_Telu", "th": "tha_Thai", "tl": "tgl_Latn",
    "tr": "tur_Latn", "uk": "ukr_Cyrl", "ur": "urd_Arab", "vi": "vie_Latn", "yue": "yue_Hant",
    "zh": "zho_Hans",
})
"""FLORES-200's codes; the others are given as they are (``ckb_Arab``)."""
_TRADITIONAL: Final = frozenset({"zh-tw", "zh-hk", "zh-mo", "zh-hant"})


def name_of(lang: str) -> str:
    """An English name for a prompt; a code that is not known stands for itself.

    >>> name_of("pt-BR"), name_of("tlh")
    ('Portuguese', 'tlh')
    """
    return NAMES.get(base_code(lang), lang)


def flores(lang: str) -> str:
    """NLLB's code.

    >>> flores("zh-TW"), flores("de"), flores("ckb_Arab")
    ('zho_Hant', 'deu_Latn', 'ckb_Arab')
    """
    if lang.replace("_", "-").lower() in _TRADITIONAL:
        return "zho_Hant"
    return lang if lang in FLORES.values() else FLORES.get(base_code(lang), lang)


def pick(wanted: str, known: Collection[str]) -> str | None:
    """The code among ``known`` that is meant: as it is written, else by its base."""
    base = base_code(wanted)
    return next((code for code in (wanted, base) if code in known), None)

