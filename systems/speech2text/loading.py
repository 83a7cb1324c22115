"""From a folder or a hub name to a model, its tokenizer and its features, or one clear message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

from s2st_bench.checkpoints import check_name, dtype_option, transformers_version
from s2st_bench.errors import DependencyError, InputError
from s2st_bench.torch_audio import torchaudio_for

from .dialects import RATE_HZ, Dialect, dialect_of

Dtype = Literal["float32", "float16", "bfloat16"]
FEATURE: Final = "system speech2text"
_COMPUTED: Final = ("embed_positions", "pos_conv_embed", "masked_spec_embed")
"""Parts of names of weights that some versions call missing although nothing is."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was loaded."""

    model: Any
    tokenizer: Any
    features: Any
    dialect: Dialect


def described(name: str) -> Dialect | None:
    """The dialect of a checkpoint on this machine, from its two configuration files; none where it
    is on the hub, or cannot be read (loading says why)."""
    folder = Path(name).expanduser()
    try:
        config = _mapping(folder / "config.json")
    except (OSError, ValueError):
        return None
    try:
        generation = _mapping(folder / "generation_config.json")
    except (OSError, ValueError):
        generation = {}
    return dialect_of(config, generation)


def load(
    name: str, device: str, dtype: Dtype, *, attention: bool = False, speech: bool = False
) -> Checkpoint:
    """Load ``name``, a folder or a name on the hub, for inference on ``device``.

    ``attention``: the model must be able to say where it looks.  ``speech``: with its vocoder.

    Raises
    ------
    DependencyError, InputError
    """
    check_name(name, "system.model")
    _check_folder(Path(name).expanduser())
    try:
        import torch
        import transformers
    except ImportError as error:
        raise DependencyError(error.name or "transformers", FEATURE, "transformers") from None
    library: Any = transformers  # annotated in part
    options = dtype_option(library, getattr(torch, dtype))
    if attention:
        options["attn_implementation"] = "eager"  # the others keep no weights of attention
    try:
        config = library.AutoConfig.from_pretrained(name)
        kind = _class_for(library, config, speech, name)
        if find_spec("torchaudio") and (
            config.model_type == "speech_to_text" or transformers_version(library) >= (5, 0)
        ):
            torchaudio_for(FEATURE, "transformers")  # features import it where there is one
        features = library.AutoFeatureExtractor.from_pretrained(name)
        tokenizer = library.AutoTokenizer.from_pretrained(name)
        model, found = kind.from_pretrained(name, output_loading_info=True, **options)
        model = model.to(torch.device(device)).eval()
    except InputError:
        raise
    except Exception as error:  # what damaged files make libraries raise is listed nowhere
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"{FEATURE}: model={name} cannot be loaded as a speech-to-text checkpoint of "
            f"transformers ({type(error).__name__}: {reason}); give the folder of a downloaded "
            "copy, or a name on the hub that this machine can fetch"
        ) from error
    absent = [key for key in found["missing_keys"] if not any(part in key for part in _COMPUTED)]
    if absent:
        raise InputError(f"{FEATURE}: model={name} lacks weights of a {config.model_type} for "
                         f"speech to {'speech' if speech else 'text'} ({absent[0]} and "
                         f"{len(absent) - 1} more): give a checkpoint trained for that")
    if attention:
        _look_everywhere(model)
    if int(features.sampling_rate) != RATE_HZ:
        raise InputError(f"{FEATURE}: model={name} hears {features.sampling_rate} Hz; "
                         f"checkpoints for {RATE_HZ} Hz are supported")
    codes = getattr(tokenizer, "lang_code_to_id", None)
    dialect = dialect_of(config.to_dict(), model.generation_config.to_dict(), codes)
    _plainly(model)
    return Checkpoint(model, tokenizer, features, dialect)


def _check_folder(folder: Path) -> None:
    """A folder must say what it holds; without that, transformers guesses by the folder's name."""
    if not folder.exists():
        return
    try:
        kind = _mapping(folder / "config.json").get("model_type")
    except (OSError, ValueError) as error:
        raise InputError(f"{FEATURE}: model={folder} is not a checkpoint of transformers "
                         f"(config.json: {' '.join(str(error).split())[:200]})") from error
    if not kind:
        raise InputError(f"{FEATURE}: {folder / 'config.json'} names no model_type")


def _class_for(library: Any, config: Any, speech: bool, name: str) -> Any:
    kind = str(config.model_type)
    if speech and kind != "seamless_m4t_v2":
        raise InputError(f"{FEATURE}: model={name} is a {kind}, which does not speak here: "
                         "system.speech=false, or a SeamlessM4T-v2 checkpoint")
    if speech:
        return library.SeamlessM4Tv2ForSpeechToSpeech
    from transformers.models.auto.modeling_auto import MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES

    if kind not in MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES or not config.is_encoder_decoder:
        raise InputError(f"{FEATURE}: model={name} is a {kind}, not a speech-to-text "
                         "encoder-decoder (SeamlessM4T, Whisper, Speech2Text, …)")
    return library.AutoModelForSpeechSeq2Seq


def _look_everywhere(model: Any) -> None:
    """Parts of composed models have settings of their own, which loading leaves as they are."""
    for part in model.modules():
        if getattr(getattr(part, "config", None), "_attn_implementation", "eager") != "eager":
            part.config._attn_implementation = "eager"


def _plainly(model: Any) -> None:
    """What our prompts and prefixes say must not be said again by the checkpoint's defaults."""
    settings = model.generation_config
    for forced in ("forced_decoder_ids", "forced_bos_token_id"):
        setattr(settings, forced, None)
        if getattr(model.config, forced, None) is not None:
            setattr(model.config, forced, None)
    settings.do_sample = False
    ends, pad = settings.eos_token_id, settings.pad_token_id
    if pad is not None and pad not in (ends if isinstance(ends, list) else [ends]):
        settings.suppress_tokens = [*(settings.suppress_tokens or ()), pad]  # it says nothing
    if (first := getattr(settings, "no_timestamps_token_id", None)) is not None:
        stamps = range(int(first), int(model.config.vocab_size))
        settings.suppress_tokens = sorted({*(settings.suppress_tokens or ()), *stamps})



def _mapping(path: Path) -> Mapping[str, Any]:
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, Mapping):
        raise ValueError(f"{path}: not a mapping")
    return found
