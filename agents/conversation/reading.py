"""What a free text says beyond doubt, without a model; what is not plain is left to be asked.

A wrong answer costs more than a missing one, so a sentence with a negation, a wish or a comparison fills nothing
it could be misread on, and two figures for one thing fill none.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from agents.decision.answers import Problem
from agents.decision.quantities import parse_requests_per_day, parse_tokens
from agents.errors import UserError

_CLAUSE: Final = re.compile(r"[.!?;\n]+(?=\s|$)|,\s+|\s+(?:but|although|though|while|whereas)\s+", re.IGNORECASE)
_DOUBT: Final = re.compile(
    r"\b(?:not?|never|none|nobody|without|isn['’]?t|aren['’]?t|wasn['’]?t|don['’]?t|doesn['’]?t|didn['’]?t|"  # noqa: RUF001 - phones type the sign
    r"won['’]?t|can['’]?t|cannot|hardly|instead|than|unlike|if|unless|would|could|might|may|maybe|perhaps|hope|"  # noqa: RUF001 - as above
    r"hoping|expect\w*|plan\w*|target\w*|goal|forecast\w*|eventually|someday|soon|used to|no longer|"
    r"should we|do we|is it|what|which|how|why)\b",
    re.IGNORECASE,
)
_NUMBER: Final = r"(?<![\w.,$€£/+-])\d[\d.,]*\s?(?:k|m|mio|thousand|million)?"
_REQUESTS: Final = re.compile(
    rf"(?P<number>{_NUMBER})\s+(?:\w+\s+)?"
    r"(?:requests?|calls?|queries|tickets?|messages?|e-?mails?|prompts?|conversations?|chats?)\s*"
    r"(?P<period>(?:(?:a|an|per|each|every)\s+|/\s*)(?:day|week|month|hour|minute|second)|daily|weekly|monthly|hourly)\b",
    re.IGNORECASE,
)
_PAGES: Final = re.compile(
    rf"(?P<size>{_NUMBER}\s+(?:pages|tokens))\s+(?:of|in|worth of)\s+(?:\w+\s+){{0,3}}"
    r"(?:docs?|documents?|documentation|handbooks?|manuals?|polic(?:y|ies)|wikis?|guides?|knowledge)\b",
    re.IGNORECASE,
)
_LATENCY: Final = re.compile(
    r"\b(?:under|below|within|less than|at most|<)\s*(?P<ms>\d{2,5})\s?(?:ms|milliseconds)\b", re.IGNORECASE
)

# Patterns for one problem each: phrases that mean it wherever they stand, if nothing in the clause casts doubt.
_PROBLEMS: Final[Mapping[Problem, re.Pattern[str]]] = {
    Problem.KNOWLEDGE: re.compile(
        r"\b(?:from|about|in|over|on|of|search)\s+(?:our|my|internal|company|in-house)\s+(?:own\s+|internal\s+|product\s+)*"
        r"(?:docs|documents|documentation|wiki|handbook|manuals?|policies|knowledge base)\b|\bproprietary\b",
        re.IGNORECASE,
    ),
    Problem.CONSISTENCY: re.compile(
        r"\binconsistent\w*|\bconsistency\b|"
        r"\bformat(?:ting)? (?:(?:is|goes) (?:often |sometimes )?(?:off|wrong|broken)|breaks|drifts)\b|"
        r"\bignores? (?:the|our|its) (?:rules|format|instructions)\b",
        re.IGNORECASE,
    ),
    Problem.COST: re.compile(
        r"\b(?:too|so|very|really|is|are|gets?|getting) (?:expensive|pricey)\b|"
        r"\bbill (?:hurts|is too (?:high|big)|keeps growing|grew|doubled|explod\w+)\b|"
        r"\bcosts? (?:are |is )?(?:too (?:much|high)|hurts?|explod\w+|pressure)\b|"
        r"\b(?:cut|reduce|lower|bring down|save) (?:the |our )?(?:\w+ )?(?:costs?|bill|spend)\b",
        re.IGNORECASE,
    ),
    Problem.LATENCY: re.compile(
        r"\btoo slow\b|\blatency (?:is|hurts|matters)\b|\b(?:reduce|cut|lower) (?:the |our )?latency\b", re.IGNORECASE
    ),
}
# "It does not know our documents" is about knowledge although, and because, it is negated.
_LACKS_KNOWLEDGE: Final = re.compile(
    r"\b(?:doesn['’]?t|does not|don['’]?t|do not|can['’]?t|cannot) know "  # noqa: RUF001 - as above
    r"(?:about |what(?:['’]s| is) in )?(?:our|the|my|anything)\b",  # noqa: RUF001 - as above
    re.IGNORECASE,
)
_WORDS: Final[tuple[tuple[str, Any, str], ...]] = (
    ("task_type", "classification", r"\bclassif(?:y|ies|ying|ication)\b"),
    ("residency", "airgapped", r"\bair[- ]?gapped\b"),
    ("citations", True, r"\b(?:must|needs? to|has to|have to) (?:cite|quote) (?:its |the )?sources?\b"),
    ("evals", "golden", r"\bwe (?:have|use|keep) (?:a |our )?(?:golden|fixed) test ?set\b"),
    ("knowledge_change", "weekly", r"\bchanges? (?:daily|weekly|every (?:day|week))\b"),
    ("knowledge_change", "monthly", r"\bchanges? (?:monthly|quarterly|every (?:month|quarter))\b"),
)


def read(text: str) -> dict[str, Any]:
    """Return the answers that a free text holds, by slot, as `parse_slot` reads them."""
    found: dict[str, Any] = {}
    problems = [problem.value for problem in Problem if problem in set(_problems(text))]
    if problems:
        found["problem"] = problems
    for slot, values in (
        ("requests_per_day", set(_requests(text))),
        ("knowledge_tokens", set(_sizes(text))),
        ("latency_p95_ms", {float(match["ms"]) for match in _sure(_LATENCY, text)}),
    ):
        if len(values) == 1:
            found[slot] = values.pop()
    for slot, value, pattern in _WORDS:
        if any(True for _ in _sure(re.compile(pattern, re.IGNORECASE), text)):
            found.setdefault(slot, value)
    return found


def _sure(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield what a pattern finds in clauses that cast no doubt on it."""
    for clause in _CLAUSE.split(text):
        if _DOUBT.search(clause) is None and not clause.rstrip().endswith("?"):
            yield from pattern.finditer(clause)


def _problems(text: str) -> Iterator[Problem]:
    for problem, pattern in _PROBLEMS.items():
        if any(True for _ in _sure(pattern, text)):
            yield problem
    if _LACKS_KNOWLEDGE.search(text):
        yield Problem.KNOWLEDGE


def _requests(text: str) -> Iterator[int]:
    for match in _sure(_REQUESTS, text):
        period = match["period"].lstrip("/ ")
        try:
            yield parse_requests_per_day(f"{match['number']} {_per(period)}", example="20k a day")
        except UserError:
            # Digits that can be read in two ways: left to be asked.
            continue


def _sizes(text: str) -> Iterator[int]:
    for match in _sure(_PAGES, text):
        try:
            yield parse_tokens(match["size"], example="40 pages")
        except UserError:
            continue


def _per(period: str) -> str:
    return f"per {period}" if period in ("day", "week", "month", "hour", "minute", "second") else period
