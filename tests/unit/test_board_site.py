"""The pages as files: complete, the same each time, inert whatever a run says."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from s2st_bench.errors import InputError, UsageError
from s2st_bench.leaderboards.site import build

ELSEWHERE = re.compile(r"""(?:https?:)?//[\w.-]+\.\w|@import|url\(""")


class Page(HTMLParser):
    """Elements, links and whether every element was closed."""

    VOID = frozenset({"meta", "link", "input", "br", "wbr", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        return [v for _, attrs in self.elements if (v := attrs.get(attribute)) is not None]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, board_runs: ModuleType) -> Path:
    folder = tmp_path_factory.mktemp("board")
    return build(board_runs.gallery(folder / "runs"), folder / "site", audio_s=200).parent


def load(site: Path, name: str) -> dict[str, object]:
    """The value that a data file passes to its call."""
    text = (site / "data" / "r" / name).read_text("ascii")
    value: dict[str, object] = json.loads(text[text.index("(") + 1:text.rindex(")")])
    return value


def test_every_link_leads_to_a_file_of_the_site(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) == 2 + 2 + 13
    for path in pages:
        page = Page(path.read_text("utf-8"))
        assert page.open == [], path
        for link in page.values("href") + page.values("src"):
            if link.startswith(("#", "data:,")):
                continue
            target = (path.parent / link.partition("#")[0]).resolve()
            assert target.is_relative_to(site.resolve()) and target.is_file(), (path, link)


def test_nothing_points_outside(site: Path) -> None:
    for path in site.rglob("*"):
        if path.suffix in {".html", ".css", ".js"}:
            text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
            assert not ELSEWHERE.search(text), path
            assert "fetch(" not in text and "innerHTML" not in text and "eval(" not in text, path


def test_the_front_page_says_what_was_measured(site: Path) -> None:
    page = Page((site / "index.html").read_text("utf-8"))
    for words in ("synthetic demo, not a benchmark", "control", "CC0-1.0", "Test CPU, 2 cores",
                  "0123456789abcdef", "2 of 8 recordings failed", "coverage 0% is below 80%",
                  "the decoder ran out of memory", "talk-02", "29.6–32.8"):
        assert words in page.text, words
    cells = [attrs for tag, attrs in page.elements if tag == "td" and attrs.get("data-v")]
    numbers = [c["data-tip"] for c in cells if c.get("data-tip")]
    assert len(numbers) > 100
    assert all(re.search(r"n \d+ of \d+", str(tip)) for tip in numbers)
    signatures = [attrs.get("data-signature") for tag, attrs in page.elements if tag == "th"
                  and "data-signature" in attrs]
    assert signatures and all(signatures)
    captions = [tag for tag, _ in page.elements if tag in ("table", "caption")]
    assert captions.count("table") == captions.count("caption") == 4


def test_a_recording_holds_what_was_heard_and_said(site: Path) -> None:
    names = sorted(p.name for p in (site / "data" / "r").glob("0001-conference-en-de*.js"))
    (own,) = [name for name in names if name.count(".") == 1]
    recording = load(site, own)
    assert recording["words"][0] == ["We", 0.2, 0.55]  # type: ignore[index]
    assert len(str(recording["peaks"])) == round(50 * float(recording["seconds"]))  # type: ignore[arg-type]
    assert (site / str(recording["audio"])).read_bytes()[:4] == b"OggS"
    systems = recording["systems"]
    assert isinstance(systems, list) and len(systems) == 12
    for system in systems:
        trace = load(site, f"{recording['key']}.{system['key']}.js")
        spoken = trace["unaware"]
        assert bool(trace["audio"]) == bool(spoken)
    cascade = next(s for s in systems if s["name"] == "cascade")
    trace = load(site, f"{recording['key']}.{cascade['key']}.js")
    assert any(event[2] for event in trace["events"])  # type: ignore[attr-defined]
    assert all(event[1] >= event[0] for event in trace["events"])  # type: ignore[attr-defined]


def test_a_failed_recording_says_why(site: Path) -> None:
    (name,) = [p.name for p in (site / "data" / "r").glob("0002-conference-en-de*-flaky-*.js")]
    assert load(site, name)["error"] == {
        "kind": "raised", "message": "the decoder ran out of memory"}


def test_the_same_runs_make_the_same_files(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=2))

    def digest() -> dict[str, str]:
        site = build([run, run], tmp_path / "site").parent
        return {str(p.relative_to(site)): hashlib.sha256(p.read_bytes()).hexdigest()
                for p in site.rglob("*") if p.is_file()}

    first = digest()
    assert first == digest()
    assert sum(name.startswith("audio/") for name in first) == 4


