"""What a recogniser understands of output speech: ASR-BLEU, ASR-chrF, ASR-WER, ASR-CER."""
