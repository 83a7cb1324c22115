"""What the recording pages show, as script files loaded when a page asks for them.

One file per recording (source, transcript, references, who heard it) and one per recording and
run (what was said when).  Times are seconds of source time, rounded to milliseconds; a recording
of text is drawn on an axis of tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from s2st_bench.scored import RecordingScores
from s2st_bench.standings.entries import Entry
from s2st_bench.standings.lag import lag_curve
from s2st_bench.standings.lag_parts import Tally, lag_parts
from s2st_bench.standings.tables import Group, operating_points
from s2st_bench.standings.text import file_key, label, passage, script
from s2st_bench.timeline import Played, playback, text_events
from s2st_bench.types import AudioSource, Recording, Trace

from .media import Sound, Studio

MAX_EVENTS = 20_000
"""Writes, reads or words of one recording that a page draws."""
MAX_EVENT_CHARS = 2_000
MAX_LISTED = 2_500
"""Recordings of one test set that have a page; browsers draw longer lists too slowly."""
MAX_PAGES = 50_000
"""Files of one test set that say what a system made of a recording."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A recording as lists show it."""

    key: str
    recording: Recording
    seconds: float
    """0 for text, or where nobody heard it."""
    audible: bool
    n_failed: int

    @property
    def transcript(self) -> str:
        source = self.recording.source
        if isinstance(source, AudioSource):
            return " ".join(s.transcript for s in self.recording.segments)
        return " ".join(source.tokens)


@dataclass(frozen=True, slots=True)
class Written:
    """What was seen while a group's recordings were written."""

    listed: tuple[Listed, ...]
    """Those with a page, in corpus order."""
    n: int
    """Recordings in all."""
    tallies: Mapping[str, Tally]
    """Entry key to where its lag comes from."""


