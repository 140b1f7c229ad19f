"""Which question belongs to a slot, which may be asked, how a reply is read and a value is said."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from agents.decision.answers import TOKENS_PER_PAGE, Answers, Gpu, Tokens
from agents.decision.parsing import (
    SLOT_PARSERS,
    UNKNOWN_WORDS,
    Json,
    closest,
    parse_answers,
    parse_slot,
    slot_to_json,
)
from agents.decision.quantities import (
    parse_milliseconds,
    parse_number,
    parse_numbers,
    parse_requests_per_day,
    parse_tokens,
    whole,
)
from agents.decision.questions import QUESTIONS, Control, Question
from agents.errors import UserError

BY_SLOT: Final[Mapping[str, Question]] = MappingProxyType({question.slot: question for question in QUESTIONS})
_SKIPPED: Final = UNKNOWN_WORDS | {"", "skip", "no_idea", "dunno", "i_dont_know", "i_do_not_know", "?"}


def question(slot: str) -> Question:
    """Return the question for a slot.

    Raises:
        UserError: No question fills that slot.
    """
    if slot not in BY_SLOT:
        raise UserError(f"There is no question about {slot!r}. {closest(slot, BY_SLOT)}")
    return BY_SLOT[slot]


def askable(answers: Answers) -> tuple[Question, ...]:
    """Return the questions without an answer that make sense now, in the interview's order."""
    return tuple(each for each in QUESTIONS if not answers.knows(each.slot) and each.only_if(answers))


def slot_name(slot: str) -> str:
    """Return the short name of a slot, as headings and lists show it."""
    return BY_SLOT[slot].short if slot in BY_SLOT else slot.replace("_", " ").capitalize()


def parse_reply(slot: str, text: str) -> Json:
    """Return the value of a slot from a button's value or a typed reply, None for "not sure".

    The value is JSON and is what `parse_answers` reads for that slot.

    Raises:
        UserError: The reply cannot be read; the text shows one that can.
    """
    asked = question(slot)
    plain = text.strip()
    if re.sub(r"[\s-]+", "_", plain.lower().replace("'", "")) in _SKIPPED:
        return None
    labelled = _by_label(asked, plain)
    if asked.control is Control.MULTI_BUTTONS:
        parts = [part for part in re.split(r"\s*(?:,|;|\+|&|\band\b)\s*", plain) if part]
        value: Json = [_by_label(asked, part) for part in parts]
    elif labelled != plain:
        value = labelled
    else:
        value = _TYPED[slot](plain, asked.example) if slot in _TYPED else plain
    return slot_to_json(slot, parse_answers({slot: value}))


def parse_fields(slot: str, texts: Mapping[str, str]) -> dict[str, Json]:
    """Return slot values from the inputs of a question that takes several numbers.

    Args:
        slot: The question's slot.
        texts: What was typed into each of `question(slot).fields`; empty is not answered.

    Raises:
        UserError: An input is missing or cannot be read.
    """
    asked = question(slot)
    typed = {field.name: texts.get(field.name, "").strip() for field in asked.fields}
    missing = [field.label for field in asked.fields if not field.optional and not typed[field.name]]
    if missing:
        raise UserError(f"Still missing: {'; '.join(missing)}. For example: {asked.example}")
    values = {slot: parse_reply(slot, " / ".join(typed[field.name] for field in asked.fields if not field.optional))}
    for field in asked.fields:
        if field.optional and typed[field.name]:
            values[field.name] = slot_to_json(field.name, parse_answers({field.name: typed[field.name]}))
    return values


