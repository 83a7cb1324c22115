"""Run folders for the board's tests, in the layout of ``store.py``, with real traces and audio."""

from __future__ import annotations

import json
import math
import random
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from s2st_bench import records, trace
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Piece,
    Recording,
    RunRecord,
    Segment,
    Step,
    TextSource,
    TimedWrite,
    Trace,
    Word,
)

SOURCE = ("We would like to welcome you to the conference .|The talk on speech begins at nine .|"
          "Please follow the signs to the second floor .|Lunch is served in the main hall .")
TARGET = ("Wir möchten Sie zur Konferenz herzlich willkommen heißen .|"
          "Der Vortrag über Sprache beginnt um neun Uhr .|"
          "Bitte folgen Sie den Schildern in den zweiten Stock .|"
          "Das Mittagessen wird im großen Saal serviert .")
RATE_HZ = 16_000


@dataclass
class RunSpec:
    """One run folder to make."""

    system: str = "waitk"
    params: dict[str, Any] = field(default_factory=dict)
    lag_s: float = 1.0
    compute_s: float = 0.2
    bleu: float = 25.0
    speech: bool = True
    clock: str = "simulated"
    failed: Sequence[int] = ()
    privileged: bool = False
    coverage: float = 1.0
    corpus: str = "conference"
    pair: tuple[str, str] = ("en", "de")
    fingerprint: str = "0123456789abcdef"
    synthetic: bool = True
    host: Mapping[str, Any] = field(default_factory=lambda: {"cpu": "Test CPU", "cores": 2})
    signature: str = "sacrebleu:2.6.0"
    n: int = 4
    ids: Callable[[int], str] = lambda i: f"talk-{i + 1:02d}"
    text: Callable[[str], str] = lambda text: text
    message: str = "the decoder ran out of memory"
    retract: bool = False
    load: Mapping[str, Any] = field(default_factory=dict)
    from_text: bool = False
    stages: tuple[str, ...] = ("system",)
    card: Mapping[str, Any] = field(default_factory=dict)
    unranked: Mapping[str, str] = field(default_factory=dict)
    """Metric to why it must not rank."""
    marks: Mapping[str, Sequence[str]] = field(default_factory=dict)


def make_run(folder: Path, spec: RunSpec, audio: Path | None = None) -> Path:
    """Write one run folder; ``audio`` is where the sources lie (made when missing)."""
    sources = audio or folder.parent / "audio"
    (folder / "pieces").mkdir(parents=True)
    sources.mkdir(parents=True, exist_ok=True)
    recordings = [_recording(i, spec, sources) for i in range(spec.n)]
    traces = [_trace(i, r, spec, folder) for i, r in enumerate(recordings)]
    (folder / "recordings.jsonl").write_text(
        "".join(records.encode_recording(r) + "\n" for r in recordings), "utf-8")
    (folder / "traces.jsonl").write_text(
        "".join(trace.encode(t) + "\n" for t in traces), "utf-8")
    record = RunRecord(
        system=spec.system, corpus=spec.corpus, clock=spec.clock,  # type: ignore[arg-type]
        config={"system": {"name": spec.system, **spec.params}, "chunk_s": 0.32},
        source_lang=spec.pair[0], target_lang=spec.pair[1],
        outputs=("text", "speech") if spec.speech else ("text",),
        card={"summary": f"{spec.system}, made for a test", "privileged": spec.privileged,
              "licence": "Apache-2.0", **spec.card},
        corpus_card={"name": spec.corpus, "licence": "CC0-1.0", "split": "dev",
                     "synthetic": spec.synthetic},
        fingerprint=spec.fingerprint, n_recordings=spec.n, host=spec.host,
        versions={"s2st-bench": "0.1.0"}, started_at="2026-01-01T00:00:00+00:00",
        status="finished",
    )
    (folder / "run.json").write_text(records.encode_run(record), "utf-8")
    (folder / "scores.json").write_text(json.dumps(_scores(spec, recordings, traces)), "utf-8")
    return folder


