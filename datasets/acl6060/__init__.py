"""ACL 60/60: talks of ACL 2022 in English with translations into ten languages."""
