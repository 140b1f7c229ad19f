"""What the release before does, started by path with its code in front: `old_release.py COMMAND DSN ...`.

It imports nothing by name at its top, since the checker of types knows only the code of this release.
"""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

TEAM = "T0LOCAL"
WHO = "shell:tester"
QUEUE = "toy"
LEASE_S = 1.5


def of(module: str) -> Any:
    """Return a module of that release."""
    return import_module(module)


def make_runs(database: Any) -> Any:
    """Return the runs, with a recipe of toy stages beside the real ones."""
    spec, recipe = of("agents.runs").StageSpec, of("agents.runs").Recipe
    toy = recipe("toy", tuple(spec(name, QUEUE) for name in ("first", "held", "last")))
    recipes = {**of("agents.runs").RECIPES, "toy": toy}
    return of("agents.services.runs").Runs(database, of("agents.runs").Roles(frozenset()), recipes)


def make_indexes(database: Any, runs: Any, folder: Path) -> tuple[Any, Any]:
    """Return the indexes, and what the stages of an index run work with."""
    parsers = of("agents.adapters.parsers")
    embedder = of("agents.adapters.embedders.minilm").MiniLm(Path(tempfile.gettempdir()) / "cairn-test-models")
    sources = of("agents.adapters.sources.folder").Folders([str(folder)], parsers.refusal)
    deps = of("agents.stages.deps").IndexDeps(
        embedder=embedder,
        sources=sources,
        parse_command=(sys.executable, "-m", "agents.adapters.parsers.child"),
        parsers=parsers.FINGERPRINT,
    )
    return of("agents.services.index").Indexes(database, embedder, sources, runs), deps


async def approved(runs: Any, proposal: Any) -> str:
    """Approve a proposal and return the run's id."""
    return str(await runs.approve(TEAM, proposal.id, proposal.params_hash, WHO))


async def start(database: Any) -> str:
    """Start a run of toy stages and return its id."""
    runs = make_runs(database)
    return await approved(runs, await runs.propose(TEAM, kind="toy", params={}, estimate={}, requested_by=WHO))


async def fill(dsn: str, database: Any, folder: Path) -> Mapping[str, str]:
    """Leave a conversation, an index with a second run of it proposed, and a run of toy stages; return their ids."""
    async with database.team(TEAM) as connection:
        conversation = await of("agents.store.conversations").open_conversation(
            connection, TEAM, channel="C1", thread_ts="1.1", started_by="U0ALICE"
        )
    runs = make_runs(database)
    indexes, deps = make_indexes(database, runs, folder)
    await indexes.register_source(TEAM, "docs", folder, WHO)
    indexing = await approved(runs, await indexes.propose(TEAM, "docs", "docs", requested_by=WHO))
    stop = asyncio.Event()
    stages = of("agents.stages").STAGES
    working = asyncio.create_task(
        of("agents.engine.worker").run_worker(database, dsn, stages, deps, queues=["cpu"], stop=stop, lease_s=LEASE_S)
    )
    while not (await runs.view(TEAM, indexing)).state.is_over:  # noqa: ASYNC110  # what is waited for is in the database
        await asyncio.sleep(0.05)
    stop.set()
    await working
    pending = await indexes.propose(TEAM, "docs", "docs", requested_by=WHO)
    ids = {"conversation": conversation.id, "indexing": indexing, "pending": pending.id}
    return {**ids, "pending_hash": pending.params_hash, "held": await start(database)}


async def work(dsn: str, database: Any, flag: Path) -> None:
    """Work on toy stages until told to stop; `held` goes on until the flag is there."""

    async def first(_: Any) -> Mapping[str, Any]:
        return {"by": "the release before"}

    async def held(context: Any) -> Mapping[str, Any]:
        while not await asyncio.to_thread(flag.exists):
            async with context.database.team(context.team_id) as connection:
                await context.save(connection, {"beats": context.checkpoint.get("beats", 0) + 1})
            await asyncio.sleep(0.05)
        return {"by": "the release before"}

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    stages = {("toy", "first"): first, ("toy", "held"): held, ("toy", "last"): first}
    print("ready", flush=True)
    await of("agents.engine.worker").run_worker(
        database, dsn, stages, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S, grace_s=60
    )


async def read(database: Any, folder: Path) -> Mapping[str, Any]:
    """Return what that release sees of runs, proposals and indexes."""
    runs = make_runs(database)
    indexes, _ = make_indexes(database, runs, folder)
    return {
        "runs": {run.id: run.state for run in await runs.newest(TEAM)},
        "pending": [proposal.id for proposal in await runs.pending(TEAM)],
        "answer": str(await indexes.ask(TEAM, "docs", "How long is the warranty?", who=WHO)),
    }


async def main(command: str, dsn: str, *rest: str) -> None:
    """Do what the command says and print what came of it."""
    if command == "migrate":
        await of("agents.store.migrate").migrate(dsn)
        return
    async with of("agents.store.db").Database(dsn, max_size=4) as database:
        if command == "work":
            await work(dsn, database, Path(rest[0]))
            return
        match command:
            case "fill":
                print(json.dumps(await fill(dsn, database, Path(rest[0]))))
            case "start":
                print(json.dumps(await start(database)))
            case "read":
                print(json.dumps(await read(database, Path(rest[0]))))


if __name__ == "__main__":
    assert Path(str(of("agents").__file__)).parents[1] == Path(sys.argv[1]), "another agents was found first"
    asyncio.run(main(*sys.argv[2:]))
