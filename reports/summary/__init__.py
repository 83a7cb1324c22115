"""What one run came to, in a few lines of a terminal."""

from .lags import Lags, Summary, summarise
from .text import as_text

__all__ = ["Lags", "Summary", "as_text", "summarise"]
