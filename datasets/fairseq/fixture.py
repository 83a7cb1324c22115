"""Manifests of four kinds over the same sentences: files, slices of a talk, clips in a zip, and
StreamSpeech's columns.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from s2st_bench.corpora.fixtures import SENTENCES, Talk, speech, talk, write_audio, write_lines

RATE_HZ = 16_000
NUMBERS = (0, 3, 5)


def make(folder: Path, source: str = "en", target: str = "de") -> dict[str, Any]:
    """Write ``test.tsv`` (files), ``slices.tsv``, ``zip.tsv`` and ``s2st.tsv``; returns the options
    to run the first with.
    """
    said = talk([SENTENCES[source][k] for k in NUMBERS], source, RATE_HZ)
    write_audio(folder / "talk.wav", said.samples, RATE_HZ)
    clips = _clips(said)
    rows = []
    for k, (start, frames) in enumerate(clips):
        write_audio(folder / "wav" / f"{k}.wav", said.samples[start:start + frames], RATE_HZ)
        rows.append((f"utt_{k}", frames, SENTENCES[target][NUMBERS[k]],
                     SENTENCES[source][NUMBERS[k]]))
    head = "id\taudio\tn_frames\ttgt_text\tspeaker\tsrc_text\tsrc_lang\ttgt_lang"

    def table(audio: list[str]) -> list[str]:
        return [head] + [f"{name}\t{where}\t{frames}\t{to}\tspk\t{said}\t{source}\t{target}"
                         for (name, frames, to, said), where in zip(rows, audio, strict=True)]

    write_lines(folder / "test.tsv", table([f"wav/{k}.wav" for k in range(len(rows))]))
    write_lines(folder / "slices.tsv", table([f"talk.wav:{a}:{n}" for a, n in clips]))
    write_lines(folder / "zip.tsv", table(_zipped(folder)))
    lines = ["id\tsrc_audio\tsrc_n_frames\tsrc_text\ttgt_text\ttgt_audio\ttgt_n_frames"]
    for k, (name, frames, to, text) in enumerate(rows):
        spoken = speech(to, target, RATE_HZ)
        write_audio(folder / "tgt" / f"{k}.wav", spoken, RATE_HZ)
        where = f"tgt/{k}.wav" if k else "63 991 162 73"
        lines.append(f"{name}\twav/{k}.wav\t{frames}\t{text}\t{to}\t{where}\t{len(spoken)}")
    write_lines(folder / "s2st.tsv", lines)
    return {"path": folder / "test.tsv", "source_lang": source, "target_lang": target}


def _clips(said: Talk) -> list[tuple[int, int]]:
    return [(round(start * RATE_HZ), round(length * RATE_HZ)) for start, length in said.spans]


def _zipped(folder: Path) -> list[str]:
    """Pack the clips, uncompressed, and give their addresses."""
    made = io.BytesIO()
    files = sorted((folder / "wav").iterdir())
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes())
    data = made.getvalue()
    (folder / "wav.zip").write_bytes(data)
    return [f"wav.zip:{data.index(content)}:{len(content)}"
            for content in (file.read_bytes() for file in files)]
