"""Plugins are found without importing them, and a bad one costs only itself."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from s2st_bench.errors import DependencyError, UnknownPluginError, UsageError
from s2st_bench.registry import PluginWarning, Registry

Write = Callable[[str, str], Path]
MANIFEST = '[[plugin]]\nname = "{0}"\ntarget = "code:Thing"\nsummary = "a thing"\n'


def test_a_users_folder_is_found_and_loaded_with_its_relative_imports(plugins: Path) -> None:
    registry = Registry([plugins])
    plugin = registry.get("systems", "t_waiter")
    assert plugin.summary == "a test's"
    assert [path.stem for path in plugin.config_files()] == ["t_waiter"]
    assert plugin.load()(k=2).value == "t_waiter"
    assert registry.get("systems", "t_lagger").load()().value == "t_lagger"
    assert str(plugins) not in sys.path


def test_finding_imports_nothing(plugins: Path, write: Write) -> None:
    write("systems/bomb/plugin.toml", MANIFEST.format("bomb"))
    write("systems/bomb/code.py", "raise SystemExit('imported')\n")
    registry = Registry([plugins])
    assert "bomb" in registry.names("systems")
    assert registry.get("systems", "bomb").missing() == ()


def test_the_environment_names_folders_too(
    plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S2ST_BENCH_PLUGINS", f"{plugins}:")
    assert "t_waiter" in Registry().names("systems")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the same folder twice is no clash
        assert "t_waiter" in Registry([plugins, plugins / ".." / plugins.name]).names("systems")


def test_a_worker_process_given_the_same_folder_finds_the_same_class(plugins: Path) -> None:
    code = (
        "import pickle, sys; from pathlib import Path\n"
        "from s2st_bench.registry import Registry\n"
        "cls = Registry([Path(sys.argv[1])]).get('systems', 't_waiter').load()\n"
        "print(cls.__module__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(plugins)], check=True, text=True,
                          capture_output=True)
    here = Registry([plugins]).get("systems", "t_waiter").load()
    assert done.stdout.strip() == here.__module__


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("[[plugin]\n", "skipped"),
        ("", "no [[plugin]] table"),
        ("plugin = 3\n", "no [[plugin]] table"),
        ('[[plugin]]\nname = "x"\nsummary = "s"\n', "'target' must be a text"),
        ('[[plugin]]\nname = "x"\ntarget = "code"\nsummary = "s"\n', "'module:Class'"),
        ('[[plugin]]\nname = "a b"\ntarget = "c:D"\nsummary = "s"\n', "cannot be typed"),
        ('[[plugin]]\nname = ""\ntarget = "c:D"\nsummary = "s"\n', "'name' must be a text"),
        ('[[plugin]]\nname = "x"\ntarget = "c:D"\nsummary = "s"\nrequires = "y"\n', "list"),
    ],
)
def test_a_broken_manifest_warns_and_the_rest_stands(
    plugins: Path, write: Write, manifest: str, reason: str
) -> None:
    path = write("systems/aaa_broken/plugin.toml", manifest)
    registry = Registry([plugins])
    with pytest.warns(PluginWarning) as caught:
        names = registry.names("systems")
    assert "t_waiter" in names
    (message,) = [str(w.message) for w in caught]
    assert message.startswith(str(path)) and reason in message and "\n" not in message
    assert registry.problems == (message,)


def test_binary_manifest_warns(plugins: Path) -> None:
    folder = plugins / "systems" / "binary"
    folder.mkdir()
    (folder / "plugin.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.warns(PluginWarning, match="binary"):
        assert "t_waiter" in Registry([plugins]).names("systems")


def test_a_taken_name_keeps_the_first_and_names_both(plugins: Path, write: Write) -> None:
    second = write("systems/zz_second/plugin.toml", MANIFEST.format("t_waiter"))
    registry = Registry([plugins])
    with pytest.warns(PluginWarning, match="taken") as caught:
        plugin = registry.get("systems", "t_waiter")
    assert plugin.folder.name == "t_waiter"
    assert str(second) in str(caught[0].message) and str(plugin.manifest) in str(caught[0].message)


def test_a_taken_option_warns(plugins: Path, write: Write) -> None:
    write("systems/t_lagger/config/t_waiter.yaml", "name: t_lagger\n")
    registry = Registry([plugins])
    with pytest.warns(PluginWarning, match="option 't_waiter' is taken"):
        options = registry.options("systems")
    assert set(options) >= {"t_waiter", "t_lagger"}


def test_a_missing_folder_warns(tmp_path: Path) -> None:
    with pytest.warns(PluginWarning, match="no such folder"):
        Registry([tmp_path / "nowhere"]).names("systems")


def test_unknown_name_tells_the_nearest_and_the_available(plugins: Path) -> None:
    with pytest.raises(UnknownPluginError, match="'t_waitr'. Did you mean 't_waiter'"):
        Registry([plugins]).get("systems", "t_waitr")
    with pytest.raises(UnknownPluginError, match="Available: .*t_lagger"):
        Registry([plugins]).get("systems", "qqqqqq")


def test_a_missing_package_is_named_with_its_pip_line(plugins: Path, write: Write) -> None:
    extra = 'extra = "cascade"\nrequires = ["no_such_package_at_all"]\n'
    write("systems/needy/plugin.toml", MANIFEST.format("needy") + extra)
    write("systems/needy/code.py", "import no_such_package_at_all\n")
    plugin = Registry([plugins]).get("systems", "needy")
    assert plugin.missing() == ("no_such_package_at_all",)
    assert plugin.pip_line == 'pip install "s2st-bench[cascade]"'
    with pytest.raises(DependencyError, match=r'pip install "s2st-bench\[cascade\]"'):
        plugin.load()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise RuntimeError('boom')", "importing code:Thing failed: RuntimeError: boom"),
        ("raise SystemExit(3)", "importing code:Thing failed: SystemExit: 3"),
        ("def broken(:", "SyntaxError"),
        ("from .nowhere import x", "nowhere"),
        ("import no_such_package_at_all", "no_such_package_at_all"),
        ("x = 1", "code has no 'Thing'"),
        ("class Thing: pass", "not a subclass of s2st_bench.system:System"),
        ("Thing = 3", "not a subclass"),
    ],
)
def test_code_that_cannot_be_used_names_the_manifest(
    write: Write, tmp_path: Path, code: str, message: str
) -> None:
    path = write("systems/bad/plugin.toml", MANIFEST.format("bad"))
    write("systems/bad/code.py", code)
    with pytest.raises(UsageError, match=message) as caught:
        Registry([tmp_path]).get("systems", "bad").load()
    assert str(path) in str(caught.value)


def test_built_in_plugins_have_no_problems() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry = Registry()
        for kind in ("systems", "metrics", "datasets"):
            registry.options(kind)
    assert registry.problems == ()


def test_a_folder_may_hold_only_configurations_of_another_system(
    plugins: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("systems/t_served/plugin.toml", '[[plugin]]\nname = "t_served"\nadapter = "t_waiter"\n'
          'summary = "weights of others"\nweights = "org/t_served on the hub"\nkey = "T_KEY"\n')
    registry = Registry([plugins])
    t_served = registry.get("systems", "t_served")
    assert t_served.load() is registry.get("systems", "t_waiter").load()
    monkeypatch.delenv("T_KEY", raising=False)
    assert t_served.state == "key"
    monkeypatch.setenv("T_KEY", "given")
    assert t_served.state == "weights"


def test_an_adapter_that_is_not_there_warns(plugins: Path, write: Write) -> None:
    path = write("systems/t_served/plugin.toml", '[[plugin]]\nname = "t_served"\n'
                 'adapter = "nobody"\nsummary = "x"\n')
    with pytest.warns(PluginWarning, match="'nobody' names no system") as caught:
        plugin = Registry([plugins]).get("systems", "t_served")
    assert str(caught[0].message).startswith(str(path))
    with pytest.raises(UsageError, match="no plugin of that name"):
        plugin.load()
