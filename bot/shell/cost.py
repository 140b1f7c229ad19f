"""`cairn cost`: the cost core on a file of inputs."""

import json
from pathlib import Path

import click

from agents.errors import UserError
from agents.wiring import compare_document, cost_schema
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
        click.echo(json.dumps(cost_schema(), indent=2))
        return
    if file is None:
        raise click.UsageError("Missing argument 'FILE'; `cairn cost --schema` prints the keys that it may hold.")
    try:
        compared = compare_document(read_document(file))
    except UserError as cause:
        raise click.UsageError(f"{file}: {cause}") from cause
    if chart is not None:
        chart.write_bytes(compared.chart_png())
    if csv_file is not None:
        csv_file.write_text(compared.csv(), encoding="utf-8")
    click.echo(json.dumps(compared.document) if as_json else compared.table())
