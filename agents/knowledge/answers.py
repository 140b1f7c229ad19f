"""An answer made of quotes alone, and when there is none.

No model writes here: every word of an answer stands in a document, at a place that was checked.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from agents.knowledge.citations import Citation, verify

# A passage may answer a question if it has at least half of what the question's words weigh, and is about the same
# things. MiniLM gives texts of unrelated subjects about 0 to 0.25, and texts on one subject 0.3 and more.
_COVERAGE_AT_LEAST = 0.5
_COSINE_AT_LEAST = 0.25
# Said in other words it may still answer, if the meaning is this close.
_CLOSE_COSINE = 0.5
_ABSTENTION = "Nothing in the documents answers this."


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was found: characters [start, end) of `document`."""

    document: str
    start: int
    end: int
    text: str
    score: float
    heading: str
    page: int | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage with what is known of it beside the question."""

    passage: Passage
    cosine: float
    # The question's words that it has, its headings included.
    shared: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an index says to a question."""

    passages: tuple[Passage, ...]
    text: str
    citations: tuple[Citation, ...]
    abstained: bool

    def document(self) -> dict[str, Any]:
        """Return the answer as plain JSON."""
        return {
            "passages": [asdict(passage) for passage in self.passages],
            "answer": self.text,
            "citations": [asdict(citation) for citation in self.citations],
            "abstained": self.abstained,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the answer that `document` describes."""
        return cls(
            passages=tuple(Passage(**passage) for passage in document["passages"]),
            text=document["answer"],
            citations=tuple(Citation(**citation) for citation in document["citations"]),
            abstained=document["abstained"],
        )


def weights(document_frequency: Mapping[str, int], chunks: int) -> dict[str, float]:
    """Return what each word of a question weighs: BM25's inverse document frequency.

    A word that no chunk has weighs most: what is asked for is not there.
    """
    return {word: math.log(1 + (chunks - df + 0.5) / (df + 0.5)) for word, df in document_frequency.items()}


def coverage(shared: frozenset[str], weight: Mapping[str, float]) -> float:
    """Return the share of the question's weight that the shared words carry, 0 to 1."""
    total = sum(weight.values())
    return sum(weight[word] for word in weight if word in shared) / total if total > 0 else 0.0


def supports(evidence: Evidence, weight: Mapping[str, float]) -> bool:
    """Return whether a passage may answer the question whose words weigh `weight`."""
    if evidence.cosine >= _CLOSE_COSINE:
        return True
    return coverage(evidence.shared, weight) >= _COVERAGE_AT_LEAST and evidence.cosine >= _COSINE_AT_LEAST


def answer(found: Sequence[Evidence], citations: Sequence[Citation]) -> Answer:
    """Return the answer that these quotes make, or an abstention where none of them holds.

    A quote that does not stand, to the character, in one of the passages is left out.
    """
    passages = tuple(evidence.passage for evidence in found)
    verified = tuple(citation for citation in citations if _is_verified(citation, passages))
    if not verified:
        return Answer(passages, _ABSTENTION, (), abstained=True)
    return Answer(passages, _text(verified), verified, abstained=False)


def _is_verified(citation: Citation, passages: Sequence[Passage]) -> bool:
    return any(
        passage.document == citation.document
        and verify(citation.quote, citation.start, citation.end, passage.text, text_start=passage.start)
        for passage in passages
    )


def _text(citations: Sequence[Citation]) -> str:
    opening, closing = "\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}"
    quotes = (f"{opening}{' '.join(citation.quote.split())}{closing}" for citation in citations)
    return " ".join(f"{quote} [{number}]" for number, quote in enumerate(quotes, 1))
