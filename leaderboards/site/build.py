"""From run folders to a static site that opens from disk.

::

    index.html                 the tables and plots
    runs/<run>.html            one run: settings, signatures, failures, every recording
    recordings/<group>.html    the recordings of one test set
    validity.html              bias and sensitivity of the metrics, where their file is given
    published.html             what others published, where it is asked for
    recording.html             plays one recording; reads data/r/<recording>[.<run>].js
    assets/  data/  audio/

Nothing is fetched and nothing lies outside the folder.  The same runs give the same pages.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Container, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from s2st_bench.errors import UsageError
from s2st_bench.scored import RecordingScores
from s2st_bench.standings.choice import named
from s2st_bench.standings.columns import SILENCE_SUFFIX, Column
from s2st_bench.standings.entries import Entry, read_entries
from s2st_bench.standings.tables import Group, host_name, make_groups
from s2st_bench.standings.text import label, passage, setting

from .breakdown import make_bar
from .definition import DEFAULT, Definition, read_definition
from .facts import collect, licence, trust
from .filters import corpus_licence, make_filters, span
from .load import HEIGHT as LOAD_HEIGHT
from .load import WIDTH as LOAD_WIDTH
from .load import make_load
from .plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, make_plot, tick_text
from .published import Published, blocks, comparable, read_published
from .recordings import MAX_LISTED, Written, write_recordings
from .spread import make_spread
from .stress import pairs, perturbation
from .trusted import has_marks, in_short, in_words
from .validity import Validity, read_validity

HERE = Path(__file__).parent
AUDIO_S = 1_800.0
"""Seconds of sound that a board holds unless told otherwise."""
MAX_CELLS = 20_000
"""Numbers that the list of a run's recordings holds; browsers draw more too slowly."""
_MARK = "s2st-bench-board.txt"


def build(
    runs: Sequence[Path], out: Path, *, title: str = "", audio_s: float = AUDIO_S,
    validity: Path | None = None, definition: Definition | None = None,
    note: Callable[[str], None] | None = None, published: Path | None = None,
) -> Path:
    """Write the site of ``runs`` into ``out`` and return its ``index.html``.

    ``definition`` says which columns, which order and which ``title`` (unless given here); none is
    the preset ``research``.  With ``note``, runs that are not scored are left out and told to it.
    ``audio_s`` is how many seconds of sound (sources and listening files together) it may hold;
    recordings get it in the corpus' order while it lasts.  ``validity`` is a ``validity.json``,
    shown on a page of its own; so are the rows of a ``published`` file (``published.SHIPPED``),
    which also stand below measured ones where they are comparable.  A board already in ``out`` is
    replaced.

    Raises
    ------
    InputError
        Naming the run folder or file that cannot be read.
    UsageError
        ``out`` holds something that is not a board.
    """
    if not audio_s >= 0:
        raise UsageError(f"audio: the seconds of sound must be 0 or more, not {audio_s}")
    evidence = None if validity is None else read_validity(validity)
    others = () if published is None else read_published(published)
    board = definition or read_definition(DEFAULT)
    entries = read_entries(runs, note)
    groups = make_groups(entries, board.choice)
    if note is not None and board.own and (missing := board.unmatched(groups)):
        note(f"{board.name}: no run has the metrics {', '.join(missing)}")
    _prepare(out)
    written = {g.key: write_recordings(g, out, audio_s / len(groups)) for g in groups}
    _pages(out, title or board.title, groups, written, evidence, board, others)
    return out / "index.html"


def _prepare(out: Path) -> None:
    """An empty site folder; only what an earlier board wrote is removed."""
    try:
        if out.exists() and (not out.is_dir() or (
                any(out.iterdir()) and not (out / _MARK).is_file())):
            raise UsageError(f"{out}: holds something that is not a board; "
                             "give an empty or a new folder with --out")
        for name in ("data", "audio", "runs", "recordings", "assets"):
            shutil.rmtree(out / name, ignore_errors=True)
        for name in ("validity.html", "published.html"):
            (out / name).unlink(missing_ok=True)
        out.mkdir(parents=True, exist_ok=True)
        (out / _MARK).write_text("A board of s2st-bench: building one here again replaces it.\n")
        shutil.copytree(HERE / "assets", out / "assets")
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror})") from None


