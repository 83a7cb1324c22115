"""Latency of text output against the source: AL, LAAL, DAL, AP, ATD, YAAL, offsets, RTF."""
