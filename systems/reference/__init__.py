"""Reference simultaneous models: one streaming encoder, and a policy's decoder on top of it."""
