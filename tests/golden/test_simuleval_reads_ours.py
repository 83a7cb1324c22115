"""SimulEval's own scorers read the log we write and give the numbers we print."""

import json
import random

import pytest

from s2st_bench.formats import simuleval
from s2st_bench.scoring import score

scorers = pytest.importorskip("simuleval.evaluator.scorers.latency_scorer")
instances = pytest.importorskip("simuleval.evaluator.instance")

NAMES = ("AL", "LAAL", "DAL", "AP", "StartOffset", "EndOffset")


@pytest.mark.parametrize("seed", range(5))
def test_same_numbers(tmp_path, seed) -> None:
    rng = random.Random(seed)
    rows = []
    for index in range(12):
        words = rng.choices("der die das ein Haus ist groß .".split(), k=rng.randint(1, 9))
        delays = sorted(rng.choice((500.0, 1000.0, 2500.0, 4800.0)) for _ in words)
        spent, elapsed = 0.0, []
        for delay in delays:
            spent += rng.uniform(0, 400)
            elapsed.append(delay + spent)
        rows.append({"index": index, "prediction": " ".join(words), "delays": delays,
                     "elapsed": elapsed, "prediction_length": len(words),
                     "reference": "das Haus ist groß .", "source_length": 4800.0,
                     "source": [f"{index}.wav", "samplerate: 16000", "channels: 1"]})
    first, ours = tmp_path / "first.log", tmp_path / "ours.log"
    first.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    log = simuleval.read(first, target_lang="de")
    simuleval.write(log.traces, log.recordings, ours)
    table = score(log.traces, log.recordings, [n + ca for n in NAMES for ca in ("", "_CA")])
    lines = ours.read_text("utf-8").splitlines()
    for name in NAMES:
        for aware in (False, True):
            theirs = getattr(scorers, f"{name}Scorer")(computation_aware=aware)
            value = theirs({i: instances.LogInstance(line) for i, line in enumerate(lines)})
            found = table.get(name + ("_CA" if aware else "")).value
            assert found == pytest.approx(value, abs=1e-6)
