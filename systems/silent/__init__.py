"""The control that never says anything."""
