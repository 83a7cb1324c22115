"""ESPnet-ST-v2 streaming speech translation."""
