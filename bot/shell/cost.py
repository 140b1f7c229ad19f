"""`cairn cost`: the cost core on a file of inputs."""

import json
from pathlib import Path

import click

from agents.costs.compare import Comparison
from agents.costs.documents import json_schema
from agents.costs.report import to_csv
from agents.costs.report_markdown import to_markdown
from agents.errors import UserError
from agents.services.costs import compare_document
from agents.wiring import cost_charts, prices_today
from bot.shell.decide import read_document


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="The whole comparison as one JSON object.")
@click.option("--chart", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write a PNG here.")
@click.option(
    "--csv", "csv_file", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write a CSV here."
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of FILE and stop.")
def cost(file: Path | None, as_json: bool, chart: Path | None, csv_file: Path | None, schema: bool) -> None:
    """Compare what each way of adapting a model costs, for the inputs in FILE (YAML or JSON)."""
    if schema:
        click.echo(json.dumps(json_schema(), indent=2))
        return
    if file is None:
        raise click.UsageError("Missing argument 'FILE'; `cairn cost --schema` prints the keys that it may hold.")
    document = read_document(file)
    try:
        # A list where one value is expected is a sweep; chart, table and CSV show the first of its comparisons.
        comparison, result = compare_document(document, prices_today())
    except UserError as cause:
        raise click.UsageError(f"{file}: {cause}") from cause
    if chart is not None:
        _write_chart(chart, comparison)
    if csv_file is not None:
        csv_file.write_text(to_csv(comparison), encoding="utf-8")
    click.echo(json.dumps(result) if as_json else to_markdown(comparison))


def _write_chart(file: Path, comparison: Comparison) -> None:
    picture = cost_charts()["volume"].png(comparison)
    if not picture:
        raise click.UsageError(f"{file} was not drawn: the chart needs {', '.join(comparison.missing)}.")
    file.write_bytes(picture)
