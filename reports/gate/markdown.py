"""Markdown for a comment on a pull request."""

from __future__ import annotations

import re

from s2st_bench.gate.decide import Decision

from .text import interval, number, plain

_SIGNS = {"pass": "✅ pass", "regression": "❌ regression", "failed": "❌ failed",
          "cannot compare": "⛔ cannot compare", "inconclusive": "❔ inconclusive"}
_MEANING = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&$])")


def as_markdown(decision: Decision) -> str:
    """A heading, a table of verdicts, and what was left out."""
    head = ("metric", "verdict", "run", "baseline", "difference", "95 % interval", "margin",
            "shown at least", "unit")
    rows = [
        (escaped(v.name), _SIGNS[v.outcome], number(v.value, v.unit), number(v.baseline, v.unit),
         number(v.difference, v.unit, sign=True), interval(v), number(v.margin, v.unit),
         number(v.detectable, v.unit), escaped(v.unit))
        for v in decision.verdicts
    ]
    lines = [f"### s2st-bench gate: {_SIGNS[decision.outcome]}", "",
             f"run {escaped(decision.run)}, baseline {escaped(decision.baseline)}", "",
             "| " + " | ".join(head) + " |",
             "|---|---|" + "---:|" * 6 + "---|",
             *("| " + " | ".join(row) + " |" for row in rows), ""]
    lines += [f"- **{escaped(v.name)}**: {escaped(v.reason)}" for v in decision.verdicts
              if v.outcome != "pass"]
    lines += [f"- {escaped(note)}" for note in decision.notes]
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    """Text in which nothing is markup, a mention or a link."""
    return _MEANING.sub(r"\\\1", plain(text)).replace("://", ":\u200b//")
