"""Scoring, resegmenting and resampling, ours and peers', each timed in a process of its own.

``python -m benchmarks.scorers WHAT ARGUMENT …`` prints one JSON object of seconds.  Imports and
the making of material are not counted.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

LATENCIES = ("AL", "LAAL", "AP", "DAL", "ATD", "StartOffset", "EndOffset")
ALL_LATENCIES = (*LATENCIES, *(f"{name}_CA" for name in LATENCIES))
SEGMENT_WORDS = 25
WORD_S = 0.4


def instances_log(path: Path, n_recordings: int, seed: int = 0) -> None:
    """A log as SimulEval's evaluator writes it: some 20 words a recording, said in bursts."""
    rng = random.Random(seed)
    vocabulary = _vocabulary(rng)
    with path.open("w", encoding="utf-8") as file:
        for index in range(n_recordings):
            reference = rng.choices(vocabulary, k=rng.randint(10, 30))
            said = [word for word in reference if rng.random() < 0.85]
            source_ms = len(reference) * 1000 * WORD_S
            delays = sorted(320.0 * rng.randint(3, max(4, int(source_ms // 320))) for _ in said)
            file.write(json.dumps({
                "index": index, "prediction": " ".join(said), "delays": delays,
                "elapsed": [delay + 40.0 * i for i, delay in enumerate(delays)],
                "prediction_length": len(said), "reference": " ".join(reference),
                "source": [f"{index}.wav", "samplerate: 16000"], "source_length": source_ms,
            }) + "\n")


def score_ours(log: str) -> dict[str, float]:
    from s2st_bench import scoring
    from s2st_bench.formats import simuleval

    scoring.make_metrics([*ALL_LATENCIES, "BLEU"])  # imports them
    found = []
    seconds = {"read_s": _timed(
        lambda: found.append(simuleval.read(Path(log), target_lang="de"))
    )}
    made = []
    seconds["items_s"] = _timed(lambda: made.append(
        scoring.scorer(found[0].traces, found[0].recordings, ALL_LATENCIES)
    ))
    (scorer,) = made

    def values() -> None:
        for metric in scorer.metrics:
            found = scorer.item_stats(metric)
            metric.value(found.rows[found.scored].sum(axis=0))

    seconds["latency_s"] = _timed(values)
    seconds["table_s"] = _timed(scorer.table)
    bleu = scoring.scorer(found[0].traces, found[0].recordings, ["BLEU"])
    seconds["bleu_s"] = _timed(lambda: bleu.item_stats(bleu.metrics[0]).rows)
    return seconds


def score_simuleval(log: str) -> dict[str, float]:
    from simuleval.evaluator.instance import LogInstance
    from simuleval.evaluator.scorers.latency_scorer import LATENCY_SCORERS_DICT
    from simuleval.evaluator.scorers.quality_scorer import QUALITY_SCORERS_DICT

    instances = {}

    def read() -> None:
        with Path(log).open(encoding="utf-8") as lines:
            for index, line in enumerate(lines):
                instances[index] = LogInstance(line.strip(), "word")

    scorers = [LATENCY_SCORERS_DICT[name](computation_aware=aware)
               for aware in (False, True) for name in LATENCIES]
    bleu = QUALITY_SCORERS_DICT["BLEU"]()
    return {
        "read_s": _timed(read),
        "latency_s": _timed(lambda: [scorer(instances) for scorer in scorers]),
        "bleu_s": _timed(lambda: bleu(instances)),
    }


def resegment_ours(n_words: str, *names: str) -> dict[str, float]:
    """Resegmenters of ours by name; without one, the default."""
    from s2st_bench.resegmenters import resegmenter
    from s2st_bench.types import Segment

    references, said = _talk(int(n_words))
    length_s = SEGMENT_WORDS * WORD_S
    segments = [Segment(str(i), i * length_s, (i + 1) * length_s) for i in range(len(references))]
    times = np.arange(len(said)) * WORD_S
    texts = [" ".join(words) for words in references]
    (name,) = names or ("soft",)
    cut = resegmenter(name)
    return {"resegment_s": _timed(
        lambda: cut.assign(said, times, segments, texts, "de", "word")
    )}


def resegment_omnisteval(n_words: str) -> dict[str, float]:
    from omnisteval.alignment import Word, align_words

    references, said = _talk(int(n_words))
    ref = [Word(text=word, seq_id=i) for i, row in enumerate(references) for word in row]
    hyp = [Word(text=word, emission_cu=i * WORD_S, emission_ca=i * WORD_S)
           for i, word in enumerate(said)]
    return {"resegment_s": _timed(lambda: align_words([ref], [hyp], char_level=False))}


def resegment_mweralign(n_words: str) -> dict[str, float]:
    from mweralign import align_texts

    references, said = _talk(int(n_words))
    texts = "\n".join(map(" ".join, references))
    return {"resegment_s": _timed(lambda: align_texts(texts, " ".join(said)))}


def bootstrap(n_resamples: str, n_systems: str, n_recordings: str) -> dict[str, float]:
    """BLEU and LAAL of all systems: resampled together, every pair's p, ranks."""
    from s2st_bench import stats
    from s2st_bench.compare import ranks
    from s2st_bench.sample import Joint, Sample
    from s2st_bench.scoring import make_metrics

    resamples, systems, recordings = int(n_resamples), int(n_systems), int(n_recordings)
    rng = np.random.default_rng(0)
    bleu, laal = make_metrics(["BLEU", "LAAL"])
    names = tuple(map(str, range(recordings)))
    length = rng.integers(8, 40, recordings)
    total = np.stack([length - order for order in range(4)], axis=1)
    joints = []
    for metric in (bleu, laal):
        samples = []
        for system in range(systems):
            if metric is bleu:
                hit = 0.6 + 0.002 * system
                correct = np.stack([rng.binomial(total[:, i], hit ** (i + 1)) for i in range(4)], 1)
                rows = np.concatenate([length[:, None], length[:, None], correct, total], axis=1)
            else:
                rows = np.stack([rng.normal(1500 + 5 * system, 400, recordings),
                                 np.ones(recordings)], axis=1)
            samples.append(Sample(metric, rows.astype(float), names, np.arange(recordings)))
        joints.append(Joint(samples))
    counts: list[np.ndarray] = []

    def resample() -> None:
        counts.append(stats.resample_counts(recordings, resamples, stats.SEED))
        for joint in joints:
            values = ranks.values_of(joint, counts)
            np.percentile(values, [2.5, 97.5], axis=0)
            apart = values[:, :, None] - values[:, None, :]
            apart -= apart.mean(axis=0)
            difference = joint.estimates[:, None] - joint.estimates[None, :]
            np.count_nonzero(np.abs(apart) >= np.abs(difference), axis=0)

    return {
        "bootstrap_s": _timed(resample),
        "ranks_s": _timed(lambda: [ranks.rank_ranges(joint) for joint in joints]),
    }


def _talk(n_words: int) -> tuple[list[list[str]], list[str]]:
    """Reference sentences of a talk, and what was said: words dropped, changed and added."""
    rng = random.Random(1)
    vocabulary = _vocabulary(rng)
    words = rng.choices(vocabulary, k=n_words)
    said = []
    for word in words:
        luck = rng.random()
        if luck < 0.8:
            said.append(word)
        elif luck < 0.9:
            said.append(rng.choice(vocabulary))
        if luck > 0.95:
            said.append(rng.choice(vocabulary))
    rows = [words[i : i + SEGMENT_WORDS] for i in range(0, n_words, SEGMENT_WORDS)]
    return rows, said


def _vocabulary(rng: random.Random) -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyzäöü"
    return ["".join(rng.choices(letters, k=rng.randint(2, 12))) for _ in range(2000)]


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


DRIVERS: dict[str, Callable[..., dict[str, float]]] = {
    "score-ours": score_ours,
    "score-simuleval": score_simuleval,
    "resegment-ours": resegment_ours,
    "resegment-omnisteval": resegment_omnisteval,
    "resegment-mweralign": resegment_mweralign,
    "bootstrap": bootstrap,
}


def main(arguments: Sequence[str]) -> int:
    print(json.dumps(DRIVERS[arguments[0]](*arguments[1:])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
