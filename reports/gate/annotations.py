"""Workflow commands that GitHub Actions shows on a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from s2st_bench.gate.decide import Decision

from .text import plain

_LEVELS = {"regression": "error", "failed": "error", "cannot compare": "error",
           "inconclusive": "warning"}


def as_annotations(decision: Decision) -> Iterator[str]:
    """One command for each verdict that is no pass."""
    for verdict in decision.verdicts:
        if level := _LEVELS.get(verdict.outcome):
            title = _property(f"{verdict.name}: {verdict.outcome}")
            yield f"::{level} title={title}::{_data(plain(verdict.reason))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")
