"""Inference on onnxruntime, with streaming state and without torch.

``models_of()`` are the models of this package, ``models_of(folder)`` others that
``training.export`` wrote; an ``Ear`` turns sound into encoder frames as it comes, a ``Writer``
turns frames into pieces of text; a ``Sentence`` is text that is translated while it is read.
"""

from .ear import Ear
from .models import DecoderModel, Graph, Models, models_of
from .text import Sentence
from .writer import Step, Writer

__all__ = ["DecoderModel", "Ear", "Graph", "Models", "Sentence", "Step", "Writer", "models_of"]