def gallery(folder: Path) -> list[Path]:
    """A board's worth: two families at several points, controls, failures, a second test set."""
    specs = [
        *(RunSpec("waitk", {"k": k}, lag_s=0.4 * k, bleu=18 + 3.2 * k - 0.3 * k * k, n=8)
          for k in (1, 3, 5, 7)),
        *(RunSpec("cascade", {"policy": "agree", "hold": h}, lag_s=0.9 + 0.5 * h, compute_s=0.5,
                  bleu=25.5 + 1.9 * h, n=8, retract=True) for h in (1, 2, 3)),
        RunSpec("eager", {}, lag_s=0.2, bleu=11.0, n=8, speech=False),
        RunSpec("offline", {"inner": {"name": "cascade"}}, lag_s=9.0, bleu=34.2, n=8),
        RunSpec("oracle", {}, lag_s=0.8, bleu=97.0, privileged=True, n=8, speech=False),
        RunSpec("flaky", {}, lag_s=0.7, bleu=29.0, failed=(1, 4), coverage=0.75, n=8),
        RunSpec("silent", {}, lag_s=0.0, bleu=0.0, coverage=0.0, n=8),
        RunSpec("waitk", {"k": 3}, lag_s=1.1, bleu=22.0, pair=("en", "es"),
                fingerprint="fedcba9876543210", corpus="talks", synthetic=False),
    ]
    return [make_run(folder / f"{i:02d}-{s.system}", s, folder / "audio")
            for i, s in enumerate(specs)]


def hostile(folder: Path, n_chars: int = 1_000_000) -> Path:
    """A run whose every text tries to break out."""
    attack = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>"
    return make_run(folder / "hostile", RunSpec(
        system=f"evil{attack}", params={"k</script>": attack}, corpus=f"corpus{attack}",
        signature=f"sig\"'>{attack}", ids=lambda i: (
            f"javascript:window.broken=1//{attack}", "../../../../etc/passwd", "\u202eevil\u2066",
            "a" * 5000)[i],
        text=lambda text: f"{attack}\u202e{text}\u0000" + ("x" * n_chars if n_chars else ""),
        failed=(1,), message=attack + "\x1b[31m",
    ), folder / "audio")


def _recording(index: int, spec: RunSpec, audio: Path) -> Recording:
    words = SOURCE.split("|")[index % 4].split()
    reference = TARGET.split("|")[index % 4]
    seconds = 0.42 * len(words) + 0.4
    path = audio / f"{index}.wav"
    if not path.exists() and not spec.from_text:
        _write_wav(path, _babble(seconds, index))
    timed = tuple(Word(w, round(0.2 + 0.42 * i, 3), round(0.55 + 0.42 * i, 3))
                  for i, w in enumerate(words))
    return Recording(
        id=spec.ids(index), source_lang=spec.pair[0],
        source=TextSource(tuple(words)) if spec.from_text else AudioSource(path),
        target_langs=(spec.pair[1],), licence="CC0-1.0", cluster=f"speaker-{index % 3}",
        segments=(Segment("s", 0.0, seconds, " ".join(words),
                          {spec.pair[1]: (reference,)}, words=timed),),
    )


def _trace(index: int, recording: Recording, spec: RunSpec, folder: Path) -> Trace:
    words = TARGET.split("|")[index % 4].split()
    length = recording.segments[0].end_s
    failed = index in spec.failed
    if spec.system == "silent":
        words = []
    if failed:
        words = words[:2]
    if spec.from_text:
        return _text_trace(recording, spec, words)
    chunk = 0.32
    n_steps = math.ceil(length / chunk)
    due = {i: min(length, 0.3 + 0.4 * i + spec.lag_s) for i in range(len(words))}
    steps, written, free, pieces, offset, n_writes = [], 0, 0.0, [], 0, 0
    speech = []
    for number in range(n_steps):
        source_s = min(length, chunk * (number + 1))
        start = max(source_s, free)
        free = start + spec.compute_s * (0.6 + 0.4 * math.sin(number))
        writes = []
        while written < len(words) and due[written] <= source_s + 1e-9:
            back, text = 0, spec.text(words[written]) + " "
            if spec.retract and written % 4 == 2:
                wrong = "äh… "
                writes.append(TimedWrite(number, free - start, wrong))
                n_writes += 1
                back = len(wrong)
            seconds = 0.12 + 0.05 * len(words[written]) if spec.speech else 0.0
            writes.append(TimedWrite(number, free - start, text, back, speech_s=seconds))
            if spec.speech:
                samples = _babble(seconds, 100 + written, 180)
                pieces.append(Piece(f"pieces/{index}.wav", offset, len(samples), RATE_HZ, n_writes))
                speech.append(samples)
                offset += len(samples)
            n_writes += 1
            written += 1
        job = Job(number, spec.stages[number % len(spec.stages)], start, free)
        steps.append(Step(source_s, source_s, (job,), tuple(writes)))
    if speech:
        _write_wav(folder / "pieces" / f"{index}.wav", np.concatenate(speech))
    return Trace(
        system=spec.system, recording_id=recording.id, target_lang=spec.pair[1],
        source_length=length, steps=tuple(steps), pieces=tuple(pieces),
        clock=spec.clock,  # type: ignore[arg-type]
        outputs=("text", "speech") if spec.speech else ("text",), load=spec.load,
        error=Failure("raised", spec.message) if failed else None,
    )


