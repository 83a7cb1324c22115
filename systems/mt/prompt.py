"""What a language model is asked.

A template holds ``{text}`` and may hold ``{source}`` and ``{target}``, the languages' English
names.  The same question is put for an utterance that is over and for its beginning.
"""

from __future__ import annotations

from typing import Final

from .languages import name_of

TEMPLATE: Final = (
    "Translate the following {source} speech into {target}. It may break off in the middle of a "
    "sentence: translate what is there and add nothing. Answer with the translation only.\n\n{text}"
)
"""For chat models."""
PLAIN: Final = "{source}: {text}\n{target}:"
"""For models that only go on with a text."""


def check_template(template: str) -> str:
    """The template, refused where it does not hold the text or holds something else.

    Raises
    ------
    ValueError
    """
    try:
        filled = template.format(source="a", target="b", text="\0")
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise ValueError(f"prompt: {{source}}, {{target}} and {{text}} are what it may hold "
                         f"({type(error).__name__}: {error})") from None
    if "\0" not in filled:
        raise ValueError("prompt: it must hold {text}")
    return template


def question(template: str, text: str, source_lang: str, target_lang: str) -> str:
    """What is asked for one text.

    >>> question("{source} to {target}: {text}", "hello", "en", "de-AT")
    'English to German: hello'
    """
    return template.format(source=name_of(source_lang), target=name_of(target_lang), text=text)
