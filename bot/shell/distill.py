"""`cairn distill`: a student of one's own, from a file, in a shell."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from agents.distillation.documents import FILES, json_schema, within
from agents.distillation.report import cost_words, pays_words, report_of
from agents.errors import UserError
from agents.runs.money import cost_band, dollars
from agents.runs.states import RunState
from agents.runs.views import ProposalView
from bot.shell.input_files import read_document
from bot.shell.session import open_session
from bot.shell.working import work_on


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--yes", is_flag=True, help="Approve the run and ask nothing on the way.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object last: data, scores, gate, deployment, spend.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of FILE, and stop.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def distill(file: Path | None, yes: bool, as_json: bool, schema: bool, data: Path | None) -> int:
    """Make the student that FILE describes: generate, filter, train, hold it to its teacher, serve it.

    Paths of data in FILE, and of a base that begins with ./, are relative to it. Without --yes you see what it takes,
    and are asked before anything starts.
    """
    if schema:
        click.echo(json.dumps(json_schema(), indent=2))
        return 0
    if file is None:
        raise click.UsageError("Give the FILE that describes the student, or --schema to see what it holds.")
    result = asyncio.run(_distill(file.resolve(), yes, data))
    click.echo(json.dumps(result) if as_json else summary_text(result))
    return 0 if result["state"] == RunState.DONE else 1


async def _distill(file: Path, yes: bool, data: Path | None) -> dict[str, Any]:
    document = within(read_document(file), str(file.parent))
    # Whoever has a shell here may read these files anyway.
    roots = sorted({str(Path(each).parent) for each in _paths(document)} | {str(file.parent)})
    async with open_session(data, allowed_roots=tuple(roots)) as session:
        services = session.services
        proposal = await services.distillations.propose(
            session.team_id, document, requested_by=session.who, unattended=yes
        )
        if not yes and not _confirmed(proposal):
            await services.runs.deny(session.team_id, proposal.id, session.who)
            raise UserError("Nothing was started. Run it again with --yes to approve it.")
        started_s = time.monotonic()
        run_id = await services.runs.approve(
            session.team_id, proposal.id, proposal.params_hash, session.who, terms=proposal.terms
        )
        if run_id is None:
            raise UserError(f"Proposal {proposal.id} needs another person's approval: `cairn approve {proposal.id}`.")
        view = await work_on(session, run_id)
        spend = view.spend
        return {
            "run": run_id,
            "state": str(view.state),
            **(view.result or {}),
            "spent_usd": float(spend.spent_usd) if spend is not None else 0.0,
            "seconds": round(time.monotonic() - started_s, 3),
            "error": view.error,
        }


def _paths(document: dict[str, Any]) -> list[str]:
    held = document.get("data")
    return [held[use] for use in FILES if isinstance(held, dict) and isinstance(held.get(use), str)]


def _confirmed(proposal: ProposalView) -> bool:
    for key in ("name", "task", "examples", "golden", "teacher", "compared", "student", "method", "gate", "then"):
        if key in proposal.params:
            click.echo(f"{key}: {proposal.params[key]}", err=True)
    for key in ("memory", "host"):
        if key in proposal.estimate:
            click.echo(f"{key}: {proposal.estimate[key]}", err=True)
    band = cost_band(proposal.estimate)
    click.echo(f"cost: {dollars(band.low_usd)} to {dollars(band.high_usd)}", err=True)
    for term in proposal.terms:
        click.echo(f"approving acknowledges: {term}", err=True)
    return sys.stdin.isatty() and click.confirm("Start this run?", err=True)


def summary_text(result: dict[str, Any]) -> str:
    """Return how a run ended, for a terminal."""
    if result["state"] != RunState.DONE:
        return f"Run {result['run']} {result['state']}: {result['error'] or 'see the log'}"
    lines = [f"{result['student']} {'passed' if result['gate']['passes'] else 'did not pass'} its gate."]
    lines += [f"  {reason}" for reason in result["gate"]["reasons"]]
    for each in result["scores"]:
        name, metric = next(iter(each["metrics"].items()))
        bounds = f"{metric['low']:.1%} to {metric['high']:.1%}"
        lines.append(f"  {each['name']:<12} {name} {metric['value']:.1%} ({bounds})  {each['what']}")
    if result["free_baseline_enough"] is not None:
        lines.append(f"  {result['free_baseline_enough']} is good enough without any training.")
    deployed = result["deployment"]
    lines.append(f"  served as {deployed['served_as']}" if deployed["deployed"] else f"  {deployed['reason']}")
    report = report_of(result["report"])
    lines += [
        f"  {row.name:<12} {cost_words(row)} per 1M requests: {row.basis}"
        for row in report.rows
        if row.usd_per_million is not None
    ]
    lines += [f"  it pays {pays_words(each)}" for each in report.pays]
    lines.append(f"  next: {report.step['text']}")
    lines += [f"  {report.step['call']}"] if report.step["call"] is not None else []
    lines.append(f"  {dollars(result['spent_usd'])} spent, {result['seconds']:.0f} s, run {result['run']}")
    return "\n".join(lines)
