"""What every corpus keeps, whoever wrote its reader; fixtures are found by name."""

from __future__ import annotations

import importlib.util
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from corpus_damage import corpus
from s2st_bench.audio import read_audio
from s2st_bench.corpora import FileCorpus, Selection
from s2st_bench.corpora.fixtures import make
from s2st_bench.corpus import Corpus, fingerprint
from s2st_bench.errors import ConfigError
from s2st_bench.registry import Plugin, Registry
from s2st_bench.types import AudioSource

PLUGINS = [plugin for plugin in Registry().plugins("datasets") if not plugin.reason]
NAMES = [plugin.name for plugin in PLUGINS]


def package(plugin: Plugin) -> str:
    return plugin.load().__module__.rpartition(".")[0]


WITH_FIXTURE = [p.name for p in PLUGINS if importlib.util.find_spec(f"{package(p)}.fixture")]
LISTS = {"fairseq", "simuleval"}
"""What does not say its languages: they are the user's word."""
READERS = [p for p in PLUGINS if issubclass(p.load(), FileCorpus)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    pytest.importorskip("espeakng_loader", reason="fixtures are spoken: pip install …[cascade]")
    folder = tmp_path_factory.mktemp("corpora")
    return {name: make(name, folder / name) for name in WITH_FIXTURE}


def load(made: dict[str, dict[str, Any]], name: str, **more: Any) -> Corpus:
    return corpus(name, {**made[name], **more})


@pytest.mark.parametrize("plugin", READERS, ids=lambda p: p.name)
def test_a_reader_has_its_card_fixture_and_options(plugin: Plugin) -> None:
    assert plugin.card_path is not None and plugin.name in WITH_FIXTURE
    card = plugin.card_path.read_text("utf-8").lower()
    for word in ("licence", "languages", "splits", "resampling", "cite", "hours"):
        assert word in card, f"{plugin.card_path} does not tell its {word}"
    for path in plugin.config_files():
        options = yaml.safe_load(path.read_text("utf-8"))
        assert {f.name for f in fields(Selection)} <= set(options), path


@pytest.mark.parametrize("name", WITH_FIXTURE)
def test_a_fixture_has_no_error_and_loads_the_same_twice(
    made: dict[str, dict[str, Any]], name: str
) -> None:
    assert [str(f) for f in load(made, name).check() if f.is_error] == []
    found = list(load(made, name).recordings())
    assert found and found == list(load(made, name).recordings())
    assert len({r.id for r in found}) == len(found)
    assert fingerprint(found) == fingerprint(found)
    assert not load(made, name).left_out()


@pytest.mark.parametrize("name", WITH_FIXTURE)
def test_every_slice_is_as_long_as_its_segments_say(
    made: dict[str, dict[str, Any]], name: str
) -> None:
    for recording in load(made, name).recordings():
        source = recording.source
        assert isinstance(source, AudioSource)
        rate = recording.sample_rate_hz
        heard = read_audio(source.path, source.offset_s, source.duration_s, rate)
        end_s = recording.segments[-1].end_s
        assert len(heard) / rate > end_s - 0.05
        if source.duration_s is not None and not recording.long_form:
            assert abs(len(heard) / rate - end_s) < 0.05
        assert float(abs(heard).max()) > 0.05
        for segment in recording.segments:
            assert set(segment.references) == set(recording.target_langs)
            assert all(text for texts in segment.references.values() for text in texts)
            assert 0 <= segment.start_s < segment.end_s


@pytest.mark.parametrize("name", [p.name for p in READERS])
def test_ids_and_limit(made: dict[str, dict[str, Any]], name: str) -> None:
    every = [r.id for r in load(made, name).recordings()]
    assert [r.id for r in load(made, name, limit=2).recordings()] == every[:2]
    picked = [r.id for r in load(made, name, ids=[every[-1], every[0]]).recordings()]
    assert picked == ([every[0], every[-1]] if len(every) > 1 else every)
    with pytest.raises(ConfigError, match=r"dataset\.ids: there is no nobody; ids look like"):
        list(load(made, name, ids=["nobody"]).recordings())


@pytest.mark.parametrize("name", [p.name for p in READERS])
def test_a_language_or_split_that_is_not_there(made: dict[str, dict[str, Any]], name: str) -> None:
    wrongs = [{"split": "nosuchsplit"}] if "split" in made[name] else []
    if name not in LISTS:
        wrongs.append({"target_lang": "tlh"})
    for wrong in wrongs:
        with pytest.raises(ConfigError, match=r"tlh|nosuchsplit"):
            list(load(made, name, **wrong).recordings())


def test_the_conference_corpus_is_clean() -> None:
    for options in ({"split": s, "source_lang": lang} for s in ("dev", "test", "talks")
                    for lang in ("de", "en")):
        assert list(corpus("conference", options).check()) == []


SHARED = Path(__file__).parents[3] / "shared" / "speech"


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/speech is not there")
@pytest.mark.parametrize("name", ["human_en.tsv", "human_fr.tsv"])
def test_real_recordings_are_clean(name: str) -> None:
    assert list(corpus("manifest", {"path": SHARED / name}).check()) == []
