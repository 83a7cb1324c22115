"""The policy that reads everything and decodes once."""
