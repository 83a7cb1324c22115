"""A system that another machine serves with ``s2st-bench serve``."""
