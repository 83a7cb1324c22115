"""MuST-C: TED talks in English with translations."""
