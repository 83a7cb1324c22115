"""Folders of languages: ``fr_fr``, ``en_us``, ``cmn_hans_cn``, and how users ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from s2st_bench.errors import ConfigError, CorpusError

_ALIASES = {"zh": "cmn", "no": "nb", "tl": "fil"}
"""Codes that users know and FLEURS does not use."""


@dataclass(frozen=True, slots=True)
class Language:
    """A folder and the code that recordings state."""

    folder: Path
    code: str

    def table(self, split: str) -> Path:
        return self.folder / f"{split}.tsv"

    def audio(self, split: str) -> Path:
        """``audio/<split>``, or ``<split>`` where the archive was unpacked beside its folder."""
        usual = self.folder / "audio" / split
        beside = self.folder / split
        return beside if beside.is_dir() and not usual.exists() else usual


def find_language(
    path: Path, asked: str | None, option: str, *, absent: bool = False
) -> Language:
    """The folder of a language, asked for by its name or its first part; with ``absent`` also one
    that is not there yet, by its whole name.

    Raises
    ------
    CorpusError
        ``path`` has no folders of languages.
    ConfigError
        None was asked for, it is not there, or several fit.
    """
    try:
        folders = sorted(entry for entry in path.iterdir() if entry.is_dir() and "_" in entry.name)
    except OSError:
        folders = []
    listed = ", ".join(folder.name for folder in folders)
    wanted = (asked or "").lower().replace("-", "_")
    if absent and "_" in wanted:
        return Language(path / wanted, wanted)
    if not folders:
        raise CorpusError(f"dataset.path={path}: no folder such as en_us is there; give the folder "
                          "that holds those of the languages (data/ of google/fleurs). "
                          "`s2st-bench prepare fleurs` tells how to get them: source_lang=fr_fr "
                          "target_lang=en_us")
    if asked is None:
        raise ConfigError(f"{option} is not given; {path} has {listed}")
    code = _ALIASES.get(wanted, wanted)
    fit = [folder for folder in folders
           if folder.name == wanted or folder.name.partition("_")[0] == code]
    if len(fit) != 1:
        raise ConfigError(f"{option}={asked}: {path} has "
                          f"{', '.join(folder.name for folder in fit) or listed}")
    return Language(fit[0], asked)
