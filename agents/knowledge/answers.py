"""An answer made of quotes alone: which sentences to show, and when to show none.

No model writes here: every word of an answer stands in a document, at a place that was checked.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from agents.knowledge.citations import Citation, verify
from agents.knowledge.structure import Kind, blocks, parts

# A passage may answer a question if it has at least half of what the question's words weigh, and is about the same.
_COVERAGE_AT_LEAST = 0.5
_COSINE_AT_LEAST = 0.25
# Said in other words it may still answer, if the meaning is close.
_CLOSE_COSINE = 0.5

_MOST_QUOTES = 3
_MOST_PASSAGES = 3
_LONGEST_QUOTE = 400
# What stands in a sentence's heading is what it is about, though it does not say it.
_HEADING_SHARE = 0.5


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


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or line of a passage that may be quoted: characters [start, end) of the document."""

    passage: Passage
    start: int
    end: int
    # The headings inside the passage that it stands under.
    under: str

    @property
    def quote(self) -> str:
        """The words themselves."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


def units(passage: Passage) -> list[Unit]:
    """Return what can be quoted of a passage, in order; headings only say what the rest is about."""
    found: list[Unit] = []
    under = ""
    for block in blocks(passage.text, is_markdown=True):
        if block.kind is Kind.HEADING:
            under = block.words
            continue
        for start, end in parts(passage.text, block):
            last = _shortened(passage.text, start, end)
            if any(character.isalnum() for character in passage.text[start:last]):
                found.append(Unit(passage, passage.start + start, passage.start + last, under))
    return found


def quotable(found: Sequence[Evidence], weight: Mapping[str, float]) -> list[Unit]:
    """Return what an answer may quote: the sentences of the passages that may answer, best passage first."""
    supporting = [evidence for evidence in found if supports(evidence, weight)]
    return [unit for evidence in supporting[:_MOST_PASSAGES] for unit in units(evidence.passage)]


def answer(
    found: Sequence[Evidence],
    candidates: Sequence[Unit],
    weight: Mapping[str, float],
    stems: Mapping[str, frozenset[str]],
) -> Answer:
    """Return the passages with the sentences that fit the question best, or an abstention.

    Args:
        found: The passages, best first.
        candidates: What may be quoted of them.
        weight: What each stem of the question weighs.
        stems: The stems of each candidate's words and of the heading above it.
    """
    passages = tuple(evidence.passage for evidence in found)
    citations = tuple(
        Citation(unit.passage.document, unit.quote, unit.start, unit.end)
        for unit in _best_units(candidates, weight, stems)
        if verify(unit.quote, unit.start, unit.end, unit.passage.text, text_start=unit.passage.start)
    )
    if not citations:
        return Answer(passages, "Nothing in the documents answers this.", (), abstained=True)
    return Answer(passages, _text(citations), citations, abstained=False)


def _best_units(given: Sequence[Unit], weight: Mapping[str, float], stems: Mapping[str, frozenset[str]]) -> list[Unit]:
    """Return up to three units, each chosen for what it adds to those before it, in the order of the passages."""
    candidates = list(given)
    rank = {unit: number for number, unit in enumerate(candidates)}
    said: frozenset[str] = frozenset()
    chosen: list[Unit] = []
    while candidates and len(chosen) < _MOST_QUOTES:
        best = max(candidates, key=lambda unit: (_gain(unit, said, weight, stems), -rank[unit]))
        if chosen and _gain(best, said, weight, stems) <= 0:
            break
        chosen.append(best)
        candidates.remove(best)
        said |= stems.get(best.quote, frozenset())
    return sorted(chosen, key=rank.__getitem__)


def _gain(unit: Unit, said: frozenset[str], weight: Mapping[str, float], stems: Mapping[str, frozenset[str]]) -> float:
    own = stems.get(unit.quote, frozenset())
    above = stems.get(unit.under, frozenset()) - own
    gained = coverage(own - said, weight) + _HEADING_SHARE * coverage(above - said, weight)
    # A question answers no question, even if it has all its words.
    asks = 0.25 if unit.quote.rstrip("*_\"' ").endswith("?") else 1.0
    return gained * unit.passage.score * asks


def _text(citations: Sequence[Citation]) -> str:
    said = (
        f"\N{LEFT DOUBLE QUOTATION MARK}{' '.join(citation.quote.split())}\N{RIGHT DOUBLE QUOTATION MARK}"
        for citation in citations
    )
    return " ".join(f"{quote} [{number}]" for number, quote in enumerate(said, 1))


def _shortened(text: str, start: int, end: int) -> int:
    """Return where a quote that begins at `start` ends: at `end`, or at a space where that is too far."""
    if end - start <= _LONGEST_QUOTE:
        return end
    space = text.rfind(" ", start + _LONGEST_QUOTE // 2, start + _LONGEST_QUOTE)
    return space if space > start else start + _LONGEST_QUOTE
