"""The embedded conference corpus: its reader, its data and the generator that makes it."""
