"""`cairn index`, `ask`, `sources`: documents from a shell."""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import click

from agents.errors import UserError
from agents.runs.states import RunState
from agents.services.data_sources import dsn_variable
from bot.shell.session import open_session
from bot.shell.working import work_on

_data = click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", required=True, help="Name of the index: lower case, digits, - and _.")
@click.option("--yes", is_flag=True, help="Approve the run without asking.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object last: documents, chunks, failed, seconds.")
@_data
def index(folder: Path, name: str, yes: bool, as_json: bool, data: Path | None) -> int:
    """Index the documents in FOLDER, so that `cairn ask NAME` answers from them."""
    result = asyncio.run(_index(folder.resolve(), name, yes, data))
    click.echo(json.dumps(result) if as_json else _summary(result))
    return 0 if result["state"] == RunState.DONE else 1


@click.command()
@click.argument("name")
@click.argument("question", required=False)
@click.option(
    "--questions", "questions_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='A file with one {"id", "question"} per line, instead of QUESTION.',
)  # fmt: skip
@click.option("-k", "k", default=5, show_default=True, type=click.IntRange(1, 100), help="Passages to look at.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per question, each on a line of its own.")
@_data
def ask(  # noqa: PLR0917  # click hands the options over by name
    name: str, question: str | None, questions_file: Path | None, k: int, as_json: bool, data: Path | None
) -> None:
    """Ask the index NAME; answers are quotes whose place in the document was checked."""
    if (question is None) == (questions_file is None):
        raise click.UsageError("Give either a QUESTION or --questions FILE.jsonl.")
    asked = [{"id": None, "question": question}] if questions_file is None else _read_questions(questions_file)
    asyncio.run(_ask(name, asked, k, as_json, data))


@click.group(invoke_without_command=True)
@_data
@click.pass_context
def sources(context: click.Context, data: Path | None) -> None:
    """List the folders and databases that runs may read; `sources add` and `add-database` register one."""
    context.obj = data
    if context.invoked_subcommand is None:
        asyncio.run(_sources(data))


@sources.command()
@click.argument("name")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--link-base", help="Put before a document's path to link to it, such as https://handbook.example/.")
@click.pass_obj
def add(data: Path | None, name: str, folder: Path, link_base: str | None) -> None:
    """Register FOLDER as the source NAME."""
    asyncio.run(_add_source(name, folder.resolve(), link_base, data))


@sources.command("add-database")
@click.argument("name")
@click.pass_obj
def add_database(data: Path | None, name: str) -> None:
    """Register the Postgres database NAME, which students may learn from by a query.

    Its address stands in CAIRN_SOURCE_DSN_NAME, here and where `cairn serve` runs, with a login that may only SELECT.
    """
    asyncio.run(_add_database(name, data))


async def _index(folder: Path, name: str, yes: bool, data: Path | None) -> dict[str, Any]:
    async with open_session(data, allowed_roots=(str(folder),)) as session:
        indexes, runs = session.services.indexes, session.services.runs
        await indexes.register_source(session.team_id, name, folder, session.who)
        proposal = await indexes.propose(session.team_id, name, name, requested_by=session.who)
        if not yes and not _confirmed(proposal.estimate):
            await runs.deny(session.team_id, proposal.id, session.who)
            raise UserError("Nothing was started. Run it again with --yes to approve it.")
        started, cpu_s = time.monotonic(), _cpu_s()
        run_id = await runs.approve(session.team_id, proposal.id, proposal.params_hash, session.who)
        if run_id is None:
            raise UserError(f"Proposal {proposal.id} needs another person's approval: `cairn approve {proposal.id}`.")
        view = await work_on(session, run_id)
        return {
            "index": name,
            "run": run_id,
            "state": str(view.state),
            **{key: value for key, value in (view.result or {}).items() if key != "cpu_seconds"},
            "seconds": round(time.monotonic() - started, 3),
            # A worker elsewhere says itself what it used.
            "cpu_seconds": (view.result or {}).get("cpu_seconds") if session.has_worker else round(_cpu_s() - cpu_s, 3),
            "error": view.error,
        }


async def _ask(name: str, asked: list[dict[str, Any]], k: int, as_json: bool, data: Path | None) -> None:
    async with open_session(data) as session:
        for entry in asked:
            answer = await session.services.indexes.ask(session.team_id, name, entry["question"], k=k, who=session.who)
            document = {"id": entry["id"], "question": entry["question"], **answer.document()}
            click.echo(json.dumps(document) if as_json else _answer_text(document))


async def _sources(data: Path | None) -> None:
    async with open_session(data) as session:
        for source in await session.services.indexes.sources(session.team_id):
            click.echo(f"{source.name}  {source.location}")
        for name in await session.services.data_sources.databases(session.team_id):
            click.echo(f"{name}  {dsn_variable(name)}")


async def _add_source(name: str, folder: Path, link_base: str | None, data: Path | None) -> None:
    async with open_session(data, allowed_roots=(str(folder),)) as session:
        await session.services.indexes.register_source(session.team_id, name, folder, session.who, link_base=link_base)
    click.echo(f"{name} can be indexed now: /cairn index in Slack.")


async def _add_database(name: str, data: Path | None) -> None:
    async with open_session(data) as session:
        await session.services.data_sources.register_database(session.team_id, name, session.who)
    click.echo(f"{name} can be asked for the data of students now, in Slack and in files of `cairn distill`.")


def _read_questions(file: Path) -> list[dict[str, Any]]:
    entries = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as cause:
            raise click.UsageError(f"{file}, line {number} is not JSON: {cause}") from cause
        if not isinstance(entry, dict) or not isinstance(entry.get("question"), str):
            raise click.UsageError(f'{file}, line {number} has no "question": {line[:80]}')
        entries.append({"id": entry.get("id"), "question": entry["question"]})
    return entries


def _confirmed(estimate: Any) -> bool:
    for key, value in estimate.items():
        click.echo(f"{key}: {value}", err=True)
    return sys.stdin.isatty() and click.confirm("Start this run?", err=True)


def _summary(result: dict[str, Any]) -> str:
    if result["state"] != RunState.DONE:
        return f"Run {result['run']} {result['state']}: {result['error'] or 'see the log'}"
    failed = "".join(f"\n  not read: {item['uri']}: {item['reason']}" for item in result.get("failed", ()))
    return (
        f"{result['index']}: {result.get('documents')} documents, {result.get('chunks')} chunks "
        f"in {result['seconds']:.1f} s{failed}"
    )


def _answer_text(document: dict[str, Any]) -> str:
    cited = "".join(
        f"\n  [{n}] {c['document']} {c['start']}-{c['end']}" for n, c in enumerate(document["citations"], 1)
    )
    return f"{document['answer']}{cited}"


def _cpu_s() -> float:
    """Return the CPU seconds of this process and the children it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
