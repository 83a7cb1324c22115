"""Audio made for benchmarks."""
