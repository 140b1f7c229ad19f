"""The sizes of one request in tokens: what never changes, what does, and the answer."""

import re
from typing import Final

from agents.decision.numerals import in_digits, shown
from agents.decision.quantities import parse_numbers, parse_tokens
from agents.errors import UserError

_LABELS: Final = (
    ("fixed", re.compile(r"fixed|static|prefix|system|instructions?|constant|never|unchanged|cached")),
    ("variable", re.compile(r"variable|rest|questions?|user|dynamic|varying")),
    ("out", re.compile(r"out|outputs?|answers?|completions?|replies|reply|responses?|generated")),
    ("in", re.compile(r"in|inputs?|prompts?")),
)
# A comma parts two sizes only before a blank: "1,500 in, 300 out".
_BETWEEN: Final = re.compile(r"\s*(?:/|;|→|->|\||\n|\+|,\s|\band\b)\s*|\s+(?=of which\b)")
# "1850 in, 1200 of it fixed": the input counts the fixed part.
_OF_IT: Final = re.compile(r"\bof (?:it|which|that|them|those|these)\b|\bthereof\b|\bincluded\b|\bdavon\b")


def read_request_tokens(text: str, *, example: str) -> tuple[dict[str, int], str]:
    """Return static_prefix, tokens_in and tokens_out, and what had to be chosen to read them.

    Three sizes in their order, or sizes named "fixed", "variable", "in" and "out" in any.

    Raises:
        UserError: Sizes are missing, or it is not clear which is which.
    """
    named = _named(text, example)
    if not named:
        fixed, variable, out = (
            parse_tokens(f"{part:.15g}", example=example) for part in parse_numbers(text, count=3, example=example)
        )
        return _sizes(fixed, variable, out), ""
    missing = [] if "out" in named else ["the answer"]
    missing += [] if named.keys() & {"in", "variable"} else ["the input"]
    if missing:
        raise UserError(f"{shown(text)} does not say how large {' and '.join(missing)} is. For example: {example}")
    fixed = named.get("fixed", 0)
    is_of_it = _OF_IT.search(text.lower()) is not None
    if is_of_it and "in" in named and "variable" not in named and 0 < fixed <= named["in"]:
        return _sizes(fixed, named["in"] - fixed, named["out"]), ""
    if "in" in named and ("variable" in named or fixed) and (named["in"] >= fixed or is_of_it):
        # The input with its fixed part, or without: a factor that nobody should guess.
        raise UserError(
            f"In {shown(text)} it is not clear whether the input counts the fixed part. Write fixed / variable / "
            f"answer, for example: {example}"
        )
    remark = "" if "fixed" in named else "I took no part of it as fixed, so nothing of it counts as cached."
    return _sizes(fixed, named.get("variable", named.get("in", 0)), named["out"]), remark


def _named(text: str, example: str) -> dict[str, int]:
    """Return sizes by their names; nothing where no part has one.

    Raises:
        UserError: Some parts have a name and others have none, or two have the same.
    """
    parts = [part for part in _BETWEEN.split(in_digits(text.lower())) if part]
    names = [_label(part) for part in parts]
    if not any(names):
        return {}
    found = {name: part for name, part in zip(names, parts, strict=True) if name is not None}
    if len(found) != len(parts):
        raise UserError(f"I cannot tell which size is which in {shown(text)}. For example: {example}")
    return {name: parse_tokens(_unnamed(part), example=example) for name, part in found.items()}


def _label(part: str) -> str | None:
    words = re.findall(r"[a-z]+", part)
    return next((name for name, label in _LABELS if any(label.fullmatch(word) for word in words)), None)


def _unnamed(part: str) -> str:
    """Return a part without its names, so that what is left is a size."""
    words = re.sub(r"\b(?:of|the|for|is|are|changes?)\b", " ", _OF_IT.sub(" ", part))
    for _, label in _LABELS:
        words = re.sub(rf"\b(?:{label.pattern})\b", " ", words)
    return " ".join(words.replace(":", " ").replace("=", " ").split())


def _sizes(fixed: int, variable: int, out: int) -> dict[str, int]:
    return {"static_prefix": fixed, "tokens_in": fixed + variable, "tokens_out": out}
