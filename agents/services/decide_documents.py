"""A file of answers decided, with facts as given or computed from the answers with today's prices."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from agents.costs.compare import facts_from
from agents.costs.crossings import crossings_json
from agents.costs.prices.book import PriceBook
from agents.decision.answers import Answers, Facts
from agents.decision.crossings import parse_crossings
from agents.decision.decide import decide
from agents.decision.output import load_cases, to_json
from agents.decision.parsing import facts_to_json, parse_facts
from agents.errors import UserError
from agents.services.cost_inputs import priced


def decide_document(document: Mapping[str, Any], book: PriceBook | None = None) -> list[dict[str, Any]]:
    """Return one result per case of a document with `answers` or `scenarios`, for `cairn decide`.

    With a book, facts that a case does not give are computed from its answers; `facts` then holds all of them,
    `computed_facts` names those computed, and `unpriced` says what kept them from being computed, if anything did.

    Raises:
        UserError: The document, a slot or a value is not understood.
    """
    if book is None:
        return [{"id": name, **to_json(decide(answers, given))} for name, answers, given in load_cases(document)]
    return [_priced(name, answers, given, book) for name, answers, given in load_cases(document)]


def _priced(name: str, answers: Answers, given: Facts, book: PriceBook) -> dict[str, Any]:
    facts, added, unpriced = completed_facts(answers, given, book)
    return {
        "id": name,
        **to_json(decide(answers, facts)),
        "facts": facts_to_json(facts),
        "computed_facts": added,
        "unpriced": unpriced or None,
    }


def completed_facts(answers: Answers, given: Facts, book: PriceBook) -> tuple[Facts, list[str], str]:
    """Return the facts with those that were not given computed, the names of these, and what kept any from it."""
    unpriced = ""
    try:
        computed = _computed(answers, book)
    except UserError as cause:
        computed, unpriced = Facts(), str(cause)
    held = facts_to_json(given)
    names = [each.name for each in fields(Facts) if each.name not in ("crossings", "payback_limit_days")]
    added = [each for each in names if each not in held and getattr(computed, each) is not None]
    # A given fact is not moved by the figures of the answers.
    crossings = tuple(crossing for crossing in computed.crossings if crossing.fact in added)
    return replace(given, **{each: getattr(computed, each) for each in added}, crossings=crossings), added, unpriced


def _computed(answers: Answers, book: PriceBook) -> Facts:
    """Return what the costs say of the answers.

    Raises:
        UserError: A figure is beyond what can be priced.
    """
    comparison = priced(answers, book).comparison
    return replace(parse_facts(facts_from(comparison)), crossings=parse_crossings(crossings_json(comparison)))
