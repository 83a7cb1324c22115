"""The control that knows the reference and when each of its words could first be known."""
