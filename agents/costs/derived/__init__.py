"""How each figure comes about: formula, terms and their sources."""
