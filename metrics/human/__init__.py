"""Human judgements as metrics, and how well the judges agree."""
