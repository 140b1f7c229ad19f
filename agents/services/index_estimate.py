"""What an index run will take, from a look at the folder and a measurement of this machine."""

import asyncio
import time
from itertools import islice
from typing import Any

from agents.ports import Embedder, Source

# Of English prose in Markdown, HTML without its tags a little less: bytes that make one chunk.
_BYTES_PER_CHUNK = 650
# A PDF is mostly fonts and pictures; its text is about this part of it.
_PDF_TEXT_SHARE = 0.05
_MOST_FILES = 200_000
_SAMPLE = ("The team meets on Mondays to plan the week, and writes down what was agreed. " * 12,) * 8
# What parsing, storing and indexing add to embedding.
_OVERHEAD = 1.15


async def estimate(source: Source, embedder: Embedder) -> dict[str, Any]:
    """Return files, bytes, chunks, seconds and cost, as plain JSON, and what the time is based on."""
    files, readable, size, text = await asyncio.to_thread(_sizes, source)
    chunks = max(readable, round(text / _BYTES_PER_CHUNK))
    seconds_each = await _seconds_per_chunk(embedder)
    return {
        "files": files,
        "readable": readable,
        "bytes": size,
        "chunks": chunks,
        "seconds": round(chunks * seconds_each * _OVERHEAD + 1, 1),
        "cost_usd": 0,
        "basis": (
            f"{1 / seconds_each:.0f} chunks/s measured on this machine just now; unchanged documents take no time; "
            "runs on your own CPU"
        ),
    }


def _sizes(source: Source) -> tuple[int, int, int, float]:
    files = readable = size = 0
    text = 0.0
    for uri, length, can_be_read in islice(source.sizes(), _MOST_FILES):
        files += 1
        if can_be_read:
            readable += 1
            size += length
            text += length * (_PDF_TEXT_SHARE if uri.lower().endswith(".pdf") else 1)
    return files, readable, size, text


async def _seconds_per_chunk(embedder: Embedder) -> float:
    # The first text loads the model, which a run does once.
    await embedder.embed(_SAMPLE[:1])
    began_s = time.perf_counter()
    await embedder.embed(_SAMPLE)
    return (time.perf_counter() - began_s) / len(_SAMPLE)
