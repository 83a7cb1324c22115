"""An agent that does nothing: what remains is the harness."""
