"""Any service that takes speech over a WebSocket (or TCP), described by a small YAML."""
