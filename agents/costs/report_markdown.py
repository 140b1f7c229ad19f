"""The comparison as Markdown: the table, what flips it and what it rests on; the guide's tables beside it."""

from collections.abc import Iterator

from agents.costs.compare import Comparison
from agents.costs.guide_tables.tables import GuideTable
from agents.costs.report import to_markdown_table
from agents.costs.sensitivity.report import sensitivity_markdown


def to_markdown(comparison: Comparison) -> str:
    """Return what people are shown of a comparison; the table of approaches comes first."""
    return "\n\n".join(part for part in _parts(comparison) if part)


def _parts(comparison: Comparison) -> Iterator[str]:
    yield to_markdown_table(comparison)
    if comparison.missing:
        yield f"Nothing is priced yet: {', '.join(comparison.missing)} must be known."
    yield comparison.would_flip
    yield "\n".join(f"- {warning}" for warning in comparison.warnings)
    if moved := sensitivity_markdown(comparison.sensitivity):
        yield f"## What moves the ranking\n\n{moved}"
    yield "## What it rests on"
    yield "\n".join(
        f"- {line.text} ({line.kind}: {line.source}, {line.as_of.isoformat()})" for line in comparison.assumptions
    )


def guide_markdown(table: GuideTable) -> str:
    """Return one of the guide's tables under its title."""
    lines = [f"### {table.title}", ""]
    if table.rows:
        lines += [_line(table.columns), f"|{'---|' * len(table.columns)}", *(_line(row) for row in table.rows)]
    if table.note:
        lines += ["", table.note] if table.rows else [table.note]
    return "\n".join(lines)


def _line(cells: tuple[str, ...]) -> str:
    # A bar within a cell would begin another.
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
