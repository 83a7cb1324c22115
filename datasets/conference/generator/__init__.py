"""Makes the conference corpus, and unlimited training text and speech like it."""