def describe(slot: str, value: Json) -> str:
    """Return how a stored value reads to a person; sizes show the pages they stand for.

    Raises:
        UserError: The slot is not known or the value is not one of its.
    """
    typed = parse_slot(slot, value)
    if typed is None:
        return "not known"
    if slot == "knowledge_tokens":
        return _size(typed, is_estimated=parse_answers({slot: value}).knowledge_tokens_estimated)
    if isinstance(typed, bool | StrEnum):
        yes_or_no = "yes" if typed else "no"
        return _label(BY_SLOT[slot], yes_or_no if isinstance(typed, bool) else typed.value)
    if isinstance(typed, tuple):
        return ", ".join(_label(BY_SLOT[slot], problem) for problem in typed)
    if isinstance(typed, Gpu):
        return f"{typed.count} x {typed.kind}" if typed.count else "none, would rent"
    return _request(typed) if isinstance(typed, Tokens) else _UNITS[slot].format(f"{typed:,.10g}")


def _request(tokens: Tokens) -> str:
    rest = tokens.tokens_in - tokens.static_prefix
    return f"{tokens.static_prefix:,} fixed + {rest:,} variable in, {tokens.tokens_out:,} out"


def _size(tokens: int, *, is_estimated: bool) -> str:
    pages = max(1, round(tokens / TOKENS_PER_PAGE))
    about = "estimated, " if is_estimated else ""
    return f"{tokens:,} tokens ({about}about {pages:,} page{'' if pages == 1 else 's'})"


def _label(asked: Question, value: str) -> str:
    return next((option.label for option in asked.options if option.value == value), value)


def _by_label(asked: Question, text: str) -> str:
    """Return the value whose label or value was typed, the text itself where there is none."""
    wanted = text.strip().lower()
    for option in asked.options:
        if wanted in (option.label.lower(), option.value.lower()):
            return option.value
    return text.strip()


def _gap(text: str, example: str) -> float:
    """Return the score needed minus the score now, or the gap itself where one number was given."""
    single = re.fullmatch(r"([-+−]?[\d.,]+)\s*(?:pp|points?|percentage points?|%)?", text.strip().lower())  # noqa: RUF001 - pasted minus
    if single:
        return parse_number(single[1], example=example)[0]
    now, needed = parse_numbers(text, count=2, example=example)
    # Scores of 0.78 and 0.87 are shares; nobody needs a score of one percent.
    scale = 100 if max(abs(now), abs(needed)) <= 1 else 1
    if not (0 <= now * scale <= 100 and 0 <= needed * scale <= 100):
        raise UserError(f"Scores lie between 0 and 100 percent, not {now:g} and {needed:g}. For example: {example}")
    return round((needed - now) * scale, 6)


def _tokens(text: str, example: str) -> Json:
    parts = [whole(part, text, example=example) for part in parse_numbers(text, count=3, example=example)]
    return {"static_prefix": parts[0], "tokens_in": parts[0] + parts[1], "tokens_out": parts[2]}


def _knowledge(text: str, example: str) -> Json:
    """Return a size bucket as it is, any other size in tokens."""
    return text if re.match(r"[<>]|10\s*[k]?\s*[-–]\s*200", text.lower()) else parse_tokens(text, example=example)  # noqa: RUF001 - pasted dash


def _count(text: str, example: str) -> Json:
    value, _unit = parse_number(text, example=example)
    return whole(value, text, example=example)


def _usd(text: str, example: str) -> Json:
    return parse_number(text.replace("$", " "), example=example)[0]


_TYPED: Final = {
    "quality_gap_pp": _gap,
    "requests_per_day": lambda text, example: parse_requests_per_day(text, example=example),
    "tokens": _tokens,
    "knowledge_tokens": _knowledge,
    "latency_p95_ms": lambda text, example: parse_milliseconds(text, example=example),
    "labelled_examples": _count,
    "engineering_day_rate": _usd,
}
_UNITS: Final = {
    "quality_gap_pp": "{} percentage points",
    "requests_per_day": "{} requests a day",
    "peak_factor": "{} times the average",
    "latency_p95_ms": "{} ms",
    "labelled_examples": "{} examples",
    "engineering_day_rate": "{} USD a day",
}
SLOTS: Final = tuple(SLOT_PARSERS)
"""Every slot that can hold an answer, in the interview's order."""
