"""The kind of machine, as traces name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from s2st_bench import host


def card(folder: Path, place: str, model: str) -> None:
    (folder / place).mkdir(parents=True)
    (folder / place / "information").write_text(f"Model: \t\t {model}\nIRQ:  \t 12\n")


def test_gpus_are_part_of_the_kind_of_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert host.gpu(tmp_path / "none") == ""
    card(tmp_path, "0000:01:00.0", "NVIDIA T4")
    card(tmp_path, "0000:02:00.0", "NVIDIA T4")
    card(tmp_path, "0000:03:00.0", "NVIDIA H100")
    assert host.gpu(tmp_path) == "NVIDIA T4 x2, NVIDIA H100 x1"
    for given, left in (("", ""), ("-1", ""), ("0", "NVIDIA T4 x1"), ("0,1", "NVIDIA T4 x2")):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
        assert host.gpu(tmp_path) == left
    machine = {"cpu": "EPYC", "cores": 8}
    assert host.label(machine) == "EPYC x8"
    assert host.label({**machine, "gpu": "NVIDIA T4 x2"}) == "EPYC x8, NVIDIA T4 x2"
