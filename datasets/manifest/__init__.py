"""A user's own list of recordings, transcripts and references."""
