"""Models that talk, by what they speak."""
