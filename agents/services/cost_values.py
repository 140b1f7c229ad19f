"""The inputs of a comparison with the values that hold and where each comes from; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.costs.compare import Comparison
from agents.costs.scenario import Scenario
from agents.costs.training import default_mfu
from agents.services.cost_fields import FIELDS, CostField, range_words, shown, typed
from agents.store.cost_scenarios import CostSetting
from agents.store.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class CostInput:
    """One input as it stands.

    `entered` is the value as it would be typed, empty where nobody has set it; `who` and `at` say who did, and when.
    `source` says where the value comes from where nobody has set it.
    """

    key: str
    label: str
    group: str
    shown: str
    entered: str
    range: str
    example: str
    source: str
    who: str | None = None
    at: datetime | None = None


def cost_inputs(
    comparison: Comparison, facts: Mapping[str, Fact], settings: Mapping[str, CostSetting]
) -> tuple[CostInput, ...]:
    """Return every input that a person may change, in the order of the catalogue."""
    return tuple(_input(each, comparison, facts, settings) for each in FIELDS)


def _input(
    field: CostField, comparison: Comparison, facts: Mapping[str, Fact], settings: Mapping[str, CostSetting]
) -> CostInput:
    value = value_of(comparison.scenario, field.key)
    fact = facts.get(field.slot) if field.slot is not None else None
    setting = settings.get(field.key)
    given: Fact | CostSetting | None = fact if fact is not None and fact.value is not None else setting
    is_given = given is not None and given.value is not None
    assumed = next((each for each in comparison.assumptions if each.key == field.key), None)
    return CostInput(
        key=field.key,
        label=field.label,
        group=field.group,
        shown="not set" if value is None else shown(field, value),
        entered=typed(field, value) if is_given else "",
        range=range_words(field),
        example=field.example,
        source="Cairn's default, assumed" if assumed is None else f"{assumed.source} ({assumed.kind})",
        who=given.who if given is not None and is_given else None,
        at=_when(given) if given is not None and is_given else None,
    )


def value_of(scenario: Scenario, key: str) -> Any:
    """Return the value that a comparison was made with; None where there is none."""
    inputs = scenario.inputs
    settled: Mapping[str, Any] = {
        "models": tuple(price.id for price in scenario.models),
        "teacher": scenario.teacher.id,
        "precision": scenario.precision,
        "gpu": None if inputs.gpu is None else f"{inputs.n_gpu or 1} x {inputs.gpu}",
        "training_gpu": scenario.training_gpu.name,
        "usd_per_gpu_hour": float(scenario.serving_usd_per_hour.base),
        "claude_token_factor": float(scenario.claude_token_factor),
        "mfu": inputs.mfu or default_mfu(scenario.training_gpu.name),
        "engineering_day_rate": float(inputs.engineering_day_rate),
    }
    if key in settled:
        return settled[key]
    value = getattr(inputs, key)
    return float(value) if isinstance(value, Decimal) else value


def _when(given: Fact | CostSetting) -> datetime:
    return given.said_at if isinstance(given, Fact) else given.set_at
