"""Text quality by trained models: COMET, XCOMET, COMET-Kiwi, BLEURT, MetricX."""