def test_sound_stays_within_its_budget(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=3))
    for seconds, n_files in ((0.0, 0), (10.0, 2), (1000.0, 6)):
        site = build([run], tmp_path / "site", audio_s=seconds).parent
        assert len(list(site.glob("audio/*"))) == n_files
        listed = Page(next((site / "recordings").glob("*.html")).read_text("utf-8"))
        assert f"{n_files // 2} with sound" in listed.text
    with pytest.raises(UsageError, match="seconds of sound"):
        build([run], tmp_path / "site", audio_s=float("nan"))


def test_text_is_drawn_on_tokens(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(
        n=1, from_text=True, clock="ideal", speech=False))
    site = build([run], tmp_path / "site").parent
    names = sorted(p.name for p in (site / "data" / "r").glob("*.js"))
    trace, recording = load(site, names[0]), load(site, names[1])
    assert (recording["spoken"], recording["seconds"]) == (False, 10.0)
    assert recording["words"][1] == ["would", 1.0, 2.0]  # type: ignore[index]
    assert trace["measured"] is False
    assert trace["events"][0][:2] == [2.0, None]  # type: ignore[index]
    page = Page(next((site / "runs").glob("*")).read_text("utf-8"))
    assert "Where computation went" not in page.text


def test_computation_is_shown_by_stage(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=1, stages=("asr", "mt")))
    page = Page(next((build([run], tmp_path / "site").parent / "runs").glob("*"))
                .read_text("utf-8"))
    shares = dict(re.findall(r"(asr|mt)\d\.\d{3}(\d+) %", page.text))
    assert set(shares) == {"asr", "mt"}
    assert sum(map(int, shares.values())) in (99, 100, 101)


def test_no_path_of_the_makers_machine_is_published(
    tmp_path: Path, board_runs: ModuleType
) -> None:
    runs = [board_runs.make_run(tmp_path / name, board_runs.RunSpec(
        n=1, params={"model": f"/home/someone/{name}.bin"})) for name in ("a", "b")]
    next((tmp_path / "audio").glob("*.wav")).write_bytes(b"not audio")
    site = build(runs, tmp_path / "site").parent
    for path in site.rglob("*.*"):
        if path.suffix in {".html", ".js"}:
            text = path.read_text("utf-8")
            assert "/home/someone" not in text and str(tmp_path) not in text, path
    assert "model=…/a.bin" in Page((site / "index.html").read_text("utf-8")).text


def test_a_source_that_is_gone_is_said(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=1))
    next((tmp_path / "audio").glob("*.wav")).unlink()
    site = build([run], tmp_path / "site").parent
    (name,) = [p.name for p in (site / "data" / "r").glob("*.js") if p.name.count(".") == 1]
    recording = load(site, name)
    assert recording["audio"] == "" and "0.wav" in str(recording["note"])


def test_a_folder_that_is_no_board_is_left_alone(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=1))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="not a board"):
        build([run], tmp_path / "home")
    assert [p.name for p in (tmp_path / "home").iterdir()] == ["thesis.tex"]


def test_speech_outside_the_run_folder_is_refused(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=1))
    traces = run / "traces.jsonl"
    traces.write_text(traces.read_text().replace("pieces/0.wav", "../audio/0.wav"))
    with pytest.raises(InputError, match="outside the run folder"):
        build([run], tmp_path / "site")


def test_hostile_text_is_inert(tmp_path: Path, board_runs: ModuleType) -> None:
    site = build([board_runs.hostile(tmp_path)], tmp_path / "site").parent
    names = [str(p.relative_to(site)) for p in site.rglob("*")]
    assert all(re.fullmatch(r"[A-Za-z0-9./_-]+", name) for name in names), names
    for path in site.rglob("*.html"):
        page = Page(path.read_text("utf-8"))
        assert page.open == []
        tags = {tag for tag, _ in page.elements}
        assert "img" not in tags
        assert all(attrs.get("src", "").lstrip("./").startswith("assets/")  # type: ignore[union-attr]
                   for tag, attrs in page.elements if tag == "script")
        assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
        assert not any(v.strip().lower().startswith("javascript:")
                       for v in page.values("href") + page.values("src"))
        assert "\x1b" not in page.text and "\x00" not in page.text
    for path in (site / "data" / "r").glob("*.js"):
        text = path.read_text("ascii")
        assert not set("<>&") & set(text)
        assert path.stat().st_size < 500_000
    traces = [load(site, p.name) for p in (site / "data" / "r").glob("*.*.js")]
    assert any("characters in all]" in event[3]
               for trace in traces for event in trace["events"])  # type: ignore[attr-defined]