def _text_trace(recording: Recording, spec: RunSpec, words: Sequence[str]) -> Trace:
    """Wait-2 over tokens, under a clock that measures nothing."""
    n = len(SOURCE.split("|")[0].split())
    steps = [
        Step(float(i + 1), 0.0, (Job(i, "system", 0.0, 0.0),),
             tuple(TimedWrite(i, 0.0, f"{w} ") for w in words[i - 1:i]))
        for i in range(n)
    ]
    return Trace(
        system=spec.system, recording_id=recording.id, target_lang=spec.pair[1],
        source_length=float(n), source_unit="tokens", clock="ideal", steps=tuple(steps),
    )


def _scores(
    spec: RunSpec, recordings: Sequence[Recording], traces: Sequence[Trace]
) -> dict[str, Any]:
    lag, ahead = 1000 * spec.lag_s, 1000 * (spec.lag_s + spec.compute_s)
    values = {
        "BLEU": (spec.bleu, 1.6, "", True), "chrF": (20 + spec.bleu, 1.1, "", True),
        "LAAL": (lag, 90, "ms", False), "AL": (lag - 60, 95, "ms", False),
        "DAL": (lag + 180, 80, "ms", False), "AP": (0.5 + lag / 12000, 0.02, "", False),
        "StartOffset": (lag + 250, 120, "ms", False), "EndOffset": (lag / 2, 130, "ms", False),
        "LAAL_CA": (ahead, 110, "ms", False), "AL_CA": (ahead - 60, 110, "ms", False),
        "DAL_CA": (ahead + 180, 100, "ms", False), "AP_CA": (0.5 + ahead / 12000, 0.02, "", False),
        "LAAL_pen": (lag + 400 * len(spec.failed), 90, "ms", False),
        "LAAL_CA_pen": (ahead + 400 * len(spec.failed), 110, "ms", False),
        "RTF": (spec.compute_s / 0.32, 0.01, "", False),
    }
    corpus = []
    for name, (value, half, unit, up) in values.items():
        aware = "_CA" in name or name == "RTF"
        empty = spec.system == "silent" and name not in ("BLEU", "chrF", "RTF")
        reason = ("clock ideal measures nothing" if aware and spec.clock == "ideal"
                  else "nothing was said" if empty else "")
        corpus.append({
            "metric": name, "value": None if reason else round(value, 3), "unit": unit,
            "ci95": None if reason else [round(max(0, value - half), 3), round(value + half, 3)],
            "n_scored": 0 if reason else spec.n - (len(spec.failed) if unit else 0),
            "n_total": spec.n, "n_clusters": min(3, spec.n), "coverage": spec.coverage,
            "signature": f"metric:{name}|{spec.signature}|clock:{spec.clock}",
            "higher_is_better": up, "reason": reason, "group": "all",
            "unranked": spec.unranked.get(name, ""), "marks": list(spec.marks.get(name, ())),
        })
    noise = random.Random(7)
    rows = [{
        "id": r.id, "target_lang": spec.pair[1], "repeat": 0, "cluster": r.cluster, "origin": "",
        "scores": {row["metric"]: None if t.error or row["value"] is None
                   else round(row["value"] * noise.uniform(0.7, 1.3), 3) for row in corpus},
        "error": asdict(t.error) if t.error else None,
    } for r, t in zip(recordings, traces, strict=True)]
    return {"version": 1, "recordings": rows, "corpus": corpus}


def _babble(seconds: float, seed: int, pitch_hz: float = 110.0) -> np.ndarray:
    """Syllable-like hum."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * t + seed), 0, 1)
    hum = sum(np.sin(2 * np.pi * pitch_hz * k * t) / k for k in range(1, 6))
    return (0.25 * syllables * hum).astype(np.float32)


def _write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
