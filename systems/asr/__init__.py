"""Recognisers whose weights are the user's: Whisper, faster-whisper and CTC models."""
