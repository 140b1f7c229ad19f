"""What retrieval adds: chunks, embedding them once, the bytes of their vectors, and the longer prompt."""

import math
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.api import RequestShape
from agents.costs.figures import MILLION
from agents.costs.prices.book import ModelPrice

# pgvector keeps a vector as 4 bytes a dimension and a halfvec as 2, each with 8 bytes of header.
VECTOR_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents and how they are cut, in tokens."""

    tokens: int
    chunk: int
    overlap: int

    @property
    def chunks(self) -> int:
        """How many chunks the documents make."""
        if self.tokens <= 0:
            return 0
        return 1 + math.ceil(max(0, self.tokens - self.chunk) / (self.chunk - self.overlap))

    @property
    def embedded_tokens(self) -> int:
        """Tokens sent to the embedder; what chunks share is sent twice."""
        return self.tokens + max(0, self.chunks - 1) * self.overlap


def embed_once_usd(corpus: Corpus, embedder: ModelPrice | None) -> Decimal:
    """Return the price of embedding all documents once; zero for a model run in the process itself."""
    if embedder is None:
        return Decimal(0)
    return corpus.embedded_tokens * embedder.standard.input / MILLION


def vector_bytes(chunks: int, dimensions: int, *, half: bool = False) -> int:
    """Return the bytes of all vectors in the table; the search index comes on top."""
    return chunks * ((2 if half else 4) * dimensions + VECTOR_HEADER_BYTES)


def rag_shape(shape: RequestShape, top_k: int, chunk: int) -> RequestShape:
    """Return the request with the retrieved chunks in its changing part."""
    return RequestShape(shape.static_prefix, shape.dynamic_in + top_k * chunk, shape.tokens_out)
