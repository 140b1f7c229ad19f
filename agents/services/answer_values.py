"""What a person pressed or typed, as the values that are stored; stored values, as the rules read them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agents.decision.answers import Answers
from agents.decision.interview import BY_SLOT, Reply, question, read_fields, read_reply
from agents.decision.parsing import parse_answers, slot_to_json
from agents.errors import UserError
from agents.store.facts import Fact


def entered(slot: str, value: Any) -> dict[str, Any]:
    """Return slot values as `read_entered` does, without what had to be chosen to read them."""
    return dict(read_entered(slot, value).values)


def read_entered(slot: str, value: Any) -> Reply:
    """Return slot values from what a control or a form sent for a question; None is "not sure".

    A question with several inputs may fill more than its own slot, as the peak does beside the volume.

    Raises:
        UserError: The value cannot be read; the text shows one that can.
    """
    if slot not in BY_SLOT:
        return Reply({slot: slot_to_json(slot, parse_answers({slot: value}))})
    asked = question(slot)
    if isinstance(value, Mapping) and asked.fields:
        known = {field.name for field in asked.fields}
        if set(value) <= known:
            return read_fields(slot, {name: _typed(text) for name, text in value.items()})
    if isinstance(value, str):
        return read_reply(slot, value)
    if isinstance(value, list) and not value:
        raise UserError(f"Nothing is picked for “{asked.short}”. Pick at least one, or “Not sure”.")
    return Reply({slot: slot_to_json(slot, parse_answers({slot: value}))})


def current(facts: Iterable[Fact]) -> dict[str, Fact]:
    """Return the answers that hold, by slot."""
    return {fact.slot: fact for fact in facts if fact.superseded_at is None}


def as_answers(facts: Mapping[str, Fact]) -> Answers:
    """Return stored answers as the rules read them."""
    return parse_answers({slot: fact.value for slot, fact in facts.items()})


def not_sure(facts: Mapping[str, Fact], answers: Answers) -> Sequence[str]:
    """Return the slots that were asked and not known; they are not asked again."""
    return [slot for slot in facts if not answers.knows(slot)]


def _typed(value: Any) -> str:
    return "" if value is None else str(value)
