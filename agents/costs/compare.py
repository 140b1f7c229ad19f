"""The comparison of all approaches for one workload: rows, ranking, what would flip it, and facts for a verdict."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.costs.approaches import Approach, approaches
from agents.costs.assumptions import Assumption, assumptions_of
from agents.costs.baseline import Baseline, payback_baseline
from agents.costs.details import details_of
from agents.costs.fit_warnings import fit_warnings
from agents.costs.guide.lines import GuideLine
from agents.costs.guide.rules_of_thumb import guide_lines
from agents.costs.inputs import CostInputs
from agents.costs.knowledge import knowledge_prices
from agents.costs.prices.book import PriceBook
from agents.costs.prices.warnings import price_warnings
from agents.costs.scenario import Scenario, settle
from agents.costs.sensitivity.sentence import flip_sentences
from agents.costs.sensitivity.tornado import Sensitivity, sensitivity_of
from agents.costs.training_memory import training_fits


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything a person is shown about the costs of a workload.

    `rows` is empty, and `missing` names the inputs it needs, while tokens or volume are unknown.
    """

    scenario: Scenario
    as_of: dt.date
    rows: tuple[Approach, ...]
    ranking: tuple[str, ...]
    missing: tuple[str, ...]
    baseline: Baseline
    baseline_reason: str
    would_flip: str
    sensitivity: Sensitivity
    guide: tuple[GuideLine, ...]
    assumptions: tuple[Assumption, ...]
    warnings: tuple[str, ...]
    details: Mapping[str, Mapping[str, Any]]

    def row(self, row_id: str) -> Approach:
        """Return a row by its id."""
        return next(row for row in self.rows if row.id == row_id)

    @property
    def cheapest(self) -> Approach | None:
        """The first of the ranking."""
        return self.row(self.ranking[0]) if self.ranking else None


def compare(inputs: CostInputs, prices: PriceBook) -> Comparison:
    """Return the comparison of every approach that applies to the inputs.

    Raises:
        UserError: A model, GPU or student is unknown, or the student does not fit its GPU.
    """
    scenario = settle(inputs, prices)
    baseline = payback_baseline(scenario)
    rows = approaches(scenario, baseline)
    ranking = ranked(rows, inputs.horizon_months, scenario.book.as_of)
    found = sensitivity_of(scenario)
    return Comparison(
        scenario=scenario,
        as_of=scenario.book.as_of,
        rows=rows,
        ranking=ranking,
        missing=_missing(inputs),
        baseline=baseline,
        baseline_reason=baseline.reason,
        would_flip=flip_sentences(scenario, rows, ranking, found),
        sensitivity=found,
        guide=guide_lines(scenario, rows),
        assumptions=assumptions_of(scenario),
        warnings=(*scenario.book.warnings, *_price_warnings(scenario), *fit_warnings(scenario, rows)),
        details=details_of(scenario),
    )


def ranked(rows: tuple[Approach, ...], horizon_months: float, today: dt.date) -> tuple[str, ...]:
    """Return row ids from cheapest to dearest, upfront costs spread over the horizon.

    Models that miss the quality bar, then rows that do not hold the documents, come last, because they do
    not do the same work; models that have left their API, and those shown for reference, are left out.
    """

    def order(row: Approach) -> tuple[bool, bool, Decimal]:
        return row.misses_bar, not row.covers_knowledge, row.usd_per_month_all_in(horizon_months)

    available = [
        row
        for row in rows
        if not row.is_reference and not row.ruled_out and not (row.retires_on is not None and row.retires_on <= today)
    ]
    return tuple(row.id for row in sorted(available, key=order))


def facts_from(comparison: Comparison) -> dict[str, Any]:
    """Return what the decision core asks of the costs; a fact that is not known is absent.

    `payback_days` is None where distillation never pays back.
    """
    facts: dict[str, Any] = {}
    scenario = comparison.scenario
    for row in comparison.rows:
        if row.kind == "distil":
            facts["payback_days"] = None if row.payback_days is None else float(row.payback_days)
    if "payback_limit_days" in scenario.inputs.model_fields_set:
        facts["payback_limit_days"] = scenario.inputs.payback_limit_days
    prices = knowledge_prices(scenario)
    if prices is not None and prices.is_long_context_cheaper is not None:
        facts["longctx_cheaper"] = prices.is_long_context_cheaper
    if scenario.inputs.gpu is not None and scenario.inputs.n_gpu is not None:
        facts.update(_fits(scenario, scenario.inputs.n_gpu))
    return facts


def _fits(scenario: Scenario, gpus: int) -> dict[str, bool]:
    memory = scenario.training_gpu.memory_bytes
    settings, student = scenario.training_settings, scenario.student
    return {
        "lora_fits": training_fits(student, "lora", settings, gpu_bytes=memory, gpus=gpus),
        "qlora_fits": training_fits(student, "qlora", settings, gpu_bytes=memory, gpus=gpus),
        "full_fits": training_fits(student, "full", settings, gpu_bytes=memory, gpus=gpus),
    }


def _missing(inputs: CostInputs) -> tuple[str, ...]:
    needed = ("requests_per_day", "tokens_in", "tokens_out")
    return tuple(name for name in needed if getattr(inputs, name) is None)


def _price_warnings(scenario: Scenario) -> tuple[str, ...]:
    """Return what is wrong with the prices that this comparison rests on."""
    models = (*scenario.models, *scenario.references, scenario.teacher, scenario.embedder)
    gpus = (scenario.serving_gpu, scenario.training_gpu)
    return price_warnings(scenario.book, (price for price in models if price is not None), gpus)
