"""How often what was shown is taken back."""
