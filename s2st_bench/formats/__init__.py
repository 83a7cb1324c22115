"""Other tools' logs as traces, and traces as their logs.

One module a format, each with ``read(path, …) -> Log`` and, where the format can hold a trace,
``write(traces, recordings, path)``.  :mod:`s2st_bench.formats.detect` tells formats apart;
:mod:`s2st_bench.formats.segments` cuts long recordings into reference segments.
"""
