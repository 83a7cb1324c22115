"""simulstream's speech processors, in process and behind its servers; ours behind its servers."""