def write_recordings(group: Group, site: Path, budget_s: float) -> Written:
    """Write all recording pages' data of a group."""
    corpus = {
        r.id: (file_key(f"{group.key} {r.id}", index=i), r)
        for i, r in enumerate(group.entries[0].folder.recordings(), 1)
        if group.target_lang in r.target_langs or not group.target_lang
    }
    n = len(corpus)
    shown = choose(list(corpus), (f.recording_id for e in group.entries for f in e.failures),
                   min(MAX_LISTED, max(1, MAX_PAGES // len(group.entries))))
    lengths = _lengths(group)
    audible = _audible(group, (id_ for id_ in corpus if id_ in shown), lengths, budget_s)
    studio = Studio(site)
    folder = site / "data" / "r"
    folder.mkdir(parents=True, exist_ok=True)
    heard: dict[str, list[Entry]] = {id_: [] for id_ in corpus}
    failed = dict.fromkeys(corpus, 0)
    tallies = {entry.key: Tally() for entry in group.entries}
    for entry in group.entries:
        unit = entry.latency_unit
        for trace in _first_repeats(entry, group.target_lang, corpus):
            for parts in lag_parts(trace, corpus[trace.recording_id][1], unit):
                tallies[entry.key].add(parts)
            if trace.recording_id not in shown:
                continue
            key = corpus[trace.recording_id][0]
            heard[trace.recording_id].append(entry)
            failed[trace.recording_id] += trace.error is not None
            data = _trace_data(trace, entry, entry.recordings.find(*trace.key), studio, key,
                               audible=trace.recording_id in audible)
            data["lag"] = [
                [_ms(u.delay_s), _ms(u.behind_s),
                 *([_ms(u.elapsed_s), _ms(u.behind_aware_s)]
                   if u.elapsed_s is not None and u.behind_aware_s is not None else [])]
                for u in lag_curve(trace, corpus[trace.recording_id][1], unit)[:MAX_EVENTS]
            ]
            (folder / f"{key}.{entry.key}.js").write_text(script("S2ST.trace", data), "ascii")
    points = operating_points(group.entries)
    pages = {id_: corpus[id_] for id_ in corpus if id_ in shown}
    keys = [key for key, _ in pages.values()]
    listed = []
    for at, (id_, (key, recording)) in enumerate(pages.items()):
        sound = Sound()
        if isinstance(recording.source, AudioSource):
            sound = studio.source(recording.source, key, lengths.get(id_, 0.0),
                                  audible=id_ in audible)
        data = _recording_data(recording, key, group, sound, lengths.get(id_, 0.0))
        data["previous"] = keys[at - 1] if at else ""
        data["next"] = keys[at + 1] if at + 1 < len(keys) else ""
        data["at"], data["of"] = at + 1, len(keys)
        data["systems"] = [
            {"key": e.key, "name": label(e.name), "point": points[e.key], "note": e.unranked}
            for e in heard[id_]
        ]
        (folder / f"{key}.js").write_text(script("S2ST.recording", data), "ascii")
        listed.append(Listed(key, recording, sound.seconds, bool(sound.file), failed[id_]))
    return Written(tuple(listed), n, tallies)


def choose(ids: Sequence[str], failed: Iterable[str], most: int) -> frozenset[str]:
    """The recordings that get a page, at most ``most``: those that some system failed on (up to
    half of them), the others evenly spread over the corpus.
    """
    if len(ids) <= most:
        return frozenset(ids)
    known = frozenset(ids)
    lost = dict.fromkeys(id_ for id_ in failed if id_ in known)
    chosen = dict.fromkeys(islice(lost, most // 2))
    rest = [id_ for id_ in ids if id_ not in chosen]
    wanted = most - len(chosen)
    chosen |= dict.fromkeys(rest[at * len(rest) // wanted] for at in range(wanted))
    return frozenset(chosen)


def _first_repeats(
    entry: Entry, target_lang: str, corpus: Mapping[str, tuple[str, Recording]]
) -> Iterator[Trace]:
    """The first repeat of every recording, one trace each."""
    return (t for t in entry.folder.traces()
            if t.repeat == 0 and t.target_lang == target_lang and t.recording_id in corpus)


def _lengths(group: Group) -> dict[str, float]:
    """Seconds of source as any system was given it."""
    lengths: dict[str, float] = {}
    for entry in group.entries:
        for id_, seconds in entry.heard.lengths_s.items():
            lengths[id_] = max(seconds, lengths.get(id_, 0.0))
    return lengths


def _audible(
    group: Group, corpus: Iterable[str], lengths: Mapping[str, float], budget_s: float
) -> frozenset[str]:
    """The recordings that get sound: in order, while the budget of written seconds lasts."""
    speaking = sum("speech" in entry.heard.outputs for entry in group.entries)
    chosen: set[str] = set()
    left = budget_s
    for id_ in corpus:
        cost = lengths.get(id_, 0.0) * (1 + speaking)
        if 0 < cost <= left:
            chosen.add(id_)
            left -= cost
    return frozenset(chosen)


def _recording_data(
    recording: Recording, key: str, group: Group, sound: Sound, heard_s: float
) -> dict[str, Any]:
    source = recording.source
    spoken = isinstance(source, AudioSource)
    words = [(w.text, w.start_s, w.end_s) for s in recording.segments for w in s.words]
    if not isinstance(source, AudioSource):
        starts = source.start_s or tuple(float(i) for i in range(len(source.tokens)))
        words = [(t, float(i), i + 1.0) for i, t in enumerate(source.tokens)]
        heard_s = float(len(starts))
    return {
        "key": key,
        "id": label(recording.id),
        "group": group.key,
        "corpus": label(group.corpus),
        "sourceLang": label(recording.source_lang, 20),
        "targetLang": label(group.target_lang, 20),
        "synthetic": group.synthetic,
        "licence": label(recording.licence),
        "cluster": label(recording.cluster),
        "spoken": spoken,
        "seconds": _ms(max(sound.seconds, heard_s)),
        "peaks": sound.peaks,
        "audio": sound.file,
        "note": passage(sound.note, MAX_EVENT_CHARS),
        "words": [[label(t, 60), _ms(a), _ms(b)] for t, a, b in words[:MAX_EVENTS]],
        "segments": [
            {"start": _ms(s.start_s), "end": _ms(s.end_s), "transcript": passage(s.transcript),
             "references": [passage(r) for r in s.references.get(group.target_lang, ())]}
            for s in recording.segments[:MAX_EVENTS]
        ],
    }


def _trace_data(
    trace: Trace, entry: Entry, scores: RecordingScores | None, studio: Studio,
    recording_key: str, *, audible: bool,
) -> dict[str, Any]:
    measured = trace.clock != "ideal"
    events = text_events(trace)
    unaware = playback(trace, aware=False)
    aware = playback(trace, aware=True) if measured else ()
    heard = aware or unaware
    sound, peaks = studio.speech(
        entry.folder.path, heard, f"{recording_key}--{entry.key}", audible=audible)
    by_write = {p.write: drawn for p, drawn in zip(heard, peaks, strict=True)}
    cut = len(events) > MAX_EVENTS
    return {
        "recording": recording_key,
        "run": entry.key,
        "clock": trace.clock,
        "measured": measured,
        "length": _ms(trace.source_length),
        "events": [
            [_ms(e.delay_s), None if e.live_s is None else _ms(e.live_s), e.retract_chars,
             passage(e.text, MAX_EVENT_CHARS)] for e in events[:MAX_EVENTS]
        ],
        "cut": f"only the first {MAX_EVENTS:,} of {len(events):,} writes are shown" if cut else "",
        "reads": [_ms(s.source_s) for s in trace.steps[:MAX_EVENTS]],
        "unaware": _played(unaware, by_write),
        "aware": _played(aware, by_write),
        "audio": sound.file,
        "note": passage(sound.note, MAX_EVENT_CHARS),
        "error": None if trace.error is None else
        {"kind": trace.error.kind, "message": passage(trace.error.message, MAX_EVENT_CHARS)},
        "scores": [[label(name, 40), None if value is None else round(value, 4)]
                   for name, value in scores.values.items()] if scores else [],
    }


def _played(played: Sequence[Played], peaks: Mapping[int, str]) -> list[list[Any]]:
    return [[_ms(p.start_s), _ms(p.end_s), peaks.get(p.write, "")] for p in played[:MAX_EVENTS]]


def _ms(seconds: float) -> float:
    """Rounded to a millisecond."""
    return round(seconds, 3)
