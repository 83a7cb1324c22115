"""Text quality against references: BLEU, chrF, chrF++, TER, WER, CER."""
