"""Servers of models, by what they speak."""
