"""Plugins in a folder of the user's, as the tests of the registry and of composing need them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# The same examples everywhere and no clock: a run is red for what changed, not for where it ran.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What metrics keep of audio stays out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("S2ST_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def no_lazy_modules() -> Iterator[None]:
    """Modules that speechbrain imports at the first look at them: hypothesis looks at all, and what
    they need is not installed.
    """
    yield
    if "speechbrain" in sys.modules:
        for name, module in list(sys.modules.items()):
            if any(kind.__name__ == "LazyModule" for kind in type(module).__mro__):
                del sys.modules[name]


Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below the test's folder."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def plugins(tmp_path: Path, write: Write) -> Path:
    """A folder with small systems, a corpus and presets; names that the package has not."""
    code = (
        "from s2st_bench.system import {base}\n"
        "from .helper import VALUE\n"
        "class Thing({base}):\n"
        "    def __init__(self, *, k: int = 1, inner: System | None = None) -> None:\n"
        "        self.k, self.inner, self.value = k, inner, VALUE\n"
        "    def open(self, task): raise NotImplementedError\n"
    ).format(base="System")
    for name, config in {
        "t_waiter": "name: t_waiter\nk: 1\nargs: {}\n",
        "t_lagger": "name: t_lagger\nlag: 1.0\n",
        "t_wrapper": "name: t_wrapper\ninner: null\n",
    }.items():
        write(f"systems/{name}/plugin.toml",
              f'[[plugin]]\nname = "{name}"\ntarget = "thing:Thing"\nsummary = "a test\'s"\n')
        write(f"systems/{name}/thing.py", code)
        write(f"systems/{name}/helper.py", f"VALUE = {name!r}\n")
        write(f"systems/{name}/config/{name}.yaml", config)
    write("datasets/t_corpus/plugin.toml",
          '[[plugin]]\nname = "t_corpus"\ntarget = "c:C"\nsummary = "a test\'s"\n')
    write("datasets/t_corpus/config/t_corpus.yaml", "name: t_corpus\npath: x\n")
    for metric in ("T_UP", "T_DOWN"):
        write(f"metrics/{metric.lower()}/plugin.toml",
              f'[[plugin]]\nname = "{metric}"\ntarget = "m:M"\nsummary = "a test\'s"\n')
    write("configs/metrics/t_preset.yaml", "names: [T_UP]\n")
    return tmp_path


@pytest.fixture(scope="session")
def board_runs() -> ModuleType:
    """``helpers/board_runs.py``: makes run folders for the board."""
    return _helper("board_runs")


@pytest.fixture(scope="session")
def point_runs() -> ModuleType:
    """``helpers/point_runs.py``: makes run folders of a wanted latency and quality."""
    return _helper("point_runs")


def _helper(name: str) -> ModuleType:
    path = Path(__file__).parent / "helpers" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
