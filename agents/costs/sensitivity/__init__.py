"""Which input moves the costs and the ranking, and at which value each flips."""
