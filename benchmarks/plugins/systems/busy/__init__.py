"""A system whose work is known: what does not scale with processors is the harness."""
