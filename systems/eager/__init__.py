"""The policy that writes whatever each new hypothesis adds."""
