"""A mapping, as YAML or JSON gives it, to `Answers` and `Facts`, and back.

YAML 1.1 reads a bare yes, no, on and off as booleans, so slots that offer "yes" and "no" take those too.
"""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar

from agents.decision.answers import (
    KNOWLEDGE_BUCKETS,
    Answers,
    Demand,
    Domain,
    Evals,
    Facts,
    Gpu,
    KnowledgeChange,
    Problem,
    PromptTried,
    Purpose,
    Residency,
    TaskType,
    TeacherTerms,
    Tokens,
)
from agents.decision.numerals import MAX_QUANTITY
from agents.decision.quantities import parse_number, parse_tokens, whole
from agents.errors import UserError

Json = Any
"""A value that JSON can hold; `object` would make every caller cast."""

Choice = TypeVar("Choice", bound=StrEnum)

UNKNOWN_WORDS: Final = frozenset({"unknown", "not_sure", "not_tested", "untested", "not_known", "dont_know"})
_YES: Final = frozenset({"yes", "true", "y", "on"})
_NO: Final = frozenset({"no", "false", "n", "off"})
_CHANGE_WORDS: Final = {
    **dict.fromkeys(("minutes", "minutely", "hours", "hourly", "real_time", "live"), KnowledgeChange.REALTIME),
    **dict.fromkeys(("daily", "days", "weeks"), KnowledgeChange.WEEKLY),
    **dict.fromkeys(("months", "quarterly", "quarters"), KnowledgeChange.MONTHLY),
    **dict.fromkeys(("yearly", "annually", "rarely", "rarer", "never"), KnowledgeChange.STATIC),
}
_TOKEN_KEYS: Final = ("static_prefix", "tokens_in", "tokens_out")


def parse_answers(document: Mapping[str, Json]) -> Answers:
    """Return the answers in a mapping of slots; a missing slot, null and "not sure" are unknown.

    Raises:
        UserError: A slot is not known, or its value is not allowed; the text says what is.
    """
    known = (*SLOT_PARSERS, *_TOKEN_KEYS)
    _refuse_unknown(document, known, "answer")
    values = {slot: parse_slot(slot, value) for slot, value in document.items() if slot in SLOT_PARSERS}
    loose = {key: document[key] for key in _TOKEN_KEYS if document.get(key) is not None}
    if loose:
        if values.get("tokens") is not None:
            raise UserError(f"tokens is given twice: once as tokens and once as {', '.join(loose)}. Keep one.")
        values["tokens"] = _tokens("tokens", loose)
    is_bucket = document.get("knowledge_tokens") is not None and _bucket(document["knowledge_tokens"]) is not None
    return Answers(knowledge_tokens_estimated=is_bucket, **values)


def parse_slot(slot: str, value: Json) -> Any:
    """Return the typed value of one slot, or None where it is unknown.

    Raises:
        UserError: The slot is not known or the value is not allowed.
    """
    _refuse_unknown([slot], SLOT_PARSERS, "answer")
    if value is None or (isinstance(value, str) and _word(value) in UNKNOWN_WORDS):
        return None
    return SLOT_PARSERS[slot](slot, value)


def parse_facts(document: Mapping[str, Json]) -> Facts:
    """Return the facts in a mapping; an absent payback is not computed, a null one never comes.

    Raises:
        UserError: A fact is not known or its value is not allowed.
    """
    _refuse_unknown(document, _FACT_PARSERS, "fact")
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name == "payback_days":
            values[name] = _payback(name, value)
        elif value is not None and not (isinstance(value, str) and _word(value) in UNKNOWN_WORDS):
            values[name] = _FACT_PARSERS[name](name, value)
    return Facts(**values)


def answers_to_json(answers: Answers) -> dict[str, Json]:
    """Return the known answers as `parse_answers` reads them."""
    return {slot: slot_to_json(slot, answers) for slot in SLOT_PARSERS if answers.knows(slot)}


def slot_to_json(slot: str, answers: Answers) -> Json:
    """Return one answer as JSON, None where it is unknown; an estimated size stays the bucket it came from."""
    value = getattr(answers, slot)
    if slot == "knowledge_tokens" and answers.knowledge_tokens_estimated:
        return next((bucket for bucket, tokens in KNOWLEDGE_BUCKETS.items() if tokens == value), value)
    if isinstance(value, tuple):
        return [problem.value for problem in value] or None
    if isinstance(value, Tokens):
        return {key: getattr(value, key) for key in _TOKEN_KEYS}
    if isinstance(value, Gpu):
        return {"kind": value.kind, "count": value.count}
    return value.value if isinstance(value, StrEnum) else value


