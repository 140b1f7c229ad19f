"""What a workspace usually has: which values can be remembered, how they read, and what fits a conversation; pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from agents.decision.interview import describe, slot_name
from agents.services.cost_fields import BY_KEY, shown
from agents.store.cost_scenarios import CostSetting
from agents.store.defaults import Default
from agents.store.facts import Fact

# Inputs of the cost core that no question fills; all other names are slots.
SETTINGS: Final = ("models", "teacher", "student", "usd_per_gpu_hour")
# Of the workspace rather than of one task, in the order they are shown.
STANDING: Final = (
    "models", "teacher", "student", "gpu", "usd_per_gpu_hour", "residency", "engineering_day_rate",
)  # fmt: skip
# Of a task; remembered only where a person picks them.
VOLUMES: Final = ("requests_per_day", "peak_factor", "tokens")
NAMES: Final = (*STANDING, *VOLUMES)
STALE_AFTER: Final = timedelta(days=90)
_SOURCE: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultView:
    """One thing that a workspace usually has, worded.

    `age_days` are days since it was said; `is_stale` that this is long ago.
    """

    name: str
    label: str
    value: Any
    shown: str
    said_by: str
    said_at: datetime
    consented_by: str
    consented_at: datetime
    conversation_id: str | None
    age_days: int
    is_stale: bool

    @property
    def mark(self) -> str:
        """What stands for this value on a button."""
        return mark_of(self.name, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rememberable:
    """An answer or setting of a conversation that differs from what is remembered.

    `is_standing` says that it is of the workspace, not of the one task; `remembered` is what holds now, worded, and
    empty where there is nothing.
    """

    name: str
    label: str
    value: Any
    shown: str
    said_by: str
    said_at: datetime
    is_standing: bool
    remembered: str = ""

    @property
    def mark(self) -> str:
        """What stands for this value in a form."""
        return mark_of(self.name, self.value)


def default_view(default: Default) -> DefaultView:
    """Return a default as it is shown."""
    return DefaultView(
        name=default.name,
        label=label(default.name),
        value=default.value,
        shown=worded(default.name, default.value),
        said_by=default.said_by,
        said_at=default.said_at,
        consented_by=default.consented_by,
        consented_at=default.consented_at,
        conversation_id=default.conversation_id,
        age_days=max(0, default.age.days),
        is_stale=default.age >= STALE_AFTER,
    )


def in_order(defaults: Iterable[Default]) -> tuple[DefaultView, ...]:
    """Return defaults in the order they are shown; one that this version does not know is left out."""
    known = [each for each in defaults if each.name in NAMES]
    return tuple(map(default_view, sorted(known, key=lambda each: NAMES.index(each.name))))


def rememberable(
    facts: Mapping[str, Fact], settings: Mapping[str, CostSetting], defaults: Iterable[DefaultView]
) -> tuple[Rememberable, ...]:
    """Return what a conversation holds that could be remembered and is not yet, or differently.

    Args:
        facts: The answers that hold.
        settings: The settings of the cost comparison that hold.
        defaults: What is remembered.
    """
    held = {each.name: each for each in defaults}
    found = []
    for name in NAMES:
        given = held_value(name, facts, settings)
        if given is None or (name in held and held[name].value == given.value):
            continue
        found.append(
            Rememberable(
                name=name,
                label=label(name),
                value=given.value,
                shown=worded(name, given.value),
                said_by=given.who,
                said_at=given.said_at if isinstance(given, Fact) else given.set_at,
                is_standing=name in STANDING,
                remembered=held[name].shown if name in held else "",
            )
        )
    return tuple(found)


def fitting(
    facts: Mapping[str, Fact], settings: Mapping[str, CostSetting], views: Iterable[DefaultView]
) -> tuple[DefaultView, ...]:
    """Return the defaults that a conversation has no value for yet."""
    return tuple(each for each in views if held_value(each.name, facts, settings) is None)


def held_value(name: str, facts: Mapping[str, Fact], settings: Mapping[str, CostSetting]) -> Fact | CostSetting | None:
    """Return the value that holds in a conversation under a name; None where it is not known."""
    given = settings.get(name) if name in SETTINGS else facts.get(name)
    return None if given is None or given.value in (None, []) else given


def label(name: str) -> str:
    """Return what a default is called."""
    if name == "models":
        return "API models"
    return BY_KEY[name].label if name in SETTINGS else slot_name(name)


def worded(name: str, value: Any) -> str:
    """Return a value of a default as people read it."""
    if name == "models":
        first, *others = value
        return f"{first} in use" + (f", compared with {', '.join(others)}" if others else "")
    return shown(BY_KEY[name], value) if name in SETTINGS else describe(name, value)


def mark_of(name: str, value: Any) -> str:
    """Return what stands for a value on a button, so that a press counts for what was shown and nothing else."""
    return f"{name}:{sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]}"


def fingerprint(views: Sequence[DefaultView]) -> str:
    """Return what stands for several defaults together."""
    return sha256(" ".join(each.mark for each in views).encode()).hexdigest()[:16]


def default_source(view: DefaultView, event_key: str) -> str:
    """Return the source of an answer that was taken from a default: who said that, and when."""
    return f"{_SOURCE} {view.said_at:%Y-%m-%d} {view.said_by} {event_key}"


def default_origin(source: str) -> tuple[str, str] | None:
    """Return who said the default that an answer was taken from, and on which day; None for any other answer."""
    kind, _, rest = source.partition(" ")
    day, _, others = rest.partition(" ")
    who, _, _ = others.partition(" ")
    return (who, day) if kind == _SOURCE and who else None
