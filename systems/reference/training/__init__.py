"""Training of the reference models (needs the extra ``models``)."""
