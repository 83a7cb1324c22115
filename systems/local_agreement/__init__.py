"""The policy that writes what successive hypotheses agree on."""
