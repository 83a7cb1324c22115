"""Print the project's extras, comma-separated: ``extras.py --without NAME …``."""

import argparse
import tomllib
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--without", nargs="*", default=[], metavar="NAME")
left_out = parser.parse_args().without
project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
print(",".join(e for e in project["optional-dependencies"] if e not in left_out))
