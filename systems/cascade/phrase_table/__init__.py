"""The phrase tables of the cascade and the program that makes them."""
