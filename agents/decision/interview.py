"""Which question belongs to a slot, which may be asked, how a reply is read and a value is said."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from agents.decision.answers import TOKENS_PER_PAGE, Answers, Gpu, Tokens
from agents.decision.numerals import in_digits
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
    Reading,
    parse_number,
    parse_numbers,
    read_count,
    read_milliseconds,
    read_requests_per_day,
    read_tokens,
    read_usd_per_day,
)
from agents.decision.questions import QUESTIONS, Control, Question
from agents.decision.request_sizes import read_request_tokens
from agents.errors import UserError

BY_SLOT: Final[Mapping[str, Question]] = MappingProxyType({question.slot: question for question in QUESTIONS})
_LONGEST_REPLY: Final = 300
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


@dataclass(frozen=True, slots=True)
class Reply:
    """What a typed reply says: values by slot, and what had to be chosen to read them; empty where nothing had."""

    values: Mapping[str, Json]
    remark: str = ""


def parse_reply(slot: str, text: str) -> Json:
    """Return the value of a slot from a button's value or a typed reply, None for "not sure".

    The value is JSON and is what `parse_answers` reads for that slot.

    Raises:
        UserError: The reply cannot be read; the text shows one that can.
    """
    return read_reply(slot, text).values[slot]


def read_reply(slot: str, text: str) -> Reply:
    """Return what a button's value or a typed reply says; it may tell more than was asked, as the peak with the volume.

    Raises:
        UserError: The reply cannot be read; the text shows one that can.
    """
    asked = question(slot)
    plain = text.strip()
    if re.sub(r"[\s-]+", "_", plain.lower().replace("'", "")) in _SKIPPED:
        return Reply({slot: None})
    if len(plain) > _LONGEST_REPLY:
        raise UserError(f"That is too long to be read as {asked.short.lower()}. Write it in a few words.")
    labelled = _by_label(asked, plain)
    if asked.control is Control.MULTI_BUTTONS:
        parts = [part for part in re.split(r"\s*(?:,|;|\+|&|\band\b)\s*", plain) if part]
        return Reply(_stored({slot: [_by_label(asked, part) for part in parts]}))
    if labelled != plain or slot not in _TYPED:
        return Reply(_stored({slot: labelled}))
    read = _TYPED[slot](plain, asked.example)
    return Reply(_stored(read.values), read.remark)


def parse_fields(slot: str, texts: Mapping[str, str]) -> dict[str, Json]:
    """Return slot values from the inputs of a question that takes several numbers, as `read_fields` does."""
    return dict(read_fields(slot, texts).values)


def read_fields(slot: str, texts: Mapping[str, str]) -> Reply:
    """Return what the inputs of a question that takes several numbers say.

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
    if slot == "requests_per_day" and typed["peak_factor"]:
        read = _volume(typed[slot], typed["peak_factor"], asked.example)
        return Reply(_stored(read.values), read.remark)
    return read_reply(slot, " / ".join(typed[field.name] for field in asked.fields if not field.optional))


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


def _stored(values: Mapping[str, Json]) -> dict[str, Json]:
    return {slot: slot_to_json(slot, parse_answers({slot: value})) for slot, value in values.items()}


def _gap(text: str, example: str) -> Reply:
    """Return the score needed minus the score now, or the gap itself where one number was given."""
    single = re.fullmatch(r"([-+−]?[\d.,]+)\s*(?:pp|points?|percentage points?|%)?", text.strip().lower())  # noqa: RUF001 - pasted minus
    if single:
        return Reply({"quality_gap_pp": parse_number(single[1], example=example)[0]})
    # "78-87" is a score now and one needed, not a score of minus 87.
    plain = re.sub(r"(?<=[\d%])\s*[-–]\s*(?=\d)", " / ", in_digits(text.lower()))  # noqa: RUF001 - pasted dash
    now, needed = parse_numbers(
        re.sub(r"\bfrom\b|\bnow\b|\bneeded\b|\bpoints?\b", " ", plain), count=2, example=example
    )
    # Scores of 0.78 and 0.87 are shares; nobody needs a score of one percent.
    scale = 100 if max(abs(now), abs(needed)) <= 1 else 1
    if not (0 <= now * scale <= 100 and 0 <= needed * scale <= 100):
        raise UserError(f"Scores lie between 0 and 100 percent, not {now:g} and {needed:g}. For example: {example}")
    return Reply({"quality_gap_pp": round((needed - now) * scale, 6)})


def _requests(text: str, example: str) -> Reply:
    """Return the volume, and the peak where it is told with it: "20k a day, 3x at peak"."""
    if told := _WITH_PEAK.fullmatch(text):
        return _volume(told["volume"], told["peak"], example)
    reading = read_requests_per_day(text, example=example)
    return Reply({"requests_per_day": reading.count}, reading.remark)


def _volume(volume: str, peak: str, example: str) -> Reply:
    times = re.sub(r"(?<=\d)\s*(?:x|×|times|fold)\b.*", "", peak, flags=re.IGNORECASE)  # noqa: RUF001 - people type the sign
    peak_factor = parse_answers({"peak_factor": times}).peak_factor
    if peak_factor is None:
        return _requests(volume, example)
    reading = read_requests_per_day(volume, example=example, peak_factor=peak_factor)
    return Reply({"requests_per_day": reading.count, "peak_factor": peak_factor}, reading.remark)


def _tokens(text: str, example: str) -> Reply:
    sizes, remark = read_request_tokens(text, example=example)
    return Reply({"tokens": sizes}, remark)


def _knowledge(text: str, example: str) -> Reply:
    """Return a size bucket as it is, any other size in tokens."""
    if re.match(r"[<>]|10\s*[k]?\s*[-–]\s*200", text.lower()):  # noqa: RUF001 - pasted dash
        return Reply({"knowledge_tokens": text})
    reading = read_tokens(text, example=example)
    return Reply({"knowledge_tokens": reading.count}, reading.remark)


def _counted(slot: str, read: Callable[..., Reading]) -> Callable[[str, str], Reply]:
    def reply(text: str, example: str) -> Reply:
        reading = read(text, example=example)
        return Reply({slot: reading.count}, reading.remark)

    return reply


def _measured(slot: str, read: Callable[..., Reading]) -> Callable[[str, str], Reply]:
    def reply(text: str, example: str) -> Reply:
        reading = read(text, example=example)
        return Reply({slot: reading.value}, reading.remark)

    return reply


_WITH_PEAK: Final = re.compile(
    r"(?P<volume>.*?\d.*?)[\s,;/(]*(?:(?:and|with|but|an?) )*(?:(?:peaks?|busiest hour)(?: (?:of|is|factor|at))*\s*)?"
    r"(?P<peak>\d+(?:[.,]\d+)?\s*(?:x|×|times))"  # noqa: RUF001 - people type the sign
    r"(?:\s+(?:at|in|the|as|busier|busy|peak|average|busiest|hour|much|more))*\)?",
    re.IGNORECASE | re.DOTALL,
)
_TYPED: Final[Mapping[str, Callable[[str, str], Reply]]] = MappingProxyType(
    {
        "quality_gap_pp": _gap,
        "requests_per_day": _requests,
        "tokens": _tokens,
        "knowledge_tokens": _knowledge,
        "latency_p95_ms": _measured("latency_p95_ms", read_milliseconds),
        "labelled_examples": _counted("labelled_examples", read_count),
        "engineering_day_rate": _measured("engineering_day_rate", read_usd_per_day),
    }
)
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
