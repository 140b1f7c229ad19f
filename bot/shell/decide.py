"""`cairn decide`: the decision core on a file of answers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from agents.errors import UserError
from agents.services.decide_documents import decide_document
from agents.services.decision_records import document_records
from agents.wiring import prices_today
from bot.shell.input_files import read_document


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per case, each on a line of its own.")
@click.option("--compute-facts", is_flag=True, help="Compute facts that FILE does not give, with today's prices.")
@click.option(
    "--record", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT.md",
    help="Write the decision record here: verdict, reasons, costs and their sources, in Markdown.",
)  # fmt: skip
def decide(file: Path, as_json: bool, compute_facts: bool, record: Path | None) -> None:
    """Say which way to adapt a model, from the answers in FILE.

    FILE is YAML with `answers` and optional `facts`, or with a list `scenarios` of such, each with an `id`.
    """
    document = read_document(file)
    try:
        cases = decide_document(document, prices_today() if compute_facts else None)
        if record is not None:
            book, now = prices_today(), datetime.now(UTC)
            text = document_records(document, book, source=file.name, made_on=now, compute_facts=compute_facts)
            _write_record(record, text)
    except UserError as cause:
        raise click.UsageError(f"{file}: {cause}") from cause
    for case in cases:
        click.echo(json.dumps(case, default=str) if as_json else _for_people(case))


def _write_record(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as cause:
        raise click.UsageError(f"{file} cannot be written: {cause.strerror}.") from cause


def _for_people(case: dict[str, Any]) -> str:
    lines = [f"{case['id']}: {case['verdict']}" + (f" ({case['method']})" if case["method"] else "")]
    lines += [f"  {name}: {', '.join(case[name])}" for name in ("add", "blockers", "todo", "rules") if case[name]]
    lines.append(f"  confidence: {case['confidence']}")
    if case["next_question"]:
        lines.append(f"  ask next: {case['next_question']}")
    if case.get("computed_facts"):
        computed = (f"{name}={_said(case['facts'][name])}" for name in case["computed_facts"])
        lines.append(f"  computed: {', '.join(computed)}")
    if case.get("unpriced"):
        lines.append(f"  not priced: {case['unpriced']}")
    flips = [*case["what_would_change"], *case["method_would_change"]]
    lines += ["  what would change it:", *(f"    {flip['text']}" for flip in flips)] if flips else []
    return "\n".join(lines)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "never" if value is None else f"{value:.4g}"
