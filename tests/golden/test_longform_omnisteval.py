"""A real long-form log scores what OmniSTEval 0.1.10 published for it.

The published run: ``--lang de --bleu_tokenizer 13a --word_level --fix_simuleval_emission_ca``.
OmniSTEval takes ``len(reference.split(" "))`` for a reference's length (no-break spaces part no
words) and, for aware times, a running maximum of the differenced ones; both are set here, all else
is ours.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s2st_bench import retime
from s2st_bench.formats import segments, simuleval
from s2st_bench.items import items
from s2st_bench.metric import Unscored
from s2st_bench.resegment import SoftSegmenter
from s2st_bench.scoring import make_metrics

FOLDER = Path(__file__).parents[2].parent / "shared" / "logs" / "longform_acl6060_ende"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no logs at {FOLDER}")

# OmniSTEval 0.1.10 run without --lang on the same files
WITHOUT_MOSES = {
    "BLEU": 22.6385, "chrF": 52.4359,
    "LongYAAL": 2933.1915, "AL": 2888.9120, "LAAL": 3036.8673, "AP": 1.0476, "DAL": 4100.6110,
    "LongYAAL_CA": 5861.5882, "AL_CA": 5957.5887, "LAAL_CA": 6045.4901, "AP_CA": 1.7134,
    "DAL_CA": 7369.1169,
}
_NAMES = {"LongYAAL (CU)": "LongYAAL", "LongYAAL (CA)": "LongYAAL_CA"}


def published() -> dict[str, float]:
    rows = (FOLDER / "scores_published.tsv").read_text("utf-8").splitlines()[1:]
    found = {}
    for name, value in (row.split("\t") for row in rows):
        ours = _NAMES.get(name, name.replace("Long", "").replace(" (CU)", "")
                          .replace(" (CA)", "_CA"))
        found[ours] = float(value)
    return found


def cut(tokenizer):
    log = simuleval.read(FOLDER, target_lang="de")
    assert log.notes == ()
    recordings = segments.attach(log.recordings, "de", segments=FOLDER / "ref_segments.yaml",
                                 references=FOLDER / "references.txt")
    found = []
    for trace, recording in zip(log.traces, recordings, strict=True):
        live = np.maximum.accumulate(retime.live_times(trace, "fbk").times).tolist()
        found += items(trace, recording, live=live, resegmenter=SoftSegmenter(tokenizer),
                       recording_end="segments")
    return [replace(item, reference_length=len(item.references[0].split(" "))) for item in found]


def scores(found, names):
    values = {}
    for metric in make_metrics(list(names)):
        rows = [row for item in found if not isinstance(row := metric.stats(item), Unscored)]
        values[metric.name] = metric.aggregate(np.stack(rows), np.ones((1, len(rows))))[0]
    return values


def test_equals_omnisteval_without_moses() -> None:
    found = scores(cut("none"), WITHOUT_MOSES)
    assert found == pytest.approx(WITHOUT_MOSES, abs=6e-5)


def test_equals_the_published_scores() -> None:
    pytest.importorskip("mosestokenizer", reason="the published run splits words with Moses")
    expected = published()
    assert len(expected) == 12
    assert scores(cut("moses"), expected) == pytest.approx(expected, abs=6e-5)
