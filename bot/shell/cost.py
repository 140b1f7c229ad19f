"""`cairn cost`: the cost core on a file of inputs, or on those of a conversation."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import click

from agents.costs.compare import Comparison
from agents.costs.derived.figures import derivation
from agents.costs.documents import json_schema
from agents.costs.guide_tables.tables import guide_tables
from agents.costs.prices.book import PriceBook
from agents.costs.report import to_csv, to_json
from agents.costs.report_markdown import guide_markdown, to_markdown
from agents.errors import UserError
from agents.services.cost_explained import derivation_json, derivation_text
from agents.services.cost_side_by_side import SideBySide, side_by_side, side_by_side_json, side_by_side_markdown
from agents.services.costs import ChartKind, compare_document
from agents.settings import load_settings
from agents.wiring import cost_charts, prices_offline
from bot.shell.input_files import read_document
from bot.shell.session import open_session

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_MORE = "`--guide` puts the guide's own figures beside these; `--why FIGURE_ID` says how a figure comes about."
_NO_FILE = "Missing argument 'FILE'; `cairn cost --schema` prints the keys that it may hold."


class ChartOption(click.ParamType[tuple[ChartKind, Path]]):
    """KIND=FILE, or FILE for the chart of cost against volume."""

    name = "[KIND=]FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[ChartKind, Path]:
        """Return which chart goes to which file."""
        if isinstance(value, tuple):
            return value
        kind, has_kind, file = str(value).rpartition("=")
        if not has_kind:
            return "volume", Path(file)
        found = next((each for each in get_args(ChartKind) if each == kind), None)
        if found is None:
            self.fail(f"There is no chart {kind!r}. There are: {', '.join(get_args(ChartKind))}.", param, ctx)
        if not file:
            self.fail(f"Name the file after {kind}=, for example {kind}=costs.png.", param, ctx)
        return found, Path(file)


@dataclass(frozen=True, slots=True)
class _Priced:
    """A comparison, the same as plain JSON, and the prices it was made with."""

    comparison: Comparison
    result: dict[str, Any]
    book: PriceBook


@click.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="The whole comparison as one JSON object.")
@click.option(
    "--chart",
    "charts",
    type=ChartOption(),
    multiple=True,
    help="Write a PNG here: volume (unless named), payback, memory or sensitivity. May be given several times.",
)
@click.option(
    "--csv", "csv_file", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write a CSV here."
)
@click.option(
    "--why",
    "figures",
    multiple=True,
    metavar="FIGURE_ID",
    help="How a figure comes about, such as prompt:claude-haiku-5-5/usd_per_month.",
)
@click.option("--guide", is_flag=True, help="The guide's tables beside this comparison's figures.")
@click.option("--compare", "other", type=_FILE, help="Side by side with the inputs in this file.")
@click.option("--team", "is_team", is_flag=True, help="At the prices and measurements of this workspace.")
@click.option("--conversation", metavar="ID", help="The inputs of a conversation in place of FILE, at its prices.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of FILE and stop.")
def cost(
    *,
    file: Path | None,
    as_json: bool,
    charts: Sequence[tuple[ChartKind, Path]],
    csv_file: Path | None,
    figures: Sequence[str],
    guide: bool,
    other: Path | None,
    is_team: bool,
    conversation: str | None,
    data: Path | None,
    schema: bool,
) -> None:
    """Compare what each way of adapting a model costs, for the inputs in FILE (YAML or JSON)."""
    if schema:
        click.echo(json.dumps(json_schema(), indent=2))
        return
    if (file is None) == (conversation is None):
        raise click.UsageError(_NO_FILE if file is None else "Give FILE or --conversation, not both.")
    priced = _from_conversation(data, conversation) if conversation else _from_file(_given(file), data, is_team=is_team)
    both = _beside(other, priced, file.name if file else f"conversation {conversation}") if other else None
    for kind, place in charts:
        _write_chart(kind, place, priced.comparison)
    if csv_file is not None:
        _write_csv(csv_file, priced.comparison)
    try:
        explained = [derivation(priced.comparison, figure) for figure in figures]
    except UserError as cause:
        raise click.UsageError(str(cause)) from cause
    if as_json:
        why = {"why": [derivation_json(each) for each in explained]} if explained else {}
        beside = {"compared_with": side_by_side_json(both)} if both is not None else {}
        click.echo(json.dumps({**priced.result, **why, **beside}))
        return
    parts = [derivation_text(each) for each in explained]
    parts += [side_by_side_markdown(both)] if both is not None else []
    parts += [guide_markdown(table) for table in guide_tables(priced.comparison)] if guide else []
    click.echo("\n\n".join(parts) or f"{to_markdown(priced.comparison)}\n\n{_MORE}")


def _given(file: Path | None) -> Path:
    if file is None:
        raise click.UsageError(_NO_FILE)
    return file


def _from_file(file: Path, data: Path | None, *, is_team: bool) -> _Priced:
    """Return the comparison of a file; of one with lists that of the first values, the others in its JSON."""
    document = read_document(file)
    book = asyncio.run(_team_book(data)) if is_team else _offline_book()
    return _priced(file, document, book)


def _priced(file: Path, document: dict[str, Any], book: PriceBook) -> _Priced:
    try:
        return _Priced(*compare_document(document, book), book)
    except UserError as cause:
        raise click.UsageError(f"{file}: {cause}") from cause


def _offline_book() -> PriceBook:
    try:
        return prices_offline(load_settings())
    except UserError as cause:
        raise click.UsageError(str(cause)) from cause


async def _team_book(data: Path | None) -> PriceBook:
    async with open_session(data) as session:
        return await session.services.prices.book(session.team_id)


def _from_conversation(data: Path | None, conversation_id: str) -> _Priced:
    async def read() -> _Priced:
        async with open_session(data) as session:
            comparison = await session.services.costs.comparison(session.team_id, conversation_id)
            return _Priced(comparison, to_json(comparison), await session.services.prices.book(session.team_id))

    return asyncio.run(read())


def _beside(other: Path, priced: _Priced, name: str) -> SideBySide:
    """Return the comparison beside that of another file, at the same prices."""
    second = _priced(other, read_document(other), priced.book).comparison
    return side_by_side(name, priced.comparison, other.name, second)


def _write_csv(file: Path, comparison: Comparison) -> None:
    try:
        file.write_text(to_csv(comparison), encoding="utf-8")
    except OSError as cause:
        raise click.UsageError(f"{file} cannot be written: {cause.strerror}.") from cause


def _write_chart(kind: ChartKind, file: Path, comparison: Comparison) -> None:
    picture = cost_charts()[kind].png(comparison)
    if not picture:
        needs = ", ".join(comparison.missing) or "two approaches that compete"
        raise click.UsageError(f"{file} was not drawn: the {kind} chart needs {needs}.")
    try:
        file.write_bytes(picture)
    except OSError as cause:
        raise click.UsageError(f"{file} cannot be written: {cause.strerror}.") from cause
