"""Which sentences of the passages to quote: those nearest to the question in words and in meaning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.knowledge.answers import Evidence, Passage, coverage, supports
from agents.knowledge.citations import Citation
from agents.knowledge.sentences import Span, sentences
from agents.knowledge.structure import Kind, blocks, parts, plain

_MOST_PASSAGES = 3
# To compare a sentence's meaning it is embedded while somebody waits, so the words choose which ones.
_COMPARED = 6
_MOST_QUOTES = 3
_LONGEST_QUOTE = 400
# Beside the best quote, one must be nearly as good.
_NEARLY = 0.8
# What stands in a sentence's heading is what it is about, though it does not say it.
_HEADING_SHARE = 0.5
# A question answers no question, even if it has all its words.
_ASKING_SHARE = 0.25
_CLOSING_MARKS = "*_\"'` )"


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, item or row of a passage that may be quoted: characters [start, end) of the document."""

    passage: Passage
    start: int
    end: int
    # The heading inside the passage that it stands under.
    under: str

    @property
    def quote(self) -> str:
        """The words as they stand there."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]

    @property
    def words(self) -> str:
        """The words alone, without marks and addresses."""
        return plain(self.quote)

    @property
    def compared_text(self) -> str:
        """The text whose embedding stands for the unit."""
        return f"{self.under}\n{self.words}" if self.under else self.words


def units(passage: Passage) -> list[Unit]:
    """Return what can be quoted of a passage, in order; headings only say what the rest is about."""
    found: list[Unit] = []
    under = ""
    for block in blocks(passage.text, is_markdown=True):
        if block.kind is Kind.HEADING:
            under = block.words
            continue
        for part in parts(passage.text, block):
            for start, end in _short(passage.text, part):
                unit = Unit(passage, passage.start + start, passage.start + end, under)
                if any(letter.isalnum() for letter in unit.words):
                    found.append(unit)
    return found


def quotable(found: Sequence[Evidence], weight: Mapping[str, float]) -> list[Unit]:
    """Return what an answer may quote: the units of the best passages that may answer, best passage first."""
    supporting = [evidence for evidence in found if supports(evidence, weight)]
    return [unit for evidence in supporting[:_MOST_PASSAGES] for unit in units(evidence.passage)]


def nearest_in_words(
    candidates: Sequence[Unit], weight: Mapping[str, float], stems: Mapping[str, frozenset[str]]
) -> list[tuple[float, Unit]]:
    """Return the units that have most of the question's words, each with its share, best first.

    Args:
        candidates: What may be quoted.
        weight: What each stem of the question weighs.
        stems: The stems of each unit's words and of the heading above it.
    """

    def share(unit: Unit) -> float:
        own = stems.get(unit.words, frozenset())
        above = stems.get(unit.under, frozenset()) - own
        asks = _ASKING_SHARE if unit.quote.rstrip(_CLOSING_MARKS).endswith("?") else 1.0
        return asks * (coverage(own, weight) + _HEADING_SHARE * coverage(above, weight))

    scored = [(share(unit), unit) for unit in candidates]
    # Sorting keeps the order of what is equal: the better passage first, and there the earlier sentence.
    return sorted(scored, key=lambda one: -one[0] * one[1].passage.score)[:_COMPARED]


def chosen(scored: Sequence[tuple[float, Unit]], cosines: Sequence[float]) -> list[Citation]:
    """Return up to three quotes, the best ones, in the order of the passages and their text.

    Args:
        scored: Units with their share of the question's words.
        cosines: How near each unit's meaning is to the question's.
    """
    total = [
        (unit.passage.score * (share + max(0.0, cosine)) / 2, unit)
        for (share, unit), cosine in zip(scored, cosines, strict=True)
    ]
    total.sort(key=lambda one: -one[0])
    taken: list[Unit] = []
    for score, unit in total:
        is_new = unit.words not in {other.words for other in taken}
        if is_new and score >= _NEARLY * total[0][0] and len(taken) < _MOST_QUOTES:
            taken.append(unit)
    taken.sort(key=lambda unit: (-unit.passage.score, unit.passage.document, unit.start))
    return [Citation(unit.passage.document, unit.quote, unit.start, unit.end) for unit in taken]


def _short(text: str, part: Span) -> list[Span]:
    """Return a part as it is, or where it is long its sentences, none longer than a quote may be."""
    if part[1] - part[0] <= _LONGEST_QUOTE:
        return [part]
    return [(start, _cut(text, start, end)) for start, end in sentences(text, *part)]


def _cut(text: str, start: int, end: int) -> int:
    """Return where a quote that begins at `start` ends: at `end`, or at a space where that is too far."""
    if end - start <= _LONGEST_QUOTE:
        return end
    space = text.rfind(" ", start + _LONGEST_QUOTE // 2, start + _LONGEST_QUOTE)
    return space if space > start else start + _LONGEST_QUOTE
