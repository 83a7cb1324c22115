"""Overrides become one typed configuration, or one line that says what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from s2st_bench.compose import compose, compose_serve, multirun
from s2st_bench.config import Choice, RunConfig
from s2st_bench.errors import BenchError, ConfigError
from s2st_bench.registry import PluginWarning

Write = Callable[[str, str], Path]
RUN = ["system=t_waiter", "dataset=t_corpus", "metrics=t_preset"]


def test_defaults(plugins: Path) -> None:
    config = compose(RUN, plugin_dirs=[plugins])
    assert config.system == Choice("t_waiter", {"k": 1, "args": {}})
    assert config.dataset == Choice("t_corpus", {"path": "x"})
    assert config.clock == Choice("simulated")
    assert (config.executor.name, config.executor.workers) == ("local", 1)
    assert config.executor.limits.call_s == 60
    assert config.metrics == ("T_UP",)
    assert (config.chunk_s, config.repeat, config.warmup_s, config.seed) == (0.32, 1, 2.0, 0)
    assert (config.stages, config.sample_rate_hz, config.score) == ("concurrent", 16_000, True)
    assert config.outputs is None and config.resume is None and config.out == Path("runs")


def test_an_open_mapping_is_filled_whole_or_key_by_key(plugins: Path) -> None:
    for given in ("system.args={beam: 4}", "+system.args.beam=4"):
        config = compose([*RUN, given], plugin_dirs=[plugins])
        assert config.system.params["args"] == {"beam": 4}


@pytest.mark.parametrize("pair, source, target", [
    ("en-de", "en", "de"), ("zh-CN-en", "zh-CN", "en"), ("en-zh-Hant", "en", "zh-Hant"),
    ("sv-SE-pt-BR", "sv-SE", "pt-BR"),
])
def test_a_pair_is_two_languages(plugins: Path, pair: str, source: str, target: str) -> None:
    config = compose([*RUN, f"dataset.pair={pair}"], plugin_dirs=[plugins])
    assert (config.source_lang, config.target_lang) == (source, target)


@pytest.mark.parametrize(
    ("override", "attribute", "value"),
    [
        ("clock=ideal", "clock", Choice("ideal")),
        ("chunk_s=1", "chunk_s", 1.0),
        ("outputs=text", "outputs", ("text",)),
        ("outputs=[text,speech]", "outputs", ("text", "speech")),
        ("metrics=T_DOWN", "metrics", ("T_DOWN",)),
        ("metrics=T_UP,T_DOWN_CA", "metrics", ("T_UP", "T_DOWN_CA")),
        ("metrics=[T_DOWN,T_UP]", "metrics", ("T_DOWN", "T_UP")),
        ("metric_options.T_UP.checkpoint=a/b.ckpt", "metric_options",
         {"T_UP": {"checkpoint": "a/b.ckpt"}}),
        ("metric_options={T_UP: {k: 1}}", "metric_options", {"T_UP": {"k": 1}}),
        ("metric_options.BLEU@delta.delta_s=3", "metric_options", {"BLEU@delta": {"delta_s": 3}}),
        ("metric_options.@big.asr.name=whisper", "metric_options",
         {"@big": {"asr": {"name": "whisper"}}}),
        ("metric_options.ASR-WER@big.asr={name: ctc}", "metric_options",
         {"ASR-WER@big": {"asr": {"name": "ctc"}}}),
        ("metric_options.chrF++.lowercase=true", "metric_options", {"chrF++": {"lowercase": True}}),
        ("metric_options.SLC-0.2.asr=slow", "metric_options", {"SLC-0.2": {"asr": "slow"}}),
        ("metric_options.chrF++.text_norm=a,b (é)", "metric_options",
         {"chrF++": {"text_norm": "a,b (é)"}}),
        ("system.k=7", "system", Choice("t_waiter", {"k": 7, "args": {}})),
        ("+system.args.beam=4", "system", Choice("t_waiter", {"k": 1, "args": {"beam": 4}})),
        ("dataset.path=/tmp/é (1)=x.tsv", "dataset", Choice("t_corpus", {"path":
                                                                           "/tmp/é (1)=x.tsv"})),
        ("target_lang=no", "target_lang", "no"),
    ],
)
def test_overrides(plugins: Path, override: str, attribute: str, value: object) -> None:
    assert getattr(compose([*RUN, override], plugin_dirs=[plugins]), attribute) == value


def test_options_of_several_metrics_meet(plugins: Path) -> None:
    config = compose([*RUN, "metric_options.chrF++.lowercase=true", "metric_options.chrF++.beam=2",
                      "metric_options.T_UP.k=1"], plugin_dirs=[plugins])
    assert config.metric_options == {"chrF++": {"lowercase": True, "beam": 2}, "T_UP": {"k": 1}}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["system=t_waitr", "dataset=t_corpus"],
         "system=t_waitr: no such system. Did you mean system=t_waiter ?"),
        (["sytem=t_waiter", "dataset=t_corpus"], "sytem: no such option. Did you mean system="),
        (["t_waiter"], "'t_waiter': expected KEY=VALUE. Did you mean system=t_waiter ?"),
        (["dataset=t_corpus"], "system is missing: give system=NAME. Available: "),
        (["system=t_waiter"], "dataset is missing: give dataset=NAME. Available: "),
        ([*RUN, "system.kk=3"], "system.kk: no such option. Did you mean system.k=3 ?"),
        ([*RUN, "system.args.beam=4"], "add to it with +system.args.beam="),
        ([*RUN, "repeat=abc"], "repeat: expected a whole number, not 'abc'"),
        ([*RUN, "repeat=0"], "repeat: must be at least 1, not 0"),
        ([*RUN, "repeat=-1"], "repeat: must be at least 1, not -1"),
        ([*RUN, "chunk_s=0"], "chunk_s: must be above 0"),
        ([*RUN, "chunk_s=-0.5"], "chunk_s: must be above 0"),
        ([*RUN, "chunk_s=inf"], "chunk_s: must be above 0 and at most 3600, not inf"),
        ([*RUN, "chunk_s=nan"], "chunk_s: expected a number, not nan"),
        ([*RUN, "chunk=1"], "chunk: no such option. Did you mean chunk_s=1 ?"),
        ([*RUN, "warmup_s=-1"], "warmup_s: must be 0 or more"),
        ([*RUN, "executor.workers=two"], "executor.workers: expected a whole number, not 'two'"),
        ([*RUN, "executor.workers=0"], "executor.workers: must be at least 1, not 0"),
        ([*RUN, "workers=2"], "workers: no such option. Did you mean executor.workers=2 ?"),
        ([*RUN, "executor=ray2"], "executor=ray2: no such executor."),
        ([*RUN, "executor.limits=5"], "executor.limits: expected a mapping"),
        ([*RUN, "executor.limits.call=5"], "Did you mean executor.limits.call_s=5 ?"),
        ([*RUN, "executor.limits.call_s=-5"], "executor.limits.call_s: must be above 0"),
        ([*RUN, "clock=idel"], "clock=idel: no such clock. Did you mean clock=ideal ?"),
        ([*RUN, "clock.name=idel"], "clock: expected ideal, simulated, realtime, not 'idel'"),
        ([*RUN, "stages=parallel"], "stages: expected one of sequential, concurrent"),
        ([*RUN, "outputs=[text,txt]"], "outputs[1]: expected one of text, speech, not 'txt'"),
        ([*RUN, "outputs=[]"], "outputs: expected null, [text]"),
        ([*RUN, "outputs=[text,text]"], "outputs: expected null, [text]"),
        ([*RUN, "metrics=T_UPP"], "metrics=T_UPP: no such metric or preset. Did you mean "
                                  "metrics=T_UP ?"),
        ([*RUN, "metrics=[T_UPP]"], "metrics: no metric named 'T_UPP'. Did you mean 'T_UP'?"),
        ([*RUN, "metrics=[]"], "metrics: none are named"),
        ([*RUN, "dataset.pair=en-de", "source_lang=fr"],
         "dataset.pair=en-de and source_lang=fr disagree"),
        ([*RUN, "dataset.pair=ende"], "dataset.pair: expected SOURCE-TARGET"),
        ([*RUN, "source_lang=e n"], "source_lang: expected a language code such as de"),
        ([*RUN, "name=a/b"], "name: a run's name names its folder"),
        ([*RUN, "system.k=1,2"], "system.k=1,2: several values are a sweep, which needs -m"),
        ([*RUN, "system.k=[1"], "system.k=[1: cannot be read"),
        ([*RUN, "=3"], "'=3': expected KEY=VALUE"),
        ([*RUN, ""], "'': expected KEY=VALUE"),
        ([*RUN, "~system"], "system is missing"),
        (["system=t_wrapper", "system.inner=t_waitr", "dataset=t_corpus"],
         "system.inner=t_waitr: no such system. Did you mean system.inner=t_waiter ?"),
        (["system=t_wrapper", "system.inner.k=3", "dataset=t_corpus"],
         "system.inner.k: system.inner is not chosen yet: give system.inner=NAME"),
        (["system=t_wrapper", "system.inner=t_lagger", "system.inner.lagg=3", "dataset=t_corpus"],
         "system.inner.lagg: no such option. Did you mean system.inner.lag=3 ?"),
        (["resume=/nowhere"], "/nowhere: not a run folder"),
    ],
)
def test_mistakes_are_one_line_with_the_way_out(
    plugins: Path, overrides: list[str], message: str
) -> None:
    with pytest.raises(BenchError) as caught:
        compose(overrides, plugin_dirs=[plugins])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_inner_systems_nest(plugins: Path) -> None:
    config = compose(
        ["system=t_wrapper", "system.inner=t_wrapper", "system.inner.inner=t_waiter",
         "system.inner.inner.k=3", *RUN[1:]], plugin_dirs=[plugins],
    )
    assert config.system.params == {
        "inner": {"name": "t_wrapper", "inner": {"name": "t_waiter", "k": 3, "args": {}}}
    }


def test_a_part_with_settings_takes_the_place_of_another() -> None:
    def cascade(*overrides: str) -> Choice:
        return compose(["system=cascade", "dataset=conference", *overrides]).system

    assert cascade("system.tts={name: vits, checkpoint: a/b, lang: de}").params["tts"] == {
        "name": "vits", "checkpoint": "a/b", "lang": "de"}
    assert cascade("system.mt={name: chat, tries: 1}").params["mt"] == {"name": "chat", "tries": 1}
    assert cascade("system.vad={name: energy, above_db: 9}").params["vad"] == {
        "name": "energy", "above_db": 9}
    assert cascade("system.asr.lm=x").params["asr"]["cmn"] == []
    with pytest.raises(ConfigError, match="system.ttts: no such option. Did you mean system.tts"):
        cascade("system.ttts={name: vits}")


def test_pair_is_an_alias(plugins: Path) -> None:
    config = compose([*RUN, "dataset.pair=en-de", "target_lang=de"], plugin_dirs=[plugins])
    assert (config.source_lang, config.target_lang) == ("en", "de")
    assert "pair" not in config.dataset.params


def test_operating_points_build_on_each_other(plugins: Path, write: Write) -> None:
    write("systems/t_waiter/config/t_waiter_5.yaml", "defaults: [t_waiter]\nk: 5\n")
    config = compose(["system=t_waiter_5", *RUN[1:]], plugin_dirs=[plugins])
    assert config.system == Choice("t_waiter", {"k": 5, "args": {}})


@pytest.mark.parametrize("text", ["k: [1\n", "- a\n", "\x00"])
def test_a_broken_configuration_costs_only_itself(
    plugins: Path, write: Write, text: str
) -> None:
    path = write("systems/t_lagger/config/t_lagger.yaml", text)
    with pytest.warns(PluginWarning, match="t_lagger.yaml"):
        assert compose(RUN, plugin_dirs=[plugins]).system.name == "t_waiter"
    with pytest.warns(PluginWarning), pytest.raises(ConfigError) as caught:
        compose(["system=t_lagger", *RUN[1:]], plugin_dirs=[plugins])
    assert str(path) in str(caught.value)


def test_mandatory_values_are_asked_for(plugins: Path, write: Write) -> None:
    write("datasets/t_corpus/config/t_corpus.yaml", "name: t_corpus\npath: ???\n")
    with pytest.raises(ConfigError, match=r"dataset.path is missing: give dataset.path=…"):
        compose(RUN, plugin_dirs=[plugins])
    assert compose([*RUN, "dataset.path=a"], plugin_dirs=[plugins]).dataset.params["path"] == "a"


def test_two_compositions_do_not_share_plugins(plugins: Path) -> None:
    compose(RUN, plugin_dirs=[plugins])
    with pytest.raises(ConfigError, match="no such system"):
        compose(["system=t_waiter"])


def test_sweeps_run_every_point_in_order(plugins: Path, tmp_path: Path) -> None:
    def point(config: RunConfig) -> tuple[object, str | None]:
        return config.system.params["k"], config.target_lang

    found = multirun(point, [*RUN, "system.k=1,3", "dataset.pair=en-de,en-es"],
                     plugin_dirs=[plugins])
    assert found == [(1, "de"), (1, "es"), (3, "de"), (3, "es")]


def test_sweeps_over_systems_and_inner_systems(plugins: Path) -> None:
    found = multirun(lambda c: c.system.params["inner"]["name"],
                     ["system=t_wrapper", "system.inner=t_waiter,t_lagger", *RUN[1:]],
                     plugin_dirs=[plugins])
    assert found == ["t_waiter", "t_lagger"]


@pytest.mark.parametrize("bad", ["repeat=1,0", "system=t_waiter,t_waitr", "system.k=1,2"])
def test_a_sweep_is_checked_before_its_first_point(plugins: Path, bad: str) -> None:
    ran: list[RunConfig] = []
    system = "t_lagger" if bad.startswith("system.k") else "t_waiter"
    with pytest.raises(ConfigError):
        multirun(ran.append, [f"system={system}", *RUN[1:], bad], plugin_dirs=[plugins])
    assert ran == []


def test_stored_configuration_is_read_back_and_holds_no_secret(plugins: Path) -> None:
    config = compose([*RUN, "+system.api_key=hunter2", "+system.max_tokens=5",
                      "+system.url=wss://me:hunter2@host/x"], plugin_dirs=[plugins])
    text = config.to_yaml()
    assert "hunter2" not in text
    stored = yaml.safe_load(text)
    assert stored["system"]["api_key"] == "***" and stored["system"]["max_tokens"] == 5
    assert RunConfig.from_dict(yaml.safe_load(config.to_yaml(redacted=False))) == config


def test_a_users_hydra_sees_no_trace_of_ours(plugins: Path) -> None:
    from hydra.core.config_store import ConfigStore
    from hydra.core.global_hydra import GlobalHydra

    compose(RUN, plugin_dirs=[plugins])
    assert not GlobalHydra.instance().is_initialized()
    assert "system" not in ConfigStore.instance().repo


def test_the_default_metrics_are_those_of_scoring(plugins: Path) -> None:
    from s2st_bench.scoring import DEFAULT_METRICS

    assert compose(RUN[:2], plugin_dirs=[plugins]).metrics == tuple(DEFAULT_METRICS)


@pytest.fixture
def stored(plugins: Path, tmp_path: Path) -> Path:
    """A run folder as far as composing reads it."""
    from s2st_bench.records import encode_run
    from s2st_bench.types import RunRecord

    config = compose([*RUN, "system.k=4", "+system.api_key=hunter2"], plugin_dirs=[plugins])
    folder = tmp_path / "runs" / "first"
    folder.mkdir(parents=True)
    record = RunRecord("t_waiter", "t_corpus", "simulated", config.to_dict(), "en", "de", ("text",))
    (folder / "run.json").write_text(encode_run(record), "utf-8")
    return folder


def test_resume_takes_the_stored_configuration(plugins: Path, stored: Path) -> None:
    config = compose([f"resume={stored}", "system.api_key=again", "executor.workers=2"],
                     plugin_dirs=[plugins])
    assert config.system.params == {"k": 4, "args": {}, "api_key": "again"}
    assert (config.resume, config.executor.workers) == (stored, 2)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([], "system.api_key: a secret is not stored with a run; give it again"),
        (["clock=ideal"], "clock=ideal: resume=RUN takes the run's own configuration"),
        (["metrics=T_UP"], "resume=RUN takes the run's own configuration"),
        (["system.kk=1"], "system.kk: no such option. Did you mean system.k=1 ?"),
    ],
)
def test_resume_refuses_what_cannot_be(
    plugins: Path, stored: Path, overrides: list[str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        compose([f"resume={stored}", *overrides], plugin_dirs=[plugins])
    assert message in str(caught.value)


def test_an_interrupt_inside_hydra_stays_one() -> None:
    from hydra.errors import ConfigCompositionException

    from s2st_bench.compose import _explained

    with pytest.raises(KeyboardInterrupt), _explained():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            raise ConfigCompositionException("could not") from stop


# --- serving -------------------------------------------------------------------------------------


def test_a_service_takes_a_system_and_no_corpus(plugins: Path) -> None:
    config = compose_serve(["system=t_waiter", "system.k=5", "dataset.pair=en-de", "outputs=text",
                            "limits.call_s=5"], plugin_dirs=[plugins])
    assert config.system == Choice("t_waiter", {"k": 5, "args": {}})
    assert (config.source_lang, config.target_lang, config.outputs) == ("en", "de", ("text",))
    assert config.limits.call_s == 5 and config.limits.chars_per_recording is None
    nested = compose_serve(["system=t_wrapper", "system.inner=t_waiter", "system.inner.k=7"],
                           plugin_dirs=[plugins])
    assert nested.system.params["inner"] == {"name": "t_waiter", "k": 7, "args": {}}


@pytest.mark.parametrize(("overrides", "message"), [
    ([], "system is missing"),
    (["system=t_waiter", "dataset=t_corpus"], "dataset: no such option"),
    (["system=t_waiter", "metrics=T_UP"], "metrics: no such option"),
    (["system=t_waiter", "clock=ideal"], "clock: no such option"),
    (["system=t_waiter", "chunk_s=0"], "chunk_s: must be above 0"),
    (["system=t_waiter", "sample_rate_hz=3"], "sample_rate_hz: must be from 1000"),
    (["system=t_waiter", "outputs=[]"], "outputs: expected"),
    (["system=t_waiter", "target_lang=../x"], "target_lang: expected a language code"),
    (["system=t_waiter", "dataset.pair=en-de", "source_lang=fr"], "disagree"),
    (["system=t_waiter,t_lagger"], "several values are a sweep"),
])
def test_a_service_refuses_what_it_has_no_use_for(
    plugins: Path, overrides: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        compose_serve(overrides, plugin_dirs=[plugins])
    assert "\n" not in str(caught.value)
