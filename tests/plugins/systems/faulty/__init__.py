"""A system that misbehaves on purpose."""
