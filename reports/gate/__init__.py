"""A gate's decision as JUnit XML, Markdown for a pull request, and GitHub annotations."""

from .annotations import as_annotations
from .junit import as_junit
from .markdown import as_markdown

__all__ = ["as_annotations", "as_junit", "as_markdown"]
