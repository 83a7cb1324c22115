"""s2st_bench: replay, measure and rank simultaneous speech translation systems."""

from pathlib import Path as _Path

__version__ = "0.1.0"

# A checkout on a file system without symlinks, or an archive that lost them, keeps the plugin
# folders beside the package instead of inside it.
if not (_Path(__file__).parent / "systems").is_dir():
    __path__.append(str(_Path(__file__).parent.parent))
