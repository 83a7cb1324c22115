"""Proxies for how natural speech output sounds: predicted opinion, prosody, similar expression."""