def facts_to_json(facts: Facts) -> dict[str, Json]:
    """Return the computed facts as `parse_facts` reads them; a payback that never comes is null."""
    known = {name: getattr(facts, name) for name in _FACT_PARSERS if getattr(facts, name) is not None}
    if facts.payback_days is not None and math.isinf(facts.payback_days):
        known["payback_days"] = None
    return known


def closest(name: object, known: Iterable[str]) -> str:
    """Return a hint at the known name nearest to a mistyped one, or at all of them."""
    names = list(known)
    near = difflib.get_close_matches(str(name).lower(), names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(names)}."


def _refuse_unknown(names: Iterable[object], known: Iterable[str], kind: str) -> None:
    allowed = list(known)
    for name in names:
        if name not in allowed:
            raise UserError(f"There is no {kind} named {name!r}. {closest(name, allowed)}")


def _refused(slot: str, value: Json, allowed: str) -> UserError:
    shown = repr(value)
    return UserError(f"{slot} is {shown if len(shown) <= 80 else shown[:77] + '...'}; it must be {allowed}.")


def _word(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip().lower().replace("'", ""))


def _choice(kind: type[Choice], slot: str, value: Json) -> Choice:
    word = _word(value) if isinstance(value, str) else None
    for member in kind:
        if member.value == word:
            return member
    raise _refused(slot, value, "one of " + ", ".join(member.value for member in kind) + ", or unknown")


def _change(slot: str, value: Json) -> KnowledgeChange:
    named = _CHANGE_WORDS.get(_word(value)) if isinstance(value, str) else None
    return named or _choice(KnowledgeChange, slot, value)


def _problems(slot: str, value: Json) -> tuple[Problem, ...] | None:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple | set | frozenset):
        raise _refused(slot, value, "a list of " + ", ".join(Problem))
    named = {
        _choice(Problem, slot, item) for item in items if not (isinstance(item, str) and _word(item) in UNKNOWN_WORDS)
    }
    return tuple(problem for problem in Problem if problem in named) or None


def _boolean(slot: str, value: Json) -> bool:
    if isinstance(value, bool):
        return value
    word = _word(value) if isinstance(value, str) else ""
    if word in _YES or word in _NO:
        return word in _YES
    raise _refused(slot, value, "yes, no or unknown")


def _number(slot: str, value: Json, *, low: float = -math.inf, example: str) -> float:
    if isinstance(value, str):
        try:
            value, rest = parse_number(value, example=example)
        except UserError as error:
            raise UserError(f"{slot}: {error}") from error
        if rest:
            raise _refused(slot, rest, f"a number without a unit, for example {example}")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A NaN is false in every comparison, so it is refused by the range as well.
    if not is_number or not max(low, -MAX_QUANTITY) <= value <= MAX_QUANTITY:
        floor = "" if low == -math.inf else f" of at least {low:g}"
        raise _refused(slot, value, f"a number{floor}, for example {example}, or unknown")
    return float(value)


def _count(slot: str, value: Json, *, example: str) -> int:
    number = _number(slot, value, low=0, example=example)
    if number != int(number):
        raise _refused(slot, value, f"a whole number, for example {example}")
    return int(number)


def _rate(slot: str, value: Json) -> int:
    return whole(_number(slot, value, low=0, example="20000"), str(value), example="20000")


def _bucket(value: Json) -> int | None:
    """Return the tokens a size bucket counts as, None where the value is not a bucket."""
    if not isinstance(value, str):
        return None
    plain = re.sub(r"\s+|tokens?|\(.*\)", "", value.strip().lower()).replace("–", "-")  # noqa: RUF001 - pasted dash
    return {bucket.lower(): tokens for bucket, tokens in KNOWLEDGE_BUCKETS.items()}.get(plain)


def _size(slot: str, value: Json) -> int:
    bucket = _bucket(value)
    if bucket is not None:
        return bucket
    if isinstance(value, str):
        try:
            return parse_tokens(value, example='"50k tokens", "40 pages" or "10-200K"')
        except UserError as error:
            raise UserError(f"{slot}: {error}") from error
    return _count(slot, value, example="50000")


