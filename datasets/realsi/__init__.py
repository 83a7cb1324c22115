"""RealSI: clips of public talks in Chinese and English with interpreters' translations."""
