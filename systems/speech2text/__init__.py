"""Offline speech-to-text models of transformers, read out while the speaker talks."""
