"""Whose voice the translation has: similarity of speakers, how much it says, and echoes."""
