"""Makes torchaudio importable beside a torch built for CPUs.

The torchaudio wheel links CUDA libraries, and its ``__init__`` loads them by
``torchaudio._extension``; beside a CPU build of torch that raises OSError.  What speechbrain and
torchmetrics use of torchaudio is pure Python, so a stand-in for that one module is enough.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

_EXTENSION = "torchaudio._extension"


def make_importable() -> None:
    """To be called before the first import of torchaudio; does nothing where none is needed."""
    if "torchaudio" in sys.modules or importlib.util.find_spec("torchaudio") is None:
        return
    import torch

    if torch.version.cuda is not None:
        return
    stand_in: Any = ModuleType(_EXTENSION)
    stand_in._IS_TORCHAUDIO_EXT_AVAILABLE = False
    stand_in._IS_ALIGN_AVAILABLE = False
    stand_in._check_cuda_version = lambda: None
    stand_in.fail_if_no_align = _without_align
    sys.modules[_EXTENSION] = stand_in


def _without_align(function: Any) -> Any:
    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"{function.__name__}: torchaudio's compiled alignment does not load "
                           "beside a torch built for CPUs")

    return refuse
