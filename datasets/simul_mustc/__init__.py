"""Simul-MuST-C: MuST-C with translations in the order of the source."""
