"""A RealSI of a few sentences: two clips English to Chinese, one Chinese to English."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from s2st_bench.corpora.fixtures import SENTENCES, talk, write_audio

CLIPS: Final[Mapping[str, Mapping[str, tuple[tuple[int, ...], ...]]]] = {
    "en2zh": {"en2zh-01-tech": ((0, 1), (2,)), "en2zh-02-healthcare": ((4, 5),)},
    "zh2en": {"zh2en-01-tech": ((0,), (3,))},
}
TERMS: Final = {("en2zh", 1): ("question", "问题"), ("en2zh", 4): ("years", "年")}
RATE_HZ: Final = 16_000


def make(folder: Path) -> dict[str, Any]:
    """Write ``data/`` below ``folder``; returns the options to run it with."""
    for pair, clips in CLIPS.items():
        source, target = pair.split("2")
        for vid, segments in clips.items():
            numbers = [k for segment in segments for k in segment]
            said = talk([SENTENCES[source][k] for k in numbers], source, RATE_HZ)
            write_audio(folder / "data" / pair / "audio" / f"{vid}.wav", said.samples, RATE_HZ)
            spans = iter(said.spans)
            entries = []
            for segment in segments:
                parts = []
                for k in segment:
                    start_s, length_s = next(spans)
                    term = TERMS.get((pair, k))
                    parts.append({
                        "sub_start_time": round(start_s * 1000),
                        "sub_end_time": round((start_s + length_s) * 1000),
                        "sub_src_text": SENTENCES[source][k],
                        "sub_trg_text": SENTENCES[target][k],
                        "term": [{"src": term[0], "trg": term[1]}] if term else []})
                entries.append({"start_time": parts[0]["sub_start_time"],
                                "end_time": parts[-1]["sub_end_time"], "utterance": parts})
            clip = {"vid": vid, "duration": round(len(said.samples) / RATE_HZ * 1000),
                    "segment": entries}
            path = folder / "data" / pair / f"{vid}.json"
            path.write_text(json.dumps(clip, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return {"path": folder, "source_lang": "en", "target_lang": "zh", "form": "long"}
