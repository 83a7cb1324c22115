"""`score LOG LOG … --curve`: several logs as one system's curve."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from s2st_bench.cli import app


@pytest.fixture
def logs(tmp_path: Path) -> list[Path]:
    """StartOffset 1000, 2000, 3000 ms; more of the reference each time."""
    paths = []
    for number, text in enumerate(["das ist", "das ist ein kleiner", "das ist ein kleiner Test"]):
        n = len(text.split())
        row = {"index": 0, "prediction": text, "delays": [1000 * (number + 1)] * n,
               "elapsed": [1000 * (number + 1)] * n, "prediction_length": n,
               "reference": "das ist ein kleiner Test", "source_length": 4000,
               "source": ["0.wav", "samplerate: 16000"]}
        paths.append(tmp_path / f"{number}.log")
        paths[-1].write_text(json.dumps(row) + "\n", "utf-8")
    return paths


def call(*args: object):
    return CliRunner().invoke(app, ["score", *map(str, args), "--metrics", "StartOffset,chrF,AP"])


def test_areas_of_three_points(logs: list[Path]) -> None:
    done = call(*logs, "--curve", "StartOffset,chrF", "--worst", "4000,0", "--offline", "100",
                "--json", "-")
    found = json.loads(done.stdout)
    quality = [row["corpus"][1]["value"] for row in found["logs"]]
    area, volume, efficiency = found["curve"]
    assert area["metric"] == "AUC" and "bounds:1000..3000" in area["signature"]
    mean = (quality[0] / 2 + quality[1] + quality[2] / 2) / 2
    assert area["value"] == pytest.approx(mean)
    assert volume["value"] == pytest.approx(1000 * sum(quality))
    assert efficiency["value"] == pytest.approx(mean / 100)
    printed = call(*logs, "--curve", "StartOffset,chrF", "--bounds", "500,3000").stdout
    assert "the points cover 1000..3000, not all of 500..3000" in printed


@pytest.mark.parametrize("args, message", [
    (["--curve", "LAAL"], "expected two metrics, such as LAAL,BLEU"),
    (["--curve", "StartOffset,BLEU"], "BLEU was not computed"),
    (["--curve", "chrF,StartOffset"], "chrF is no axis of this kind: lower must be better"),
    (["--curve", "StartOffset,chrF", "--bounds", "3,1"], "the lower latency first"),
    (["--curve", "StartOffset,chrF", "--bounds", "a,b"], "expected two numbers"),
    (["--curve", "StartOffset,chrF", "--worst", "nan,1"], "two finite numbers"),
    (["--curve", "StartOffset,chrF", "--offline", "0"], "a positive quality"),
    (["--bounds", "1,3"], "--bounds is for --curve"),
])
def test_mistakes_are_one_message(logs: list[Path], args: list[str], message: str) -> None:
    done = call(*logs, *args)
    assert done.exit_code == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_one_point_is_no_curve(logs: list[Path]) -> None:
    done = call(logs[0], "--curve", "StartOffset,chrF")
    assert done.exit_code == 2 and "give runs of several" in done.stderr
