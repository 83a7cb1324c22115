"""Inference on onnxruntime, with streaming state and without torch.

``Models`` reads a folder that ``training.export`` wrote; an ``Ear`` turns sound into encoder
frames as it comes, a ``Writer`` turns frames into pieces of text.
"""

from .ear import Ear
from .models import DecoderModel, Graph, Models
from .writer import Step, Writer

__all__ = ["DecoderModel", "Ear", "Graph", "Models", "Step", "Writer"]
