"""``--metric-option COMET.checkpoint=PATH``: options of metrics as a command line gives them."""

from __future__ import annotations

from typing import Any

from s2st_bench.errors import UsageError


def metric_options(given: list[str]) -> dict[str, dict[str, Any]]:
    """``COMET.batch_size=4`` as ``{"COMET": {"batch_size": 4}}``; values are read as YAML.

    Raises
    ------
    UsageError
        Not of that form, or an option given twice.
    """
    import yaml

    options: dict[str, dict[str, Any]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        metric, _, option = name.rpartition(".")
        if not (metric and option and equals):
            raise UsageError(f"--metric-option {text}: expected METRIC.OPTION=VALUE, such as "
                             "COMET.checkpoint=PATH")
        if option in options.setdefault(metric, {}):
            raise UsageError(f"--metric-option {name}: given twice")
        try:
            options[metric][option] = yaml.safe_load(value)
        except yaml.YAMLError:
            options[metric][option] = value
    return options
