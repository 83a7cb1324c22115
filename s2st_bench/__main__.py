"""``python -m s2st_bench``: the command line without an installed script."""

from s2st_bench.cli import app

app(prog_name="s2st-bench")
