"""Texts that ask for something by name, as the tool that does it; no model, no guessing."""

import re
from collections.abc import Mapping
from typing import Any, Final

from agents.conversation.talking import Wanted
from agents.decision.questions import QUESTIONS

# Patterns match the whole text; their groups are the tool's arguments. Ids of people are read in capitals.
_TOOLS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (tool, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for tool, pattern in (
        ("explain_question", r"why(?: do you (?:ask|want|need)\b.*| this question| that| is that)?[?!. ]*"),
        ("show_answers", r"(?:show |my |all |the )*answers[?!. ]*"),
        ("compare_costs", r"(?:compare |show |the )*(?:costs?|prices?)[?!. ]*"),
        ("compare_costs", r"what (?:does|would|will) (?:it|that|this) cost[?!. ]*"),
        ("recommend", r"(?:the |your )?(?:verdict|recommendation)[?!. ]*"),
        ("recommend", r"what should (?:we|i) do[?!. ]*"),
        ("export", r"export(?: (?:it|this|the decision|record))?[?!. ]*|(?:the )?decision record[?!. ]*"),
        (
            "ask_colleague",
            r"(?:ask|delegate(?: this)?(?: question)? to)[:,]?\s+<@(?P<who>[UW][A-Z0-9]{2,})(?:\|[^>]*)?>[?!. ]*",
        ),
        ("ask_index", r"ask\b[:,]?\s*(?P<question>.*\S)\s*"),
        ("propose_distill", r"distil{1,2} (?:from )?(?P<source>\S+?)[!. ]*"),
        ("propose_index", r"index (?P<name>\S+) from (?P<source>\S+?)[!. ]*"),
        ("run_status", r"(?:runs?|status)(?: (?P<run_id>[0-9a-f]{4,12}))?[?!. ]*"),
        ("cancel_request", r"cancel (?:run )?(?P<run_id>[0-9a-f]{4,12})[!. ]*"),
    )
)
_CHANGE: Final = re.compile(r"(?:change|correct|edit|fix|answer)\b\s*(?P<what>.*?)[?!. ]*", re.IGNORECASE)
_ANY_ANSWER: Final = frozenset({"", "an answer", "answer", "answers", "my answers", "something"})
_SLOTS: Final[Mapping[str, str]] = {
    name: each.slot for each in QUESTIONS for name in (each.short.lower(), each.slot, each.slot.replace("_", " "))
}


def command(text: str) -> Wanted | None:
    """Return the tool that a text asks for by name, None where it asks for none."""
    plain = text.strip()
    for tool, pattern in _TOOLS:
        if match := pattern.fullmatch(plain):
            arguments: dict[str, Any] = {name: value for name, value in match.groupdict().items() if value}
            if "who" in arguments:
                arguments["who"] = arguments["who"].upper()
            return Wanted(tool, arguments)
    match = _CHANGE.fullmatch(plain)
    if match is None:
        return None
    what = re.sub(r"^(?:the|my|our)\s+", "", match["what"].strip().lower())
    if what in _SLOTS:
        return Wanted("ask_user", {"slot": _SLOTS[what]})
    return Wanted("show_answers") if what in _ANY_ANSWER else None
