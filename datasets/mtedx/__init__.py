"""Multilingual TEDx."""
