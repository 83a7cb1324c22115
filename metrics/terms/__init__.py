"""Whether terms, numbers and names came through, and when; and how long the answer is."""
