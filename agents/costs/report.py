"""A comparison as JSON, CSV and Markdown."""

import csv
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agents.costs.approaches import Approach
from agents.costs.calibration_report import calibrations_json
from agents.costs.compare import Comparison, facts_from
from agents.costs.figures import Band, Figure
from agents.costs.guide_tables.claims import Claim, claims
from agents.costs.guide_tables.tables import GuideTable, guide_tables
from agents.costs.prices.book import ModelPrice
from agents.costs.sensitivity.report import sensitivity_json
from agents.costs.terms import price_kind
from agents.costs.upfront import total
from agents.costs.wording import dollars


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as plain JSON values; amounts are numbers, never becomes null."""
    return {
        "as_of": comparison.as_of.isoformat(),
        "approaches": [_row(row, comparison) for row in comparison.rows],
        "ranking": list(comparison.ranking),
        "missing": list(comparison.missing),
        "payback_baseline": {
            "model": comparison.baseline.id,
            "row": comparison.baseline.row_id,
            "why": comparison.baseline_reason,
        },
        "would_flip": comparison.would_flip,
        "sensitivity": sensitivity_json(comparison.sensitivity),
        "facts": facts_from(comparison),
        "guide": [
            {"topic": line.topic, "guide": line.guide, "computed": line.computed, "why": line.reason}
            for line in comparison.guide
        ],
        "guide_tables": [_table(table) for table in guide_tables(comparison)],
        "claims": [_claim(claim) for claim in claims(comparison)],
        "assumptions": [
            {
                "text": line.text,
                "key": line.key,
                "source": line.source,
                "kind": line.kind,
                "as_of": line.as_of.isoformat(),
            }
            for line in comparison.assumptions
        ],
        "prices": _prices(comparison),
        "calibrations": calibrations_json(comparison.scenario),
        "warnings": list(comparison.warnings),
        "details": plain(comparison.details),
    }


def to_csv(comparison: Comparison) -> str:
    """Return one line per approach, amounts in full, with a header; never is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    amounts = ("usd_upfront", "usd_per_request", "usd_per_month", "usd_per_million_tokens")
    models = [price.id for price in (*comparison.scenario.models, *comparison.scenario.references)]
    writer.writerow(
        [
            "approach",
            "label",
            *(f"{name}_{edge}" for name in amounts for edge in ("low", "base", "high")),
            "replicas",
            "utilisation",
            *(f"break_even_requests_per_day_vs_{model}" for model in models),
            "payback_days",
            "compute_h",
            "people_time",
            "evidence",
            "notes",
            "source",
            "as_of",
            *(f"break_even_requests_per_day_vs_hosted_{model.name}" for model in comparison.scenario.hosted),
            "latency_floor_s",
            "ruled_out",
        ]
    )
    for row in comparison.rows:
        figures = [getattr(row, name) for name in amounts]
        writer.writerow(
            [
                row.id,
                row.label,
                *(plain(edge) for figure in figures for edge in (figure.low, figure.value, figure.high)),
                row.replicas,
                row.utilisation,
                *(plain(row.break_even.get(model)) for model in models),
                plain(row.payback_days),
                row.compute_h,
                row.people_time,
                row.evidence,
                "; ".join(row.notes),
                row.usd_per_month.source,
                row.usd_per_month.as_of.isoformat(),
                *(plain(row.break_even_hosted.get(model.name)) for model in comparison.scenario.hosted),
                plain(row.latency_floor_s.value),
                row.ruled_out,
            ]
        )
    return text.getvalue()


def to_markdown_table(comparison: Comparison) -> str:
    """Return the table that people are shown, low to high in brackets where they differ from the base."""
    header = "| Approach | Upfront | Per request | Per month | Per M tokens | Time to deploy | Evidence |"
    lines = [header, "|---|---:|---:|---:|---:|---|---|"]
    for row in ordered_rows(comparison):
        time = row.people_time if row.compute_h is None else f"{row.people_time} ({row.compute_h:.2g} h of training)"
        evidence = "; ".join((row.evidence, *row.notes))
        amounts = (row.usd_per_request, row.usd_per_month, row.usd_per_million_tokens)
        cells = (row.label, _upfront(row), *(banded(amount) for amount in amounts), time, evidence)
        # A bar within a name would begin another cell.
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)


