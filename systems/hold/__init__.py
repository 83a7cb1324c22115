"""The policy that keeps back the end of each hypothesis."""
