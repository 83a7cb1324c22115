"""COMET, BLEURT and MetricX through their real packages, on tiny random checkpoints."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from s2st_bench import trace as trace_file
from s2st_bench.cli import app
from s2st_bench.errors import InputError
from s2st_bench.scoring import make_metrics, score
from s2st_bench.types import AudioSource, Failure, Recording, Segment, Step, TimedWrite, Trace

PAIRS = [("the cat sat on the mat", "die Katze saß auf der Matte", "die Katze saß"),
         ("a small test", "ein kleiner Test", "ein Test"),
         ("a small test", "ein kleiner Test", "")]


def recording(number: int) -> Recording:
    source, reference, _ = PAIRS[number]
    return Recording(str(number), AudioSource(Path("x.wav"), 0, 2.0), "en", ("de",),
                     (Segment("0", 0.0, 2.0, source, {"de": (reference,)}),))


def said(number: int, **changes) -> Trace:
    text = PAIRS[number][2]
    writes = (TimedWrite(-1, 0.0, text),) if text else ()
    return Trace("s", str(number), "de", 2.0, (Step(1.0, 1.0, (), writes),), clock="ideal",
                 **changes)


TRACES, RECORDINGS = [said(0), said(1), said(2)], [recording(0), recording(1), recording(2)]


@pytest.fixture(scope="module")
def tiny():
    pytest.importorskip("comet", reason="unbabel-comet is not installed")
    path = Path(__file__).parents[1] / "helpers" / "tiny_models.py"
    spec = importlib.util.spec_from_file_location("tiny_models", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def comet_checkpoint(tiny, tmp_path_factory) -> Path:
    return tiny.comet(tmp_path_factory.mktemp("comet"))


def value_of(name: str, **options):
    table = score(TRACES, RECORDINGS, [name], metric_options={name: options})
    return table.get(name), [row.scores[name] for row in table.recordings]


def test_comet_equals_its_own_package_and_silence_is_worst(comet_checkpoint: Path) -> None:
    import comet

    found, values = value_of("COMET", checkpoint=str(comet_checkpoint.parents[1]), device="cpu")
    samples = [{"src": s, "ref": r, "mt": h} for s, r, h in PAIRS[:2]]
    model = comet.load_from_checkpoint(str(comet_checkpoint))
    theirs = model.predict(samples, gpus=0, num_workers=0, progress_bar=False).scores
    assert values == pytest.approx([*theirs, 0.0], abs=1e-6)
    assert found.value == pytest.approx(sum(theirs) / 3, abs=1e-6)
    assert found.n_scored == 3 and found.ci95 is not None and found.higher_is_better
    for part in ("checkpoint:", "sha256:", "unbabel-comet:2.", "empty:0"):
        assert part in found.signature


def test_each_text_is_scored_once_and_lost_ones_count(comet_checkpoint: Path, monkeypatch) -> None:
    (metric,) = make_metrics(["COMET"], None, {"COMET": {"checkpoint": str(comet_checkpoint)}})
    asked = []
    inner = metric.predict
    monkeypatch.setattr(metric, "predict", lambda texts: asked.extend(texts) or inner(texts))
    traces = [said(1), said(1, repeat=1), said(0, repeat=1)]
    table = score([*traces, said(0, error=Failure("died", "x"))], RECORDINGS[:2], [metric])
    assert len(asked) == 2
    score(traces, RECORDINGS[:2], [metric])
    assert len(asked) == 2
    assert [r.scores["COMET"] for r in table.recordings][0] == 0.0  # failed: as nothing said


@pytest.mark.parametrize("name, kind", [("COMET-Kiwi", "referenceless_regression_metric"),
                                        ("COMET-Kiwi", "unified_metric"),
                                        ("XCOMET", "xcomet_metric")])
def test_other_models_of_unbabel(name: str, kind: str, tiny, tmp_path: Path) -> None:
    checkpoint = tiny.comet(tmp_path, kind)
    found, values = value_of(name, checkpoint=str(checkpoint), batch_size=1)
    assert np.isfinite(values).all() and len(set(values)) == 3
    assert found.signature.startswith(f"metric:{name}|checkpoint:model.ckpt|")


def test_bleurt_is_the_models_one_output(tiny, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tiny.bleurt(tmp_path)
    _, values = value_of("BLEURT", checkpoint=str(folder), batch_size=2)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():  # one by one: padding changes nothing
        alone = [float(model(**tokenizer(r, h, return_tensors="pt")).logits[0, 0])
                 for _, r, h in PAIRS[:2]]
    assert values == pytest.approx([*alone, 0.0], abs=1e-5)
    many = tiny.bleurt(tmp_path / "many", labels=3)
    with pytest.raises(InputError, match="a model of 3 classes"):
        value_of("BLEURT", checkpoint=str(many))


def test_metricx_reads_one_logit_of_the_first_step(tiny, tmp_path: Path) -> None:
    import torch
    from transformers import AutoTokenizer, MT5ForConditionalGeneration

    folder = tiny.metricx(tmp_path)
    found, values = value_of("MetricX", checkpoint=str(folder), tokenizer=str(folder))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = MT5ForConditionalGeneration.from_pretrained(folder).eval()
    alone = []
    for source, reference, hypothesis in PAIRS[:2]:
        line = f"source: {source} candidate: {hypothesis} reference: {reference}"
        ids = torch.tensor([tokenizer(line)["input_ids"][:-1]])  # without the end of text
        with torch.inference_mode():
            logits = model(input_ids=ids, decoder_input_ids=torch.zeros((1, 1), dtype=torch.long))
        alone.append(min(25.0, max(0.0, float(logits.logits[0, 0, 250_089]))))
    assert values == pytest.approx([*alone, 25.0], abs=1e-4)
    assert all(0.0 < score < 25.0 for score in alone) and alone[0] != alone[1]
    assert found.higher_is_better is False and "qe:no" in found.signature
    quality, _ = value_of("MetricX", checkpoint=str(folder), tokenizer=str(folder), qe=True)
    assert "qe:yes" in quality.signature and quality.value != found.value
    small = tiny.metricx(tmp_path / "small", vocabulary=200)
    with pytest.raises(InputError, match="has no token 250089"):
        value_of("MetricX", checkpoint=str(small), tokenizer=str(small))


def test_what_is_no_checkpoint_is_named(tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        value_of("COMET", checkpoint="./nowhere")
    with pytest.raises(InputError, match="hparams.yaml: no such file"):
        (tmp_path / "x.ckpt").write_bytes(b"x")
        value_of("COMET", checkpoint=str(tmp_path / "x.ckpt"))
    tiny.comet(tmp_path / "damaged").write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match="unbabel-comet cannot load it"):
        value_of("COMET", checkpoint=str(tmp_path / "damaged"))
    with_references = tiny.comet(tmp_path / "with")
    with pytest.raises(InputError, match="needs references; score it as"):
        value_of("COMET-Kiwi", checkpoint=str(with_references))
    with pytest.raises(InputError, match="no weights here|cannot load it"):
        value_of("BLEURT", checkpoint=str(tmp_path))


def run_folder(path: Path) -> Path:
    """A run folder as `run` leaves it."""
    from s2st_bench.store import RunWriter
    from s2st_bench.types import RunRecord

    with RunWriter(path) as writer:
        writer.write_recordings(RECORDINGS)
        writer.write_record(RunRecord("s", "c", "ideal", {}, "en", "de", ("text",)))
        for trace in TRACES:
            writer.append_trace(trace_file.encode(trace).encode())
    return path


def test_a_comet_score_through_the_command_line(comet_checkpoint: Path, tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run")
    done = CliRunner().invoke(app, [
        "score", str(run), "--metrics", "COMET,BLEU", "--json", "-",
        "--metric-option", f"COMET.checkpoint={comet_checkpoint}",
        "--metric-option", "COMET.batch_size=2", "--metric-option", "COMET.device=cpu",
    ])
    assert done.exit_code == 0, done.output
    comet, bleu = json.loads(done.stdout)["corpus"]
    assert comet["metric"] == "COMET" and np.isfinite(comet["value"]) and comet["n_scored"] == 3
    assert bleu["metric"] == "BLEU" and not (run / "scores.json").exists()


@pytest.mark.parametrize("metric, module, extra", [
    ("COMET", "comet", "comet"), ("XCOMET", "comet", "comet"), ("COMET-Kiwi", "comet", "comet"),
    ("BLEURT", "transformers", "transformers"), ("MetricX", "transformers", "transformers"),
])
def test_without_the_extra_the_message_names_the_pip_line(
    metric: str, module: str, extra: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as if not installed
    done = CliRunner().invoke(app, ["score", str(run_folder(tmp_path / "r")), "--metrics", metric])
    assert done.exit_code == 2 and "Traceback" not in done.stderr
    assert f'pip install "s2st-bench[{extra}]"' in done.stderr


@pytest.mark.parametrize("option, message", [
    ("BLEU.tokeniser=zh", "Did you mean --metric-option BLEU.tokenizer=zh ?"),
    ("BLEU.lowercase=3", "--metric-option BLEU.lowercase: expected true or false"),
    ("BLEU.tokenizer=x", "tokenizer='x'"),
    ("BLEU.aware=true", "ask for the metric BLEU_CA"),
    ("COMET.checkpoint=x", "the metric 'COMET' is not asked for"),
    ("BLEU=zh", "expected METRIC.OPTION=VALUE"),
    ("BLEU.tokenizer", "expected METRIC.OPTION=VALUE"),
])
def test_a_wrong_option_is_one_message(option: str, message: str, tmp_path: Path) -> None:
    run = run_folder(tmp_path / "r")
    done = CliRunner().invoke(app, ["score", str(run), "--metrics", "BLEU",
                                    "--metric-option", option])
    assert done.exit_code == 2 and message in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_says_what_it_cannot_score_before_it_replays(tmp_path: Path, monkeypatch) -> None:
    from s2st_bench.config import Choice, RunConfig
    from s2st_bench.errors import ConfigError, DependencyError
    from s2st_bench.runner import run

    def config(**options) -> RunConfig:
        return RunConfig(Choice("no_such_system"), Choice("no_such_corpus"), out=tmp_path,
                         metrics=("COMET",), metric_options={"COMET": options})

    with pytest.raises(ConfigError, match="metric_options.COMET.batch_size: expected a whole"):
        run(config(batch_size="many"))
    with pytest.raises(InputError, match="'nowhere.ckpt': no such file or folder"):
        run(config(checkpoint="nowhere.ckpt"))
    monkeypatch.setitem(sys.modules, "comet", None)
    with pytest.raises(DependencyError, match=r'pip install "s2st-bench\[comet\]"'):
        run(config())
    assert not list(tmp_path.iterdir())