def ordered_rows(comparison: Comparison) -> tuple[Approach, ...]:
    """Return the rows as ranked, those left out of the ranking last."""
    ranked = [comparison.row(row_id) for row_id in comparison.ranking]
    return (*ranked, *(row for row in comparison.rows if row.id not in comparison.ranking))


def banded(figure: Figure | Band) -> str:
    """Return an amount for people with its range, if it has one."""
    middle = figure.base if isinstance(figure, Band) else figure.value
    low, base, high = dollars(figure.low), dollars(middle), dollars(figure.high)
    return base if low == high else f"{base} ({low} to {high})"


def _upfront(row: Approach) -> str:
    """Return the upfront cost; people's time apart, because compute is rarely the larger part."""
    compute = total({name: band for name, band in row.upfront_lines.items() if name != "engineering"})
    people = row.upfront_lines.get("engineering", Band.flat(0))
    return f"{banded(compute)} + {banded(people)} people" if people.high else banded(compute)


def _row(row: Approach, comparison: Comparison) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "kind": row.kind,
        "usd_upfront": _figure(row.usd_upfront),
        "usd_per_request": _figure(row.usd_per_request),
        "usd_per_month": _figure(row.usd_per_month),
        "usd_per_million_tokens": _figure(row.usd_per_million_tokens),
        "upfront_lines": {name: _figure(figure) for name, figure in row.upfront_figures.items()},
        "latency_floor_s": _figure(row.latency_floor_s),
        "replicas": row.replicas,
        "utilisation": row.utilisation,
        "break_even": plain(row.break_even),
        "break_even_hosted": plain(row.break_even_hosted),
        "payback_days": plain(row.payback_days),
        "time_to_deploy": {"people": row.people_time, "compute_h": row.compute_h},
        "evidence": row.evidence,
        "rank": comparison.ranking.index(row.id) + 1 if row.id in comparison.ranking else None,
        "retires_on": row.retires_on.isoformat() if row.retires_on else None,
        "is_reference": row.is_reference,
        "covers_knowledge": row.covers_knowledge,
        "ruled_out": row.ruled_out or None,
        "notes": list(row.notes),
    }


def _table(table: GuideTable) -> dict[str, Any]:
    return {
        "id": table.id,
        "title": table.title,
        "columns": list(table.columns),
        "rows": [list(row) for row in table.rows],
        "note": table.note,
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "claim": claim.claim,
        "verdict": claim.verdict,
        "computed": claim.computed,
        "why": claim.reason,
        "holds": claim.holds,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "low": plain(figure.low),
        "base": plain(figure.value),
        "high": plain(figure.high),
        "unit": figure.unit,
        "kind": figure.kind,
        "source": figure.source,
        "as_of": figure.as_of.isoformat(),
    }


def _prices(comparison: Comparison) -> dict[str, Any]:
    """Return the prices that went into the comparison."""
    scenario = comparison.scenario
    gpus = {gpu.name: gpu for gpu in (scenario.serving_gpu, scenario.training_gpu)}
    if scenario.open_teacher is not None:
        gpus[scenario.open_teacher.gpu.name] = scenario.open_teacher.gpu
    models: dict[str, ModelPrice] = {
        price.id: price for price in (*scenario.models, *scenario.references, scenario.teacher)
    }
    return {
        "models": {name: _rates(price) for name, price in models.items()},
        "hosted": {model.name: {quote.provider: _rates(quote) for quote in model.quotes} for model in scenario.hosted},
        "gpus": {
            name: {
                "usd_per_hour": plain(gpu.usd_per_hour),
                "source": gpu.source,
                "as_of": gpu.as_of.isoformat(),
                "kind": price_kind(gpu),
            }
            for name, gpu in gpus.items()
        },
    }


def _rates(price: ModelPrice) -> dict[str, Any]:
    return {
        "input": plain(price.standard.input),
        "output": plain(price.standard.output),
        "cache_read": plain(price.standard.cache_read),
        "cache_write": plain(price.standard.cache_write),
        "source": price.source,
        "as_of": price.as_of.isoformat(),
        "kind": price_kind(price),
    }


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: decimals as numbers, bands as their edges."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Band):
        return {"low": float(value.low), "base": float(value.base), "high": float(value.high)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value
