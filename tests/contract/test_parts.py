"""What every part must hold to: it is found, described, configured and stored like the others."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from s2st_bench.config import redact
from s2st_bench.registry import Kind, Plugin, Registry

REGISTRY = Registry()
KINDS: tuple[Kind, ...] = (
    "recognisers", "aligners", "identifiers", "translators", "synthesisers", "vads")
PARTS = [plugin for kind in KINDS for plugin in REGISTRY.plugins(kind)]

IMPORT_ALL = """
import sys
from s2st_bench.registry import Registry
registry = Registry()
for plugin in registry.plugins():
    if plugin.kind in sys.argv[1:] and not plugin.missing():
        plugin.load()
heavy = {"torch", "transformers", "onnxruntime", "pocketsphinx", "websockets", "aiohttp", "av"}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize("plugin", PARTS, ids=lambda p: f"{p.kind}-{p.name}")
def test_a_part_is_described_and_its_settings_can_be_stored(plugin: Plugin) -> None:
    assert plugin.summary and plugin.licence and plugin.card_path is not None
    assert plugin.name in plugin.card_path.read_text("utf-8")
    if plugin.missing():
        pytest.skip(plugin.pip_line or "")
    found = plugin.load()
    for name, parameter in inspect.signature(found).parameters.items():
        assert parameter.annotation is not inspect.Parameter.empty
        # A run's settings are stored, but for secrets: none of a part's may be taken for one.
        assert redact("given", name) == "given", name


def test_there_is_a_choice_of_every_part_of_a_cascade() -> None:
    assert {"kyutai", "whisper", "faster-whisper", "reference"} <= {*REGISTRY.names("recognisers")}
    assert {"apertium", "causal-lm", "chat", "m2m100", "marian", "nllb", "reference"} <= {
        *REGISTRY.names("translators")}
    assert {"cosyvoice", "edge-tts", "espeak", "vits"} <= {*REGISTRY.names("synthesisers")}
    assert {"energy", "silero"} <= {*REGISTRY.names("vads")}


def test_parts_are_imported_without_what_they_need() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL, *KINDS], capture_output=True,
                          text=True, check=True)
    assert done.stdout.strip() == "[]"
