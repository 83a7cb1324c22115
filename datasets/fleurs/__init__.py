"""FLEURS: the same sentences read in 102 languages."""