def _tokens(slot: str, value: Json) -> Tokens:
    allowed = "tokens_in and tokens_out, with static_prefix as the part of tokens_in that never changes"
    if not isinstance(value, Mapping):
        raise _refused(slot, value, allowed)
    _refuse_unknown(value, _TOKEN_KEYS, f"part of {slot}")
    missing = [key for key in ("tokens_in", "tokens_out") if value.get(key) is None]
    if missing:
        raise UserError(f"{slot} lacks {' and '.join(missing)}; give {allowed}.")
    parts = {key: _count(f"{slot}.{key}", value.get(key) or 0, example="800") for key in _TOKEN_KEYS}
    if parts["static_prefix"] > parts["tokens_in"]:
        raise UserError(
            f"{slot}: the fixed prefix ({parts['static_prefix']}) is part of tokens_in "
            f"({parts['tokens_in']}) and cannot be larger."
        )
    return Tokens(**parts)


def _gpu(slot: str, value: Json) -> Gpu:
    allowed = 'a kind and a count such as "2 x H100-80", or "rent" where there are none'
    if isinstance(value, Mapping):
        _refuse_unknown(value, ("kind", "count"), f"part of {slot}")
        kind, count = value.get("kind"), _count(f"{slot}.count", value.get("count", 1), example="2")
    elif isinstance(value, str):
        kind, count = _gpu_words(value)
    else:
        raise _refused(slot, value, allowed)
    if count == 0 or kind in ("rent", "none"):
        return Gpu(kind="rent", count=0)
    if not isinstance(kind, str) or not re.fullmatch(r"[A-Za-z][\w .+-]{1,39}|\d{4}[\w .+-]{0,35}", kind.strip()):
        raise _refused(slot, value, allowed)
    return Gpu(kind=kind.strip(), count=count)


def _gpu_words(text: str) -> tuple[str, int]:
    plain = text.strip()
    if _word(plain) in ("none", "rent", "rented", "no", "0", "no_gpu", "no_gpus"):
        return "rent", 0
    if match := re.fullmatch(r"(\d{1,4})\s*[x×*]\s*(.+)|(.+?)\s+[x×*]\s*(\d{1,4})", plain, re.IGNORECASE):  # noqa: RUF001 - people type the sign
        return (match[2] or match[3], int(match[1] or match[4]))
    return plain, 1


def _payback(name: str, value: Json) -> float | None:
    if isinstance(value, str) and _word(value) in UNKNOWN_WORDS:
        return None
    is_endless = isinstance(value, float) and value == math.inf
    if value is None or is_endless or (isinstance(value, str) and _word(value) == "never"):
        return math.inf
    return _number(name, value, low=0, example="90")


SLOT_PARSERS: Final[Mapping[str, Callable[[str, Json], Any]]] = {
    "problem": _problems,
    "prompt_tried": partial(_choice, PromptTried),
    "evals": partial(_choice, Evals),
    "quality_gap_pp": partial(_number, example="8.5"),
    "demand": partial(_choice, Demand),
    "requests_per_day": _rate,
    "peak_factor": partial(_number, low=1, example="3"),
    "tokens": _tokens,
    "knowledge_tokens": _size,
    "few_facts": _boolean,
    "knowledge_change": _change,
    "citations": _boolean,
    "per_user_acl": _boolean,
    "format_only": _boolean,
    "task_type": partial(_choice, TaskType),
    "task_stable": _boolean,
    "latency_p95_ms": partial(_number, low=1, example="300"),
    "teacher_meets_bar": _boolean,
    "small_api_meets_bar": _boolean,
    "labelled_examples": partial(_count, example="1200"),
    "teacher_terms": partial(_choice, TeacherTerms),
    "residency": partial(_choice, Residency),
    "gpu": _gpu,
    "batch_ok": _boolean,
    "purpose": partial(_choice, Purpose),
    "max_quality_unlimited_budget": _boolean,
    "domain": partial(_choice, Domain),
    "engineering_day_rate": partial(_number, low=0, example="800"),
}
"""Every slot, in the order of the interview, and what reads its value."""

_FACT_PARSERS: Final[Mapping[str, Callable[[str, Json], Any]]] = {
    "payback_days": _payback,
    "longctx_cheaper": _boolean,
    "lora_fits": _boolean,
    "qlora_fits": _boolean,
    "full_fits": _boolean,
    "payback_limit_days": partial(_number, low=0, example="90"),
}
