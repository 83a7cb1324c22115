"""torchaudio beside a CPU build of torch.

The wheel's compiled extension is linked with CUDA, so that ``import torchaudio`` fails where torch
has none.  What is used here is plain torch; a stand-in for the extension, which says that nothing
compiled is there, lets it import.  Nothing is installed or changed on disk.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from s2st_bench.errors import DependencyError

_EXTENSION = "torchaudio._extension"


def torchaudio_for(feature: str, extra: str) -> Any:
    """torchaudio, or an error with the line that installs it."""
    try:
        import torch

        if "torchaudio" not in sys.modules and torch.version.cuda is None:
            sys.modules.setdefault(_EXTENSION, _nothing_compiled())
        import torchaudio
    except ImportError as error:
        raise DependencyError(error.name or "torchaudio", feature, extra) from None
    return torchaudio


def _nothing_compiled() -> ModuleType:
    def fail_if_no_align(function: Callable[..., Any]) -> Callable[..., Any]:
        def refused(*args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("torchaudio's compiled extension is not loaded beside a CPU torch")

        return refused

    module: Any = ModuleType(_EXTENSION)
    module._IS_TORCHAUDIO_EXT_AVAILABLE = False
    module._IS_ALIGN_AVAILABLE = False
    module._check_cuda_version = lambda: None
    module.fail_if_no_align = fail_if_no_align
    return module  # type: ignore[no-any-return]
