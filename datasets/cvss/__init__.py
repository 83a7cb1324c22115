"""CVSS: Common Voice clips with English speech."""
