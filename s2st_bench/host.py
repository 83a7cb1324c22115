"""The machine and the software a run was made with."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import s2st_bench

_NUMBERS_DEPEND_ON = (
    "numpy", "sacrebleu", "jiwer", "soundfile", "soxr", "onnxruntime", "pocketsphinx", "torch",
    "transformers", "unbabel-comet", "simuleval", "espeakng-loader",
)
BUSY_SHARE = 0.75
"""A load average above this share of the cores marks a host that others use."""


def describe() -> dict[str, Any]:
    """Processor, cores, GPU where there is one, memory, system; no host name and no address."""
    found = gpu()
    return {
        "cpu": _cpu(),
        "cores": cores(),
        **({"gpu": found} if found else {}),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def label(host: Mapping[str, Any]) -> str:
    """One line that names the kind of machine; aware scores compare only under one label."""
    beside = f", {host['gpu']}" if host.get("gpu") else ""
    return f"{host['cpu']} x{host['cores']}{beside}"


def cores() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpu(driver: Path = Path("/proc/driver/nvidia/gpus")) -> str:
    """``NVIDIA H100 x2``: the NVIDIA processors this process may use, as their driver names them;
    empty where there are none.
    """
    found = []
    for path in sorted(driver.glob("*/information")):
        fields = dict(line.split(":", 1) for line in path.read_text("utf-8", "replace").splitlines()
                      if ":" in line)
        found.append(" ".join(fields.get("Model", "").split()) or "NVIDIA")
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        found = found[:len([part for part in given.split(",") if part.strip() not in ("", "-1")])]
    return ", ".join(f"{name} x{found.count(name)}" for name in dict.fromkeys(found))


def busy(workers: int) -> bool:
    """Whether measured times would be disturbed: more workers than cores, or others at work."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return workers > cores() or load > BUSY_SHARE * cores()


def versions() -> dict[str, str]:
    """Versions of what numbers depend on, where installed."""
    found = {"s2st-bench": s2st_bench.__version__}
    for name in _NUMBERS_DEPEND_ON:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_commit() -> str:
    """Commit of the checkout this package runs from, ``+`` if changed; empty where none."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return ""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit + ("+" if changed else "")


def _git(root: Path, *args: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *args], capture_output=True, text=True, check=True, timeout=10
    ).stdout.strip()


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass  # not Linux: the platform's own name serves
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None
