"""Documents as knowledge, pure: structure, chunks, fused search, quotes and their verification."""
