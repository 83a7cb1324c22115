"""The control that talks without listening."""
