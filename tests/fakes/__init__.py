"""Fakes of outside services that tests and benchmarks speak to over loopback."""
