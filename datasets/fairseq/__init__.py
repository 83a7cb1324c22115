"""TSV manifests of fairseq, Seamless Communication and StreamSpeech."""
