"""JUnit XML: one test case a verdict.

A regression and an exceeded limit are failures, what cannot be compared is an error, what is
inconclusive is skipped: no CI system has a word for it.
"""

from __future__ import annotations

from xml.etree import ElementTree

from s2st_bench.gate.decide import Decision

from .text import interval, number, plain

_TAGS = {"regression": "failure", "failed": "failure", "cannot compare": "error",
         "inconclusive": "skipped"}


def as_junit(decision: Decision) -> str:
    """The document, with its declaration."""
    tags = [_TAGS.get(verdict.outcome, "") for verdict in decision.verdicts]
    suite = ElementTree.Element("testsuite", {
        "name": "s2st-bench gate", "tests": str(len(tags)),
        "failures": str(tags.count("failure")), "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
    })
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("run", decision.run), ("baseline", decision.baseline),
                        ("outcome", decision.outcome)):
        ElementTree.SubElement(properties, "property", {"name": name, "value": plain(value)})
    for verdict, tag in zip(decision.verdicts, tags, strict=True):
        case = ElementTree.SubElement(suite, "testcase", {
            "classname": "s2st-bench.gate", "name": plain(verdict.name)})
        said = plain(verdict.reason)
        if tag:
            ElementTree.SubElement(case, tag, {"type": verdict.outcome, "message": said})
        out = ElementTree.SubElement(case, "system-out")
        out.text = plain(
            f"{verdict.outcome}: {said}. run {number(verdict.value, verdict.unit)}, baseline "
            f"{number(verdict.baseline, verdict.unit)}, difference "
            f"{number(verdict.difference, verdict.unit, sign=True)} ({interval(verdict)}) "
            f"{verdict.unit}", 600)
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(
        suite, encoding="unicode") + "\n"
