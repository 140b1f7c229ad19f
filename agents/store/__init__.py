"""Postgres, concrete: the only package that reads sql/."""
