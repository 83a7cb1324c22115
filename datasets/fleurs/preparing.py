"""What FLEURS needs: the list and the unpacked audio of each language."""

from __future__ import annotations

from s2st_bench.corpora.archives import unpack_step
from s2st_bench.corpora.preparation import Step

from .places import Language


def steps(language: Language, split: str) -> list[Step]:
    """Steps for one split of one language."""
    folder = language.folder
    source = f"https://huggingface.co/datasets/google/fleurs (data/{folder.name}"
    archive = folder / "audio" / f"{split}.tar.gz"
    return [
        Step(f"list {folder.name} {split}", (language.table(split),), by_hand=(
            f"Download {split}.tsv from {source}) to {folder}. Licence: CC BY 4.0.")),
        unpack_step(f"audio {folder.name} {split}", archive, language.audio(split), member=split,
                    by_hand=(
            f"Download {archive.name} from {source}/audio) to {archive.parent} (no need to unpack "
            "it). Licence: CC BY 4.0.")),
    ]
