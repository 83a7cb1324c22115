"""Measurements that gate a release; run with ``python -m benchmarks`` (``make bench``)."""
