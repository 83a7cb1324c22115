"""Stress versions of any corpus."""
