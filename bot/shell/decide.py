"""`cairn decide`: the decision core on a file of answers."""

import json
from pathlib import Path
from typing import Any

import click
import yaml

from agents.errors import UserError
from agents.services.decide_documents import decide_document
from agents.wiring import prices_today


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per case, each on a line of its own.")
@click.option("--compute-facts", is_flag=True, help="Compute facts that FILE does not give, with today's prices.")
def decide(file: Path, as_json: bool, compute_facts: bool) -> None:
    """Say which way to adapt a model, from the answers in FILE.

    FILE is YAML with `answers` and optional `facts`, or with a list `scenarios` of such, each with an `id`.
    """
    try:
        cases = decide_document(read_document(file), prices_today() if compute_facts else None)
    except UserError as cause:
        raise click.UsageError(f"{file}: {cause}") from cause
    for case in cases:
        click.echo(json.dumps(case, default=str) if as_json else _for_people(case))


def read_document(file: Path) -> dict[str, Any]:
    """Return the mapping that a YAML (or JSON) file holds.

    Raises:
        click.UsageError: The file is no YAML mapping; the text says where it breaks.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as cause:
        raise click.UsageError(f"{file} cannot be read as YAML: {cause}") from cause
    if not isinstance(document, dict):
        raise click.UsageError(f"{file} holds {type(document).__name__}, not keys with values.")
    return document


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
