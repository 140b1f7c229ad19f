"""What stands behind the ports: embedders, parsers, sources, prices, charts."""
