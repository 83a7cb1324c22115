"""Runs as a paper wants them: tables (LaTeX, CSV, Markdown), plots (PDF, SVG), methods, BibTeX."""

from .build import build

__all__ = ["build"]