def _pages(
    out: Path, title: str, groups: Sequence[Group], written: Mapping[str, Written],
    validity: Validity | None, board: Definition, published: Sequence[Published],
) -> None:
    environment = _environment()
    common: dict[str, Any] = {
        "title": title,
        "board": board,
        "published": bool(published),
        "synthetic": any(g.synthetic for g in groups),
        "front": False,
    }

    def write(template: str, path: str, **values: Any) -> None:
        text = environment.get_template(template).render(**{**common, **values})
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, "utf-8", "replace")

    listed = {g.key: written[g.key].listed for g in groups}
    n_recordings = {g.key: written[g.key].n for g in groups}
    keys = {g.key: {item.recording.id: item.key for item in listed[g.key]} for g in groups}
    write("index.html", "index.html", root="", front=True, groups=groups, listed=listed, keys=keys,
          validity=validity,
          published_beside={g.key: comparable(published, g) for g in groups},
          filters=make_filters(groups, published))
    if validity is not None:
        write("validity.html", "validity.html", root="", validity=validity)
    if published:
        write("published.html", "published.html", root="", synthetic=False,
              blocks=blocks(published))
    write("recording.html", "recording.html", root="")
    for group in groups:
        write("recordings.html", f"recordings/{group.key}.html", root="../", group=group,
              synthetic=group.synthetic, listed=listed[group.key],
              n_recordings=n_recordings[group.key])
        for entry in group.entries:
            whole = len(listed[group.key]) == n_recordings[group.key]
            shown = _listed_rows(entry, None if whole else keys[group.key])
            columns, shortened = _listed_columns(entry, len(shown), board)
            write("run.html", f"runs/{entry.key}.html", root="../", group=group, entry=entry,
                  synthetic=group.synthetic, stages=_stages(entry),
                  lag=make_bar(written[group.key].tallies[entry.key]), keys=keys[group.key],
                  spread=make_spread(entry), rows=_score_columns(entry),
                  listed_by=columns, shortened=shortened, shown=shown)


def _score_columns(entry: Entry) -> list[Column]:
    """Every metric of one run, in its scores' order, to write its values."""
    return [Column(s.metric, s.unit, s.higher_is_better, "other", s.signature)
            for s in entry.scores.values()]


def _listed_rows(entry: Entry, paged: Container[str] | None) -> tuple[RecordingScores, ...]:
    """The recordings that a run's page lists: all, or those with a page of their own."""
    ids = entry.recordings.ids
    rows = (at for at, id_ in enumerate(ids) if paged is None or id_ in paged)
    return tuple(entry.recordings[at] for at in islice(rows, MAX_LISTED))


def _listed_columns(
    entry: Entry, n_rows: int, board: Definition
) -> tuple[list[Column], bool]:
    """The metrics of the list of recordings: all, or where that is too much for a page the board's
    main ones (and that they are).

    Silence costs only where there are several recordings, so that variant says nothing of one.
    """
    every = [c for c in _score_columns(entry) if not c.metric.endswith(SILENCE_SUFFIX)]
    if len(every) * n_rows <= MAX_CELLS:
        return every, False
    main = [c for c in every if any(named(pattern, c) for pattern in board.columns)]
    return main or every[:12], True


def _stages(entry: Entry) -> list[tuple[str, float, float]]:
    """(stage, its real-time factor, its share), the costliest first; none where not measured."""
    source_s = sum(entry.heard.lengths_s.values()) * entry.recordings.n_repeats
    total = sum(entry.heard.compute_s.values())
    if not source_s or not total:
        return []
    ordered = sorted(entry.heard.compute_s.items(), key=lambda item: (-item[1], item[0]))
    return [(stage, seconds / source_s, seconds / total) for stage, seconds in ordered]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )
    environment.filters |= {
        "label": label, "passage": passage, "setting": setting, "host": host_name,
        "tick": tick_text, "clock": _clock_time,
    }
    environment.globals |= {
        "make_plot": make_plot, "make_load": make_load,
        "collect": collect, "licence": licence, "trust": trust,
        "span": span, "corpus_licence": corpus_licence,
        "trust_marks": has_marks, "trust_short": in_short, "trust_words": in_words,
        "stress_pairs": pairs, "perturbation": perturbation,
        "WIDTH": WIDTH, "HEIGHT": HEIGHT, "LEFT": LEFT, "RIGHT": WIDTH - RIGHT,
        "TOP": TOP, "FLOOR": HEIGHT - BOTTOM,
        "LOAD_WIDTH": LOAD_WIDTH, "LOAD_HEIGHT": LOAD_HEIGHT,
    }
    return environment


def _clock_time(seconds: float) -> str:
    """``m:ss.s``, as players write it."""
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{minutes:.0f}:{rest:04.1f}"
