"""Europarl-ST: debates of the European Parliament."""
