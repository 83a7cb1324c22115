"""Causal language models of transformers (LLaMA, Qwen, Gemma, …), asked to translate.

A tokenizer with a chat template is asked through it, another is given a text to go on with, whose
first line is the translation.  Decoding is greedy, one token at a time, so that words can be had
while it works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from s2st_bench.errors import ConfigError, InputError
from s2st_bench.parts import Translator

from .checkpoint import CheckpointTranslator, Precision
from .prompt import PLAIN, TEMPLATE, check_template, question


class CausalLM(CheckpointTranslator):
    """A language model on this machine.

    Parameters
    ----------
    prompt
        What is asked, see :mod:`.prompt`; none: a template of ours for chat or for plain models.
    chat
        Ask through the tokenizer's chat template; none: where it has one.
    """

    name: ClassVar[str] = "causal-lm"
    loader: ClassVar[str] = "AutoModelForCausalLM"

    def __init__(
        self, *, checkpoint: str, prompt: str | None = None, chat: bool | None = None,
        device: str = "auto", precision: Precision = "float32", max_tokens: int = 256,
    ) -> None:
        super().__init__(checkpoint=checkpoint, device=device, precision=precision,
                         max_tokens=max_tokens)
        self._prompt = None if prompt is None else check_template(prompt)
        self._chat = chat

    def check(self) -> None:
        if self._chat and not self.tokenizer.chat_template:
            raise ConfigError(f"translator {self.name}: {self.folder}: its tokenizer has no chat "
                              "template (chat=false asks without)")
        if not self._ends:
            raise InputError(f"translator {self.name}: {self.folder}: names no token that ends a "
                             "text (eos_token)")

    def refusal(self, source_lang: str, target_lang: str) -> str | None:
        return None  # what it knows only its user knows

    def open(self, source_lang: str, target_lang: str) -> Translator:
        self.load()
        return Asked(self, source_lang, target_lang)

    def stream(self, text: str, source_lang: str, target_lang: str) -> Iterator[str]:
        """The translation so far, after each token that shows."""
        import torch

        chat = self.is_chat
        asked = question(self._prompt or (TEMPLATE if chat else PLAIN), text, source_lang,
                         target_lang)
        encoded = self._encoded(asked, chat)
        self.fits(len(encoded) + self.max_tokens)
        ids = torch.tensor([encoded], device=self.model.device)
        said: list[int] = []
        shown = ""
        past = None
        for _ in range(self.max_tokens):
            with torch.inference_mode():
                found = self.model(input_ids=ids, past_key_values=past, use_cache=True)
            past = found.past_key_values
            token = int(found.logits[0, -1].argmax())
            if token in self._ends:
                break
            said.append(token)
            ids = torch.tensor([[token]], device=self.model.device)
            raw: str = self.tokenizer.decode(said, skip_special_tokens=True)
            line = raw if chat else raw.lstrip().partition("\n")[0]
            # a character may need several tokens: it shows with the one that completes it
            now = " ".join(line.rstrip("\ufffd").split())
            if len(now) > len(shown) and now.startswith(shown):
                shown = now
                yield shown
            if not chat and "\n" in raw.strip(" \t").lstrip("\n"):
                break

    @property
    def is_chat(self) -> bool:
        """Whether it is asked through a chat template."""
        return bool(self.tokenizer.chat_template) if self._chat is None else self._chat

    @property
    def _ends(self) -> frozenset[int]:
        named: int | Sequence[int] | None = self.model.generation_config.eos_token_id
        many = [named] if isinstance(named, int) else list(named or ())
        own: int | None = self.tokenizer.eos_token_id
        return frozenset([*many, *([] if own is None else [own])])

    def _encoded(self, asked: str, chat: bool) -> list[int]:
        ids: Any
        if chat:
            ids = self.tokenizer.apply_chat_template(
                [{"role": "user", "content": asked}], add_generation_prompt=True, tokenize=True,
                return_dict=False)
        else:
            ids = self.tokenizer(asked)["input_ids"]
        return list(ids)


class Asked:
    """One pair of languages."""

    def __init__(self, model: CausalLM, source_lang: str, target_lang: str) -> None:
        self._model = model
        self._source, self._target = source_lang, target_lang

    def translate(self, text: str, is_over: bool = True) -> str:
        return max(self.stream(text, is_over), key=len, default="")

    def stream(self, text: str, is_over: bool = True) -> Iterator[str]:
        text = " ".join(text.split())
        if text:
            yield from self._model.stream(text, self._source, self._target)

    def close(self) -> None:
        """Nothing runs in the background."""
