"""The model in PyTorch (needs the extra ``models``): what is trained, and what is exported."""
