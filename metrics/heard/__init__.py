"""Latency of speech output by the words a listener hears: HeardLAAL and its family."""
