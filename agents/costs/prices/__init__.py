"""Prices as values: the book, lists with their dates, what people typed."""
