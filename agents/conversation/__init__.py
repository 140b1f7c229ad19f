"""The conversation: the graph, its state, its tools and its talkers."""
