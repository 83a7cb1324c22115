"""Run folders elsewhere: written as the run goes, resumed, read, and never half there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from s2st_bench import runner
from s2st_bench.cli import app
from s2st_bench.compose import compose
from s2st_bench.errors import InputError, RunError, UsageError
from s2st_bench.executor import Finished, LocalExecutor
from s2st_bench.remote import Mirror, address_of, fetched, file_system, here, home_of, mirror
from s2st_bench.store import RunFolder

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
PLUGINS = [Path(__file__).parents[1] / "plugins"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S2ST_BENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(params=["memory", "file", pytest.param("s3", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An address to write runs to."""
    if request.param == "memory":
        yield f"memory:///{tmp_path.name}/runs"
        fsspec.filesystem("memory").store.clear()
    elif request.param == "file":
        yield f"file://{tmp_path / 'elsewhere'}"
    else:
        yield request.getfixturevalue("bucket")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of an S3 server on this machine."""
    pytest.importorskip("moto.server", reason="moto, an S3 server, is not installed")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p",
                               str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    patch = pytest.MonkeyPatch()
    for name, value in (("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any"),
                        ("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}"),
                        ("AWS_DEFAULT_REGION", "us-east-1")):
        patch.setenv(name, value)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 0.1).close()
                break
            except OSError:
                time.sleep(0.1)
        s3fs.S3FileSystem().mkdir("benches")
        yield "s3://benches/runs"
    finally:
        patch.undo()
        server.kill()
        server.wait()


def overrides(tmp_path: Path, out: str, name: str) -> list[str]:
    return ["system=echo", "dataset=clips", f"dataset.path={tmp_path / 'clips'}",
            "dataset.count=5", "clock=ideal", "metrics=[BLEU,LAAL]", f"out={out}", f"name={name}"]


def run(tmp_path: Path, out: str, name: str) -> Path:
    return runner.run(compose(overrides(tmp_path, out, name), plugin_dirs=PLUGINS),
                      plugin_dirs=PLUGINS)


def names(address: str) -> set[str]:
    system, root = file_system(address)
    system.invalidate_cache()
    return {str(name).removeprefix(root).lstrip("/") for name in system.find(root)}


def test_a_run_is_there_as_it_would_be_here(tmp_path: Path, store: str) -> None:
    whole = run(tmp_path, str(tmp_path / "runs"), "whole")
    path = run(tmp_path, store, "there")
    assert home_of(path) == f"{store}/there"
    assert {"run.json", "traces.jsonl", "recordings.jsonl", "config.yaml", "scores.json",
            *(path.name for path in whole.glob("scores.parquet"))} <= names(f"{store}/there")
    assert not {n for n in names(f"{store}/there") if n.startswith(("traces/", ".lock", "."))}
    copy = fetched(f"{store}/there")
    assert copy != path and RunFolder(copy).record().status == "finished"
    assert (copy / "scores.json").read_bytes() == (whole / "scores.json").read_bytes()
    assert {t.key for t in RunFolder(copy).traces()} == {t.key for t in RunFolder(whole).traces()}
    with pytest.raises(RunError, match="exists; go on with it by resume="):
        run(tmp_path, store, "there")
    assert here(Path(store)) == [copy]


def test_a_run_that_is_cut_is_gone_on_with(
    tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path, str(tmp_path / "runs"), "whole")
    real = LocalExecutor.run

    def cut(self: LocalExecutor, works: Any) -> Iterator[Any]:
        done = 0
        for event in real(self, works):
            yield event
            done += isinstance(event, Finished)
            if done == 3:
                raise RunError("the power went")

    monkeypatch.setattr(LocalExecutor, "run", cut)
    monkeypatch.setattr(mirror, "EVERY_S", 0.05)
    with pytest.raises(RunError, match="the power went"):
        run(tmp_path, store, "cut")
    monkeypatch.undo()
    monkeypatch.setenv("S2ST_BENCH_CACHE", str(tmp_path / "another machine"))
    address = f"{store}/cut"
    there = list(RunFolder(fetched(address)).traces())
    assert 0 < len(there) < 5 and any(n.startswith("traces/") for n in names(address))
    config = compose([f"resume={address}"], plugin_dirs=PLUGINS)
    path = runner.run(config, plugin_dirs=PLUGINS)
    assert len(list(RunFolder(path).traces())) == 5
    copy = fetched(address)
    assert (copy / "scores.json").read_bytes() == (whole / "scores.json").read_bytes()
    assert not any(n.startswith("traces/") for n in names(address))


def test_two_runs_cannot_write_to_one_address(tmp_path: Path, store: str) -> None:
    address = f"{store}/held"
    second = Mirror(address, tmp_path / "b")
    with Mirror(address, tmp_path / "a"), pytest.raises(RunError, match="another run wrote"):
        second.__enter__()


def test_verbs_take_addresses(tmp_path: Path) -> None:
    store = f"file://{tmp_path / 'elsewhere'}"
    run(tmp_path, store, "one")
    for words, said in ((["show", f"{store}/one"], "5 answered"),
                        (["score", f"{store}/one", "--metrics", "LAAL,AL", "--keep"], "AL"),
                        (["report", store, "--out", str(tmp_path / "report")], "summary.txt"),
                        (["board", store, "--out", str(tmp_path / "board")], "index.html")):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
        assert said in result.output
    kept = json.loads((tmp_path / "elsewhere" / "one" / "scores.json").read_bytes())
    assert {"BLEU", "LAAL", "AL"} <= {row["metric"] for row in kept["corpus"]}
    result = CliRunner().invoke(app, ["show", f"{store}/gone"])
    assert result.exit_code == 2 and "no run folder there" in result.output


def test_speech_goes_with_its_recording(tmp_path: Path) -> None:
    store = f"file://{tmp_path / 'elsewhere'}"
    config = compose(["system=interpreter_voice", "dataset=conference", "source_lang=en",
                      "target_lang=de", "dataset.limit=1", "clock=ideal", f"out={store}",
                      "name=voice", "metrics=[BLEU]"])
    runner.run(config)
    copy = fetched(f"{store}/voice")
    (trace,) = RunFolder(copy).traces()
    assert trace.pieces and all((copy / piece.path).stat().st_size for piece in trace.pieces)


@pytest.mark.parametrize(("given", "address"), [
    (Path("s3://b/x/"), "s3://b/x"), ("memory:///a/b", "memory:///a/b"),
    (Path("file:///tmp/x"), "file:///tmp/x"), (Path("/tmp/x"), None), ("c:/x", None),
    ("runs/a:b", None),
])
def test_addresses_survive_being_paths(given: Path | str, address: str | None) -> None:
    assert address_of(given) == address


def test_a_store_that_is_not_known_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere://x.*s2st-bench\[remote\]"):
        file_system("nowhere://x")
    with pytest.raises(InputError, match="no run folder there"):
        here(Path(f"file://{tmp_path / 'none'}"))


def test_an_address_of_nothing_is_no_folder_here() -> None:
    for bare in (Path("s3://"), Path("memory:///"), "file:"):
        with pytest.raises(UsageError, match="names no bucket and no folder"):
            address_of(bare)


def test_a_folder_here_may_have_a_colon(tmp_path: Path) -> None:
    path = run(tmp_path, str(tmp_path / "s3:runs"), "a:b")
    assert path == tmp_path / "s3:runs" / "a:b" and (path / "scores.json").is_file()
    result = CliRunner().invoke(app, ["report", str(path), "--out", str(tmp_path / "report")])
    assert result.exit_code == 0, result.output


def test_a_store_that_fails_ends_the_run_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"memory:///{tmp_path.name}/full"
    system = fsspec.filesystem("memory")
    real = type(system).pipe_file

    def full(self: Any, path: str, value: bytes, *args: Any, **kwargs: Any) -> Any:
        if "/traces/" in path:
            raise OSError("quota exceeded")
        return real(self, path, value, *args, **kwargs)

    monkeypatch.setattr(type(system), "pipe_file", full)
    monkeypatch.setattr(mirror, "EVERY_S", 0.05)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(RunError, match="quota exceeded") as caught:
        run(tmp_path, store, "r")
    assert "kept in" in str(caught.value) or "cannot be reached or written" in str(caught.value)
    monkeypatch.undo()
    system.store.clear()
