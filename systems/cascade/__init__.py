"""A cascade: voice activity detection, recognition, translation and synthesis as a pipeline."""
