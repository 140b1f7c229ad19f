"""Two comparisons beside each other: what each approach costs in both, and which inputs differ; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.report import ordered_rows, plain
from agents.costs.wording import dollars
from agents.services.cost_fields import BY_KEY, shown
from agents.services.cost_values import value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySideRow:
    """One approach in both; a side is None where that comparison does not have it. USD, base values."""

    id: str
    label: str
    left: Approach | None
    right: Approach | None

    @property
    def usd_per_month_more(self) -> Decimal | None:
        """What a month costs more on the right; None where a side does not have the approach."""
        if self.left is None or self.right is None:
            return None
        return self.right.usd_per_month.value - self.left.usd_per_month.value

    @property
    def usd_upfront_more(self) -> Decimal | None:
        """What is paid once more on the right; None where a side does not have the approach."""
        if self.left is None or self.right is None:
            return None
        return self.right.usd_upfront.value - self.left.usd_upfront.value


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDifference:
    """An input that differs, with its value on either side as people read it."""

    key: str
    label: str
    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Two comparisons by name, their rows matched, and the inputs in which they differ."""

    left_name: str
    right_name: str
    left: Comparison
    right: Comparison
    rows: tuple[SideBySideRow, ...]
    inputs: tuple[InputDifference, ...]


def side_by_side(left_name: str, left: Comparison, right_name: str, right: Comparison) -> SideBySide:
    """Return two comparisons beside each other, in the order of the left one's ranking.

    A student goes by what is done with it, since the two may train different ones; an API model goes by its name.
    """
    lefts, rights = _by_match(left), _by_match(right)
    rows = tuple(
        SideBySideRow(
            id=match, label=_label(lefts.get(match), rights.get(match)), left=lefts.get(match), right=rights.get(match)
        )
        for match in dict.fromkeys((*lefts, *rights))
    )
    return SideBySide(
        left_name=left_name, right_name=right_name, left=left, right=right, rows=rows, inputs=_differences(left, right)
    )


def side_by_side_json(both: SideBySide) -> dict[str, Any]:
    """Return both rankings, the rows with their differences and the inputs that differ, as plain JSON values."""
    return {
        "left": {"name": both.left_name, "ranking": list(both.left.ranking)},
        "right": {"name": both.right_name, "ranking": list(both.right.ranking)},
        "rows": [
            {
                "id": row.id,
                "label": row.label,
                "left": _side_json(row.left),
                "right": _side_json(row.right),
                "usd_per_month_more": plain(row.usd_per_month_more),
                "usd_upfront_more": plain(row.usd_upfront_more),
            }
            for row in both.rows
        ],
        "inputs": [
            {"key": each.key, "label": each.label, "left": each.left, "right": each.right} for each in both.inputs
        ],
    }


def side_by_side_markdown(both: SideBySide) -> str:
    """Return the rows with their differences as a table, and the inputs behind them."""
    names = f"{_cell(both.left_name)} | {_cell(both.right_name)}"
    lines = [
        f"| Approach | {names} | Difference | Upfront | Upfront difference |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in both.rows:
        upfront = "-" if row.right is None else dollars(row.right.usd_upfront.value)
        cells = (_cell(row.label), month(row.left), month(row.right), more(row.usd_per_month_more, row.left), upfront)
        lines.append(f"| {' | '.join((*cells, more(row.usd_upfront_more)))} |")
    differing = [f"- {each.label}: {each.left} -> {each.right}" for each in both.inputs] or ["- nothing"]
    return "\n".join([*lines, "", "USD per month. What differs:", "", *differing])


def month(row: Approach | None) -> str:
    """Return what a row costs a month, for people; a dash where a side does not have it."""
    return "-" if row is None else dollars(row.usd_per_month.value)


def more(usd: Decimal | None, of: Approach | None = None) -> str:
    """Return a difference with its sign, and as a share of the month of the row that it is a difference to."""
    if usd is None:
        return "-"
    if usd == 0:
        return "same"
    sign = "+" if usd > 0 else "-"
    share = f" ({sign}{abs(usd) / of.usd_per_month.value:.0%})" if of is not None and of.usd_per_month.value else ""
    return f"{sign}{dollars(abs(usd))}{share}"


def _cell(text: str) -> str:
    # A bar within a cell would begin another.
    return text.replace("|", "/")


def _by_match(comparison: Comparison) -> Mapping[str, Approach]:
    matched: dict[str, Approach] = {}
    for row in ordered_rows(comparison):
        matched.setdefault(row.kind if row.kind in {"fine_tune", "distil"} else row.id, row)
    return matched


def _label(left: Approach | None, right: Approach | None) -> str:
    labels = [each.label for each in (left, right) if each is not None]
    return " / ".join(dict.fromkeys(labels))


def _side_json(row: Approach | None) -> dict[str, Any] | None:
    if row is None:
        return None
    figures = {"usd_per_month": row.usd_per_month, "usd_upfront": row.usd_upfront}
    return {
        "id": row.id,
        **{
            name: {"low": plain(figure.low), "base": plain(figure.value), "high": plain(figure.high)}
            for name, figure in figures.items()
        },
    }


def _differences(left: Comparison, right: Comparison) -> tuple[InputDifference, ...]:
    """Return the inputs whose values differ: those that can be typed by their names, any other by its key."""
    found = []
    named = set(BY_KEY) | {"gpu", "n_gpu"}
    for key, field in BY_KEY.items():
        values = value_of(left.scenario, key), value_of(right.scenario, key)
        if values[0] != values[1]:
            words = ["not set" if value is None else shown(field, value) for value in values]
            found.append(InputDifference(key=key, label=field.label, left=words[0], right=words[1]))
    for key in type(left.scenario.inputs).model_fields:
        pair = getattr(left.scenario.inputs, key), getattr(right.scenario.inputs, key)
        if key not in named and pair[0] != pair[1]:
            found.append(InputDifference(key=key, label=key, left=str(pair[0]), right=str(pair[1])))
    return tuple(found)
