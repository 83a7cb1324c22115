"""Translators with weights or servers of the user's."""
