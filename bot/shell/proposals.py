"""`cairn proposals`, `approve`, `deny`: what waits for a decision, and the decision, from a shell."""

import asyncio
import json
from pathlib import Path

import click

from agents.runs.views import ProposalView, RunView
from bot.shell.session import open_session
from bot.shell.show import proposal_document, proposal_lines, run_document

_data = click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per proposal, each on a line of its own.")
@_data
def proposals(as_json: bool, data: Path | None) -> None:
    """List the proposals that wait for a decision, newest first."""
    for view in asyncio.run(_pending(data)):
        click.echo(json.dumps(proposal_document(view)) if as_json else proposal_lines(view))


@click.command()
@click.argument("proposal_id", metavar="ID")
@click.option("--accept-terms", is_flag=True, help="Acknowledge the terms of the proposal, which are shown first.")
@click.option("--json", "as_json", is_flag=True, help="The run that started, or the proposal where more must approve.")
@_data
def approve(proposal_id: str, accept_terms: bool, as_json: bool, data: Path | None) -> None:
    """Approve the proposal whose id begins with ID, which starts its run once enough people have."""
    proposal, run = asyncio.run(_approve(proposal_id, accept_terms, data))
    if run is None:
        shown = json.dumps(proposal_document(proposal)) if as_json else proposal_lines(proposal)
    else:
        shown = json.dumps(run_document(run)) if as_json else f"Run {run.id} started. `cairn runs {run.id}` follows it."
    click.echo(shown)


@click.command()
@click.argument("proposal_id", metavar="ID")
@click.option("--reason", default="", help="Why, for whoever asked.")
@click.option("--json", "as_json", is_flag=True, help="The proposal as it stands then, as one JSON object.")
@_data
def deny(proposal_id: str, reason: str, as_json: bool, data: Path | None) -> None:
    """Deny the proposal whose id begins with ID."""
    view = asyncio.run(_deny(proposal_id, reason, data))
    click.echo(json.dumps(proposal_document(view)) if as_json else f"Proposal {view.id} is {view.state}.")


async def _pending(data: Path | None) -> tuple[ProposalView, ...]:
    async with open_session(data) as session:
        return await session.services.runs.pending(session.team_id)


async def _approve(prefix: str, accept_terms: bool, data: Path | None) -> tuple[ProposalView, RunView | None]:
    async with open_session(data) as session:
        service = session.services.runs
        found = await service.find_proposal(session.team_id, prefix)
        for term in found.terms:
            click.echo(f"Terms: {term}", err=True)
        terms = found.terms if accept_terms else ()
        run_id = await service.approve(session.team_id, found.id, found.params_hash, session.who, terms=terms)
        run = None if run_id is None else await service.view(session.team_id, run_id)
        return await service.proposal(session.team_id, found.id), run


async def _deny(prefix: str, reason: str, data: Path | None) -> ProposalView:
    async with open_session(data) as session:
        service = session.services.runs
        found = await service.find_proposal(session.team_id, prefix)
        await service.deny(session.team_id, found.id, session.who, reason=reason)
        return await service.proposal(session.team_id, found.id)
