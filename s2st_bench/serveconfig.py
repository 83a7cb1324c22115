"""The typed configuration of a service: what ``serve.yaml`` and overrides add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from s2st_bench.config import LANGUAGE, Choice, OutputName, read_choice
from s2st_bench.errors import ConfigError
from s2st_bench.limits import Limits
from s2st_bench.params import construct


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """One system as a service.  Times in seconds, rates in Hz."""

    system: Choice
    source_lang: str | None = None
    """What a client gets that names none."""
    target_lang: str | None = None
    outputs: tuple[OutputName, ...] | None = None
    """None: all that the system can give."""
    chunk_s: float = 0.32
    sample_rate_hz: int = 16_000
    seed: int = 0
    device: str = "cpu"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 < self.chunk_s <= 3600:
            raise ConfigError(f"chunk_s: must be above 0 and at most 3600, not {self.chunk_s}")
        if not 1000 <= self.sample_rate_hz <= 768_000:
            raise ConfigError("sample_rate_hz: must be from 1000 to 768000, not "
                              f"{self.sample_rate_hz}")
        if self.outputs is not None and not self.outputs:
            raise ConfigError("outputs: expected null, [text], [speech] or [text, speech]")
        for key, language in (("source_lang", self.source_lang), ("target_lang",
                                                                  self.target_lang)):
            if language is not None and not LANGUAGE.fullmatch(language):
                raise ConfigError(f"{key}: expected a language code such as de, not {language!r}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ServeConfig:
        """Check and convert a plain mapping of the composed shape.

        Raises
        ------
        ConfigError
            Naming the key and what was expected.
        """
        plain = dict(values)
        if "system" in plain:
            plain["system"] = read_choice(plain["system"], "system")
        if isinstance(outputs := plain.get("outputs"), str):
            plain["outputs"] = [outputs]
        return construct(cls, plain, "")
