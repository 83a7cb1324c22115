"""Which languages a service takes, and what it calls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from s2st_bench.types import Task

from .protocol import Codes, Languages

_SHOWN = 12


def service_code(codes: Codes, language: str) -> str:
    """What the service calls a language: by its whole code, else by its first part."""
    if not isinstance(codes, Mapping):
        codes = {code: code for code in codes}
    return codes.get(language) or codes.get(language.partition("-")[0]) or language


def refusal(languages: Languages, task: Task) -> str | None:
    """One line saying why this pair cannot be done, or none."""
    source, target = task.source_lang, task.target_lang
    for known, language, verb in ((languages.source, source, "from"),
                                  (languages.target, target, "into")):
        if known and language not in known and language.partition("-")[0] not in known:
            return f"does not translate {verb} {language}: {_listed(known)}"
    plain = source.partition("-")[0], target.partition("-")[0]
    if languages.same is not None and languages.same != (plain[0] == plain[1]):
        return ("writes down what is said, in its language: source_lang and target_lang must be "
                "the same" if languages.same else f"does not translate {source} into {target}")
    names = {f"{a}-{b}" for a in (plain[0], "*") for b in (plain[1], "*")} | {f"{source}-{target}"}
    if languages.pairs and names.isdisjoint(languages.pairs):
        return f"does not translate {source} into {target}: {_listed(languages.pairs)}"
    return None


def _listed(known: Iterable[str]) -> str:
    known = sorted(known)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"it has {', '.join(known[:_SHOWN])}{more}"
