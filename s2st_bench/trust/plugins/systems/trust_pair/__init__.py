"""Two sessions of one system at once; used by trust checks only."""
