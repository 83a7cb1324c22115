"""Metrics of a pipeline's inner stages."""
