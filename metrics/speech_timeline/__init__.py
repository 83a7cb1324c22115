"""When speech output was heard, on the listener's playback timeline."""
