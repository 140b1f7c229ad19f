"""A decision as JSON, and cases read from a document."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from agents.decision.answers import Answers, Facts
from agents.decision.crossings import crossings_to_json
from agents.decision.decide import Decision
from agents.decision.flips import Flip
from agents.decision.parsing import Json, closest, parse_answers, parse_facts
from agents.decision.wording import flip_text
from agents.errors import UserError

_CASE_KEYS: Final = ("answers", "facts")
_IGNORED_KEYS: Final = frozenset({"id", "title", "expect", "note"})


def to_json(decision: Decision) -> dict[str, Json]:
    """Return the decision as JSON, without the case's id."""
    return {
        "verdict": decision.verdict.value,
        "method": decision.method.value if decision.method else None,
        "add": list(decision.add),
        "blockers": list(decision.blockers),
        "todo": list(decision.todo),
        "rules": [citation.rule for citation in decision.rules],
        "not_because": {approach.value: reason for approach, reason in decision.not_because.items()},
        "confidence": decision.confidence.value,
        "next_question": decision.next_question,
        "optional_questions": list(decision.optional_questions),
        "blocker_state": {blocker: state.value for blocker, state in decision.blocker_state.items()},
        "what_would_change": [_flip_json(flip) for flip in decision.what_would_change],
        "method_would_change": [_flip_json(flip) for flip in decision.method_would_change],
        "crossings": crossings_to_json(decision.crossings),
        "evidence": {citation.rule: citation.evidence for citation in decision.rules},
    }


def load_cases(document: Json) -> list[tuple[str, Answers, Facts]]:
    """Return id, answers and facts of each case in a document; what a case expects is ignored.

    Args:
        document: A mapping with `answers` and perhaps `facts` and `id`, or with a list of such mappings
            under `scenarios`.

    Raises:
        UserError: The document has another shape, or a case holds something that is not allowed.
    """
    if not isinstance(document, Mapping):
        raise UserError(
            f"Expected a mapping with answers, or with scenarios; found {_kind(document)}. "
            "Write, for example: answers: {problem: [knowledge], knowledge_tokens: 6000}"
        )
    if "scenarios" not in document:
        return [_case(document, "case")]
    cases = document["scenarios"]
    if not isinstance(cases, list):
        raise UserError(f"scenarios must be a list of cases; found {_kind(cases)}.")
    if not cases:
        raise UserError("scenarios holds no case. Write one with answers under it, or leave scenarios out.")
    if "answers" in document:
        raise UserError("answers and scenarios stand side by side; put the answers into a scenario, or leave one out.")
    return [_case(case, f"case {number}") for number, case in enumerate(cases, start=1)]


def _case(case: Json, name: str) -> tuple[str, Answers, Facts]:
    if not isinstance(case, Mapping):
        raise UserError(f"{name} must be a mapping with answers; found {_kind(case)}.")
    id_ = str(case["id"]) if case.get("id") is not None else name
    for key in case:
        hint = closest(key, _CASE_KEYS)
        if key not in (*_CASE_KEYS, *_IGNORED_KEYS) and hint.startswith("Did you mean"):
            raise UserError(f"{id_}: there is no part named {key!r}. {hint}")
    if "answers" not in case:
        raise UserError(f"{id_} has no answers. Write, for example: answers: {{problem: [knowledge]}}")
    parts: dict[str, Any] = {}
    for key in _CASE_KEYS:
        part = case.get(key)
        if part is not None and not isinstance(part, Mapping):
            raise UserError(f"{id_}: {key} must be a mapping; found {_kind(part)}.")
        parts[key] = part or {}
    try:
        return id_, parse_answers(parts["answers"]), parse_facts(parts["facts"])
    except UserError as error:
        raise UserError(f"{id_}: {error}") from error


def _flip_json(flip: Flip) -> dict[str, Json]:
    return {
        "kind": "fact" if flip.is_fact else "answer",
        "name": flip.name,
        "from": _plain(flip.current),
        "to": _plain(flip.becomes),
        "verdict": flip.verdict.value,
        "assuming": "best_case" if flip.in_best_case else "as_it_stands",
        "method": flip.method.value if flip.method else None,
        "crossings": crossings_to_json(flip.crossings),
        "text": flip_text(flip),
    }


def _plain(value: Any) -> Json:
    if isinstance(value, tuple):
        return [item.value for item in value]
    if isinstance(value, float) and math.isinf(value):
        return "never"
    return value.value if isinstance(value, StrEnum) else value


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
