"""Cairn's agents: the pure core, its ports, the engine and the services that every face uses."""
