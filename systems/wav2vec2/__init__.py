"""Speech recognisers of the transformers library with a CTC head, as aligners of known words."""
