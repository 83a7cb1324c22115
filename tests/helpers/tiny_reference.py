"""Makes ``tests/data/reference``: tiny models with random weights, exported as real ones are.

``python tests/helpers/tiny_reference.py`` (needs the extra ``models``), after a change of the
model's code or of the export.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "reference"


def make(folder: Path) -> None:
    """Write the models; the same for the same versions of torch and sentencepiece."""
    import sentencepiece
    import torch

    from s2st_bench.systems.reference.model.decoder import Decoder
    from s2st_bench.systems.reference.model.encoder import Encoder
    from s2st_bench.systems.reference.model.monotonic import MonotonicDecoder
    from s2st_bench.systems.reference.model.text import TextTranslator
    from s2st_bench.systems.reference.shape import Shape
    from s2st_bench.systems.reference.training.export import (
        export_models,
        write_description,
        write_text,
    )

    folder.mkdir(parents=True, exist_ok=True)
    pieces = folder / "made.model"
    with pieces.open("wb") as writer:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["ein kleiner Test", "a small test"] * 9), model_writer=writer,
            model_type="bpe", vocab_size=40, pad_id=0, unk_id=1, eos_id=2, bos_id=-1,
            control_symbols=["<de>", "<en>", "<es>"], normalization_rule_name="identity",
            minloglevel=2,
        )
    torch.manual_seed(1)
    shape = Shape(pieces=40, width=64, heads=2, ff=128, encoder_layers=3, asr_layer=2,
                  decoder_layers=2, left_frames=8, kernel=3)
    encoder = Encoder(shape)
    encoder.mean.fill_(-8.0)
    encoder.scale.fill_(0.2)
    decoders = {"multipath": Decoder(shape), "emma-1": MonotonicDecoder(shape, "emma"),
                "mma-1": MonotonicDecoder(shape, "mma-il")}
    export_models(folder, encoder, decoders, pieces, {"seed": 1})
    text = TextTranslator(replace(shape, encoder_layers=2))
    torch.nn.init.normal_(text.decoder.norm.weight)  # or it says its input again and again
    write_text(folder, text)
    write_description(folder, shape, {"seed": 1})
    pieces.unlink()


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
