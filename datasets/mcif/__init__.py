"""MCIF: talks of ACL 2023 in English with translations."""
