"""The command line: exit codes, messages, speed; everything through a real process or typer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from s2st_bench import __version__
from s2st_bench.cli import app
from s2st_bench.cli.common import printable, table
from s2st_bench.cli.completion import complete
from signals import interruptible

Write = Callable[[str, str], Path]


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def process(*args: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "s2st_bench", *map(str, args)], text=True,
                          capture_output=True, env={**os.environ, **env}, check=False)


def test_help_loads_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "pandas", "matplotlib", "hydra", "omegaconf", "yaml", "soundfile")
    code = ("import sys; from s2st_bench.cli import app\n"
            "try: app(['run', '--help'])\n"
            "except SystemExit as e: assert e.code == 0\n"
            f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stderr.strip() == "[]"


def test_version_and_module() -> None:
    done = process("--version")
    assert (done.returncode, done.stdout) == (0, f"s2st-bench {__version__}\n")


@pytest.mark.parametrize("verb", ["run", "score", "board", "ls", "show", "doctor", "validity",
                                  "check", "prepare", "serve"])
def test_every_verb_has_help(verb: str) -> None:
    done = call(verb, "--help")
    assert done.exit_code == 0 and "Usage" in done.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["run", "sytem=x"], "error: sytem: no such option."),
        (["run", "system=nothing"], "error: system=nothing: no such system."),
        (["run", "system=oracle", "dataset=conference", "name=.."],
         "error: name: a run's name names its folder"),
        (["run", "system=oracle", "dataset=conference", "sample_rate_hz=3"],
         "error: sample_rate_hz: must be from 1000 to 768000"),
        (["run", "chunk_s"], "error: 'chunk_s': expected KEY=VALUE"),
        (["run", "resume=/nowhere"], "error: /nowhere: not a run folder"),
        (["--plugin-dir", "/nowhere", "ls"], "error: --plugin-dir /nowhere: no such folder"),
        (["ls", "--plugin-dir", "/nowhere"], "error: --plugin-dir /nowhere: no such folder"),
        (["show", "nothing-of-that-name"], "error: nothing-of-that-name: neither a run folder"),
        (["show", "oracl"], "Did you mean 'oracle'?"),
        (["show", "/nowhere", "--recording", "a"], "error: /nowhere: not a run folder"),
        (["score", "/nowhere", "--metrics", "BLEU"], "error: /nowhere: no such file or folder"),
        (["score", "/nowhere", "--metrics", "BLUE"], "Did you mean 'BLEU'?"),
        (["ls", "sytems"], "'sytems' is not one of"),
    ],
)
def test_errors_are_one_message_and_exit_2(args: list[str], message: str) -> None:
    done = call(*args)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_process_ends_with_the_same_code_and_message() -> None:
    done = process("run", "system=nothing")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: system=nothing: no such system.")
    assert done.stderr.count("\n") == 1


def test_dry_run_prints_the_composed_configuration(plugins: Path) -> None:
    import yaml

    done = call("run", "--plugin-dir", plugins, "system=t_waiter", "dataset=t_corpus",
                "metrics=t_preset", "system.k=4", "+system.api_key=hunter2", "--dry-run")
    assert done.exit_code == 0, done.output
    config = yaml.safe_load(done.stdout)
    assert config["system"] == {"name": "t_waiter", "k": 4, "args": {}, "api_key": "***"}


def test_dry_run_of_a_sweep_prints_every_point(plugins: Path) -> None:
    done = call("--plugin-dir", plugins, "run", "-m", "system=t_waiter", "dataset=t_corpus",
                "metrics=t_preset", "system.k=1,3,5", "--dry-run")
    assert done.exit_code == 0, done.output
    assert [line for line in done.stdout.splitlines() if line.startswith("  k:")] == [
        "  k: 1", "  k: 3", "  k: 5"
    ]


def test_ls_tells_what_is_missing(plugins: Path, write: Write) -> None:
    write("systems/t_needy/plugin.toml",
          '[[plugin]]\nname = "t_needy"\ntarget = "a:B"\nsummary = "needs \x1b[31m"\n'
          .replace("\x1b", "\\u001b") + 'extra = "cascade"\nrequires = ["no_such_package"]\n')
    done = call("--plugin-dir", plugins, "ls", "systems")
    assert 'missing: pip install "s2st-bench[cascade]"' in done.stdout
    assert "\x1b" not in done.stdout
    rows = json.loads(call("--plugin-dir", plugins, "ls", "--json").stdout)
    needy = next(row for row in rows["systems"] if row["name"] == "t_needy")
    assert needy["state"] == "missing" and needy["missing"] == ["no_such_package"]
    assert {"systems", "metrics", "datasets"} <= set(rows)


def test_a_broken_plugin_is_one_warning(plugins: Path, write: Write) -> None:
    path = write("systems/broken/plugin.toml", "[[plugin\n")
    done = process("--plugin-dir", plugins, "ls", "systems")
    assert done.returncode == 0 and "t_waiter" in done.stdout
    assert done.stderr.startswith(f"warning: {path}: skipped") and done.stderr.count("\n") == 1
    doctor = process("--plugin-dir", plugins, "doctor")
    assert doctor.returncode == 1 and f"problem: {path}" in doctor.stdout


def test_a_system_without_a_configuration_is_told_to_write_one(
    tmp_path: Path, write: Write
) -> None:
    write("systems/lone/plugin.toml",
          '[[plugin]]\nname = "lone"\ntarget = "code:Thing"\nsummary = "a thing"\n')
    done = call("--plugin-dir", tmp_path, "run", "system=lone", "dataset=conference")
    assert done.exit_code == 2
    assert f"{tmp_path}/systems/lone/config/lone.yaml" in done.stderr


def test_show_prints_card_and_configurations(plugins: Path, write: Write) -> None:
    write("systems/t_waiter/README.md", "# Waiter\nwaits \x1b]0;owned\x07\n")
    done = call("--plugin-dir", plugins, "show", "t_waiter")
    assert "system=t_waiter" in done.stdout and "# Waiter" in done.stdout
    assert "\x1b" not in done.stdout
    row = json.loads(call("--plugin-dir", plugins, "show", "t_waiter", "--json").stdout)
    assert row["plugins"][0]["options"] == ["t_waiter"]


def test_doctor_says_what_is_installed() -> None:
    done = call("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.exit_code == (0 if report["ok"] else 1)
    assert report["packages"]["core"]["numpy"] and "cascade" in report["packages"]
    assert "all" not in report["packages"]
    assert set(report["tools"]) == {"ffmpeg", "espeak-ng", "apertium", "chromium"}
    assert report["plugins"]["systems"] > 0


@pytest.mark.parametrize(
    ("words", "incomplete", "expected"),
    [
        ([], "system=t_w", ["system=t_waiter", "system=t_wrapper"]),
        (["system"], "=", None),
        (["system", "="], "t_l", ["t_lagger"]),
        ([], "clock=", ["clock=ideal", "clock=realtime", "clock=simulated"]),
        ([], "stages=s", ["stages=sequential"]),
        (["system=t_waiter"], "system.", ["system.args=", "system.k="]),
        (["system", "=", "t_waiter"], "system.k", ["system.k="]),
        (["system=t_wrapper"], "system.inner=t_l", ["system.inner=t_lagger"]),
        ([], "chu", ["chunk_s="]),
        ([], "metrics=t_", ["metrics=t_preset"]),
        ([], "nothing=", []),
    ],
)
def test_completion(
    plugins: Path, words: list[str], incomplete: str, expected: list[str] | None
) -> None:
    found = complete(words, incomplete, [plugins])
    assert found == expected if expected is not None else "t_waiter" in found


@pytest.mark.parametrize(("words", "at"), [(["run", "system=silen"], 2),
                                           (["run", "system", "=", "silen"], 4)])
def test_bash_completion_through_the_program(words: list[str], at: int) -> None:
    done = process(COMP_WORDS=" ".join(["s2st-bench", *words]), COMP_CWORD=str(at),
                   _S2ST_BENCH_COMPLETE="complete_bash")
    assert done.stdout.split() in (["system=silent"], ["silent"])


def test_interrupt_names_the_line_that_goes_on(
    plugins: Path, write: Write, tmp_path: Path
) -> None:
    write("datasets/t_text/plugin.toml",
          '[[plugin]]\nname = "t_text"\ntarget = "c:Text"\nsummary = "two words"\n')
    write("datasets/t_text/config/t_text.yaml", "name: t_text\n")
    write("datasets/t_text/c.py",
          "from s2st_bench.corpus import Corpus, CorpusCard\n"
          "from s2st_bench.types import Recording, Segment, TextSource\n"
          "class Text(Corpus):\n"
          "    def card(self): return CorpusCard('t_text', 'none')\n"
          "    def recordings(self):\n"
          "        segment = Segment('0', 0.0, 2.0, 'a b', {'de': ('a b',)})\n"
          "        yield Recording('r', TextSource(('a', 'b')), 'en', ('de',), (segment,))\n")
    write("systems/t_sleeper/plugin.toml",
          '[[plugin]]\nname = "t_sleeper"\ntarget = "s:Sleeper"\nsummary = "hangs"\n')
    write("systems/t_sleeper/config/t_sleeper.yaml", "name: t_sleeper\nmark: ???\n")
    write("systems/t_sleeper/s.py",
          "import time\nfrom pathlib import Path\nfrom s2st_bench.system import Session, System\n"
          "class Sleeper(System):\n"
          "    sources = frozenset({'text'})\n"
          "    def __init__(self, *, mark: Path): self.mark = mark\n"
          "    def open(self, task): return Asleep(self.mark)\n"
          "class Asleep(Session):\n"
          "    def __init__(self, mark): self.mark = mark\n"
          "    def policy(self, observation): self.mark.touch(); time.sleep(60)\n")
    mark = tmp_path / "asleep"
    running = subprocess.Popen(
        [sys.executable, "-m", "s2st_bench", "run", "--plugin-dir", str(plugins),
         "system=t_sleeper", f"system.mark={mark}", "dataset=t_text", "metrics=BLEU",
         "clock=ideal", f"out={tmp_path / 'runs'}", "name=slow"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=interruptible,
    )
    deadline = time.monotonic() + 30
    while not mark.exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=20)
    assert (running.returncode, output) == (130, "")
    assert f"s2st-bench run resume={tmp_path / 'runs' / 'slow'}" in errors
    assert "Traceback" not in errors
    record = json.loads((tmp_path / "runs/slow/run.json").read_text("utf-8"))
    assert record["status"] == "interrupted"


def test_a_closed_pipe_is_no_error() -> None:
    done = subprocess.run(f"{sys.executable} -m s2st_bench ls --json | head -c 1", shell=True,
                          text=True, capture_output=True, check=False)
    assert done.stderr == ""


def test_text_for_terminals() -> None:
    assert printable("a\x1b[2Jb\u202ec\n") == "a\\x1b[2Jb\\x202ec "
    assert table([["a", "1"], ["bbb", "22"]], right=(1,)) == "a     1\nbbb  22"
    assert table([]) == ""
