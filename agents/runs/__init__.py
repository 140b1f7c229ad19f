"""Runs as values: their states, recipes, progress, roles and views; no I/O."""
