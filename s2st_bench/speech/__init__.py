"""Making speech: espeak-ng in process, and tone speech whose word times are known by definition."""
