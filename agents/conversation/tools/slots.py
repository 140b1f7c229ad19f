"""The table of slots that a model fills: what each means, and how a value of it looks. The same bytes for everybody."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from agents.decision.interview import BY_SLOT, SLOTS
from agents.decision.questions import NOT_SURE, Control, Question

# What a question's own words do not say, since a person sees its buttons: told to a model beside them.
_NOTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "problem": "knowledge: it lacks or makes up facts of the team's own. consistency: it can do it, but format, "
        "tone or rules slip now and then. capability: it cannot do it even at its best. One value or several with "
        "commas.",
        "prompt_tried": "How far the prompt itself was worked on; a fine-tuning or a new model is no prompting.",
        "evals": "golden only for a fixed set of examples that is scored; looking at outputs now and then is informal.",
        "quality_gap_pp": "Both scores as said, now first.",
        "demand": "proven: the traffic is there today. forecast: it is expected, planned or hoped for, also where a "
        "launch is still to come.",
        "requests_per_day": "As said, with its period; the peak may follow ('20k a day, 3x at peak').",
        "peak_factor": "The busiest hour as a multiple of the average, such as '3'.",
        "tokens": "Tokens of one request: fixed part / rest of the input / answer. Without a fixed part: "
        "'1500 in, 300 out'. Where the fixed part counts into the input: '1850 in, 1200 of it fixed, 60 out'. Only if "
        "the sizes were said.",
        "knowledge_tokens": "All the text it must know, as said: pages, words or tokens; not megabytes or numbers of "
        "files. An option only if the words fit one.",
        "knowledge_change": "Daily and hourly are not the same: each day is weekly, each minute or hour is realtime.",
        "few_facts": "yes only for a handful of facts that fit a few lines.",
        "format_only": "yes only if they say that content is right and just the form is off.",
        "teacher_meets_bar": "About the strongest model they may use, not about the one that they use.",
        "labelled_examples": "Examples with right answers that may be used for training, as said.",
        "gpu": "Count and kind as said ('2 x H100-80'); rent if they have none.",
        "batch_ok": "yes only if answers may come hours later.",
        "engineering_day_rate": "USD for a person's day; '0' to leave people's time out.",
    }
)


@lru_cache(maxsize=1)
def slot_guide() -> str:
    """Return a line for each slot: its question, its allowed values or the form of one, and what decides doubts."""
    return "\n".join(_line(slot) for slot in SLOTS)


def _line(slot: str) -> str:
    asked = BY_SLOT.get(slot)
    meaning = asked.text if asked is not None else ""
    parts = (meaning, _values(asked) if asked is not None else "", _NOTES.get(slot, ""))
    return f"- {slot}: {' '.join(part for part in parts if part)}"


def _values(asked: Question) -> str:
    """Return the values that a question takes: its options, a typed form, or both."""
    options = [option for option in asked.options if option != NOT_SURE]
    said = []
    if asked.control is Control.YES_NO:
        said.append("yes or no.")
    elif options:
        said.append(f"{'; '.join(f'{option.value} = {option.label}' for option in options)}.")
    if asked.example:
        said.append(f"For example {asked.example}.")
    return " ".join(said)
