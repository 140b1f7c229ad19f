"""The report of a run, made from what its stages have returned."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from agents.costs.prices.book import ModelPrice, PriceBook, PriceMissingError
from agents.distillation.calls import first_call
from agents.distillation.gate import gate_metric
from agents.distillation.next_step import Outcome, next_step
from agents.distillation.report import Report, rows_of
from agents.distillation.report_costs import (
    Cost,
    Serving,
    Tokens,
    api_cost,
    base_cost,
    estimated_serving,
    measured_serving,
    pays_from,
    served_cost,
    tokens_of,
)
from agents.distillation.spec import DistillationSpec, TeacherSpec
from agents.distillation.teaching import student_system

_FREE: Final = "it runs on a processor of your own, without a GPU or an API"

Results = Mapping[str, Mapping[str, Any]]
"""What the stages of a run have returned, by their names."""


def run_report(
    spec: DistillationSpec, results: Results, book: PriceBook, made_on: dt.date, *, small: TeacherSpec | None = None
) -> Report:
    """Return the report of a run.

    Args:
        spec: What it was approved with.
        results: Of its stages.
        book: The team's prices.
        made_on: The day.
        small: The small API model that was asked beside the others.
    """
    gate = results["gate"]
    metric, candidates = gate_metric(spec), gate["candidates"]
    serving, why_not = _serving(spec, results, book, made_on)
    costs = _Costs(spec, results, book, small)
    found = {each["name"]: costs.of(each["kind"], each["name"], serving or why_not) for each in candidates}
    student = next(each for each in candidates if each["kind"] == "student")
    pays = list(_pays(candidates, found, serving)) if serving is not None else []
    tests = tuple(gate.get("tests", ()))
    return Report(
        student=gate["student"],
        metric=metric,
        examples=student["examples"],
        level=student["metrics"][metric]["level"],
        made_on=made_on,
        rows=rows_of(candidates, metric, found, _latencies(results)),
        pays=tuple(pays),
        tests=tests,
        serving=serving.document() if serving is not None else None,
        step=next_step(_outcome(spec, results, student)).document(),
    )


def _outcome(spec: DistillationSpec, results: Results, student: Mapping[str, Any]) -> Outcome:
    gate, deployed, metric = results["gate"], results["deploy"], gate_metric(spec)
    teacher = next((each for each in gate["candidates"] if each["kind"] == "teacher"), None)
    return Outcome(
        student=gate["student"],
        base=spec.student.base.rstrip("/").rpartition("/")[2],
        passes=gate["passes"],
        overridden_by=gate["overridden_by"],
        enough=results["advise"]["enough"],
        served_as=deployed["served_as"] if deployed["deployed"] else None,
        reason=deployed.get("reason"),
        call=_call(spec, deployed["served_as"]) if deployed["deployed"] else None,
        examples=results["split"]["train"],
        golden=student["examples"],
        invalid=student["invalid"],
        margin=spec.gate.margin,
        minimum=spec.gate.minimum,
        beside_teacher=next((each for each in gate.get("tests", ()) if each["against"] == "teacher"), None),
        teacher_value=teacher["metrics"][metric]["value"] if teacher is not None else None,
        weaknesses=gate.get("weaknesses", ()),
    )


def _call(spec: DistillationSpec, served_as: str) -> str:
    team, _, alias = served_as.partition("/")
    is_whole = spec.student.kind == "encoder" or spec.student.method == "full"
    return first_call(
        team, alias, name=spec.name, kind=spec.student.kind, is_whole=is_whole, instructions=student_system(spec)
    )


class _Costs:
    """What a million requests cost with each candidate."""

    def __init__(self, spec: DistillationSpec, results: Results, book: PriceBook, small: TeacherSpec | None) -> None:
        self._spec = spec
        self._results = results
        self._book = book
        self._small = small

    def of(self, kind: str, name: str, serving: Serving | str) -> Cost:
        """Return the cost of a candidate; `serving` says what serving the student takes, or why nobody knows."""
        match kind:
            case "teacher":
                return self._asked(self._spec.teacher, self._results["generate"].get("golden"))
            case "api":
                return self._asked(self._small, self._results.get("prompted"))
            case "student":
                return (
                    served_cost(serving) if isinstance(serving, Serving) else Cost(usd_per_million=None, basis=serving)
                )
            case "base":
                known = serving if isinstance(serving, Serving) else None
                return base_cost(known, _predicted(self._results, name))
            case _:
                return Cost(usd_per_million=Decimal(0), basis=_FREE)

    def _asked(self, model: TeacherSpec | None, counted: Mapping[str, Any] | None) -> Cost:
        if model is not None and model.kind == "vllm":
            return Cost(usd_per_million=None, basis="it runs on a server of your own, which has no price a call")
        return api_cost(_price(model, self._book), tokens_of(counted))


def _price(model: TeacherSpec | None, book: PriceBook) -> ModelPrice | None:
    try:
        return book.model(model.model) if model is not None else None
    except PriceMissingError:
        return None


def _serving(spec: DistillationSpec, results: Results, book: PriceBook, made_on: dt.date) -> tuple[Serving | None, str]:
    """Return what serving the student takes, measured or estimated, or why nobody knows."""
    verified = results["verify"]
    load = verified.get("load")
    if load is not None:
        found = measured_serving(load, book, made_on)
        if isinstance(found, Serving):
            return found, ""
        why_not = found
    elif verified.get("verified"):
        why_not = verified.get("not_measured") or "its throughput was not measured"
    else:
        why_not = "it is not served, so nothing was measured"
    return estimated_serving(spec.student.base, _predicted(results, "student"), book), why_not


def _predicted(results: Results, name: str) -> Tokens | None:
    """Return the tokens of a candidate that answered beside the training; None where none were counted."""
    for each in results["predict"].get("candidates", ()):
        if each["name"] == name and each["answers"]:
            counted = {"input": each["tokens_in"], "cache_read": 0, "cache_write": 0, "output": each["tokens_out"]}
            return tokens_of({"answers": each["answers"], "tokens": counted})
    return None


def _latencies(results: Results) -> dict[str, Mapping[str, Any]]:
    found = {
        "teacher": results["generate"].get("golden", {}).get("latency"),
        "student": results["verify"].get("latency"),
        **{each["name"]: each for each in results["baselines"]["candidates"] if "p50_s" in each},
    }
    prompted = results.get("prompted", {})
    if prompted.get("name") is not None:
        found[prompted["name"]] = prompted.get("latency")
    return {name: each for name, each in found.items() if each is not None}


def _pays(
    candidates: Sequence[Mapping[str, Any]], costs: Mapping[str, Cost], serving: Serving
) -> Iterator[Mapping[str, Any]]:
    for each in candidates:
        if each["kind"] in {"teacher", "api"}:
            pays = pays_from(each["what"], costs[each["name"]], serving)
            if pays is not None:
                yield pays.document()
