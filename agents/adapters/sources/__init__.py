"""Sources of documents, by their kind."""
