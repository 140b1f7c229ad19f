"""The report of a distillation run: every candidate in one table, who pays from which volume, and one next step."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from agents.costs.wording import dollars, rounded_volume
from agents.distillation.gate import CandidateKind
from agents.distillation.report_costs import Cost

_ORDER: Final[Sequence[CandidateKind]] = ("teacher", "api", "base", "student", "baseline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One candidate.

    Attributes:
        value: Its score by the metric of the gate, with `low` and `high` around it.
        usd_per_million: For a million requests; None where that is not known.
        basis: How the cost is known, or why it is not.
        p50_s: Seconds that half of its measured answers took at most; None where none were measured.
        p95_s: The same of 19 in 20.
    """

    name: str
    kind: CandidateKind
    what: str
    value: float
    low: float
    high: float
    usd_per_million: Decimal | None
    basis: str
    p50_s: float | None
    p95_s: float | None

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        usd = self.usd_per_million
        return {
            "name": self.name,
            "kind": self.kind,
            "what": self.what,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "usd_per_million_requests": None if usd is None else float(usd),
            "cost_basis": self.basis,
            "p50_s": self.p50_s,
            "p95_s": self.p95_s,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found; `pays`, `tests`, `serving` and `step` are documents of their modules."""

    student: str
    metric: str
    examples: int
    level: float
    made_on: dt.date
    rows: tuple[Row, ...]
    pays: tuple[Mapping[str, Any], ...]
    tests: tuple[Mapping[str, Any], ...]
    serving: Mapping[str, Any] | None
    step: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON, which `report_of` takes."""
        return {
            "student": self.student,
            "metric": self.metric,
            "examples": self.examples,
            "level": self.level,
            "made_on": self.made_on.isoformat(),
            "rows": [row.document() for row in self.rows],
            "pays": list(self.pays),
            "tests": list(self.tests),
            "serving": self.serving,
            "next_step": self.step,
        }


def report_of(document: Mapping[str, Any]) -> Report:
    """Return the report of a document."""
    return Report(
        student=document["student"],
        metric=document["metric"],
        examples=document["examples"],
        level=document["level"],
        made_on=dt.date.fromisoformat(document["made_on"]),
        rows=tuple(_row_of(each) for each in document["rows"]),
        pays=tuple(document["pays"]),
        tests=tuple(document["tests"]),
        serving=document["serving"],
        step=document["next_step"],
    )


def rows_of(
    candidates: Sequence[Mapping[str, Any]],
    metric: str,
    costs: Mapping[str, Cost],
    latencies: Mapping[str, Mapping[str, Any]],
) -> tuple[Row, ...]:
    """Return the rows of a table, in the order in which it is read; costs and latencies are by a candidate's name."""
    found = [_row(each, metric, costs[each["name"]], latencies.get(each["name"])) for each in candidates]
    return tuple(sorted(found, key=lambda row: (_ORDER.index(row.kind), -row.value)))


def quality_words(row: Row) -> str:
    """Return a score with its interval: "95.0% (90.2 to 98.1)"."""
    return f"{row.value:.1%} ({100 * row.low:.1f} to {100 * row.high:.1f})"


def cost_words(row: Row) -> str:
    """Return what a million requests cost, or that nobody knows."""
    return "unknown" if row.usd_per_million is None else dollars(row.usd_per_million)


def latency_words(row: Row) -> str:
    """Return both percentiles: "31 / 48 ms"."""
    if row.p50_s is None or row.p95_s is None:
        return "not measured"
    if row.p50_s < 1:
        return f"{1_000 * row.p50_s:.3g} / {1_000 * row.p95_s:.3g} ms"
    return f"{row.p50_s:.3g} / {row.p95_s:.3g} s"


def pays_words(pays: Mapping[str, Any]) -> str:
    """Return from which volume the student pays against one that is asked today."""
    day, month = pays["requests_per_day"], pays["requests_per_month"]
    if day is None:
        return f"against {pays['against']}: at no volume that one server carries"
    a_day, a_month = (rounded_volume(Decimal(str(amount))) for amount in (day, month))
    return f"against {pays['against']}: from {a_day} requests a day, {a_month} a month"


def headline(report: Report) -> str:
    """Return what the report says first: the student's score, and beside it the teacher's or the best of the others."""
    student = next(row for row in report.rows if row.kind == "student")
    metric = report.metric.replace("_", " ")
    parts = [f"{report.student}: {metric} {quality_words(student)}"]
    teacher = next((row for row in report.rows if row.kind == "teacher"), None)
    if teacher is not None:
        parts.append(f"its teacher {teacher.value:.1%}")
        parts += list(_cheaper(student, teacher))
    return ", ".join(parts)


def _cheaper(student: Row, teacher: Row) -> Iterator[str]:
    mine, theirs = student.usd_per_million, teacher.usd_per_million
    if not mine or not theirs:
        return
    times = theirs / mine
    if times >= Decimal("1.5"):
        yield f"{times:,.0f} times cheaper on a full server" if times >= 10 else f"{times:.1f} times cheaper"
    elif times < 1:
        yield f"{1 / times:.1f} times dearer"


def _row(candidate: Mapping[str, Any], metric: str, cost: Cost, latency: Mapping[str, Any] | None) -> Row:
    score = candidate["metrics"][metric]
    return Row(
        name=candidate["name"],
        kind=candidate["kind"],
        what=candidate["what"],
        value=score["value"],
        low=score["low"],
        high=score["high"],
        usd_per_million=cost.usd_per_million,
        basis=cost.basis,
        p50_s=None if latency is None else latency["p50_s"],
        p95_s=None if latency is None else latency["p95_s"],
    )


def _row_of(document: Mapping[str, Any]) -> Row:
    usd = document["usd_per_million_requests"]
    return Row(
        name=document["name"],
        kind=document["kind"],
        what=document["what"],
        value=document["value"],
        low=document["low"],
        high=document["high"],
        usd_per_million=None if usd is None else Decimal(str(usd)),
        basis=document["cost_basis"],
        p50_s=document["p50_s"],
        p95_s=document["p95_s"],
    )
