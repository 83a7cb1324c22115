"""Monotonic attention in training: expected alignments, what is attended under them, their cost.

Pure functions on tensors (PyTorch, extra ``models``).  Target positions run from 0 to ``U - 1``;
source positions from 0 to ``T - 1`` are the units at which a head may stop (here encoder chunks).
"""
