"""Migrations and queries; only agents.store reads them."""
