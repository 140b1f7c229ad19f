"""deploy and verify: serve the student under its alias, and hold what it answers there against what it answered before.

Where either fails the alias goes back to what it pointed to: nothing half deployed stays.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from agents.distillation.documents import evaluated
from agents.distillation.examples import Example
from agents.distillation.gate import gate_metric
from agents.distillation.load import ServedLoad
from agents.distillation.registry import Student, before, pointing
from agents.distillation.serving import Completion, ServerError, served_name
from agents.engine.rest import AtRest
from agents.engine.stage import HandOver, StageContext
from agents.errors import UserError
from agents.evaluation.metrics import scores
from agents.evaluation.speed import latency
from agents.evaluation.statistics import difference
from agents.ports import ModelServer
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import GOLDEN, OF_SERVED, OF_STUDENT, answers_of, examples_of, keep_rows, spec_of
from agents.stages.distil.loading import keep, load_result, loaded
from agents.stages.distil.places import NO_SERVER
from agents.store import audit
from agents.store import students as store
from agents.store.db import Connection

_SAMPLE: Final = 200
_AT_ONCE: Final = 4


async def deploy(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Point the alias to the student and have it served."""
    spec = spec_of(context)
    reason = _why_not(context)
    if reason is not None:
        context.log(reason)
        return {"deployed": False, "reason": reason}
    student, keeper = await _student(context), context.deps.keeper
    assert keeper is not None  # noqa: S101  # looked at above
    reason = keeper.why_not(is_whole=student.is_whole)
    if reason is not None:
        context.log(reason)
        return {"deployed": False, "reason": reason}
    await _point(context, spec.alias, student, "deployed")
    name = served_name(context.team_id, spec.alias)
    try:
        errors = await keeper.align(context.team_id)
    except AtRest as cause:
        raise await _later(context, cause) from None
    except ServerError as cause:
        errors = {name: str(cause)}
    if error := errors.get(name) or errors.get(served_name(context.team_id, student.label)):
        if keeper.is_starting(context.team_id, name) and await _is_patient(context):
            raise HandOver(context.deps.start_poll, f"waits for {student.label}: {error}")
        await _take_back(context, spec.alias)
        raise UserError(f"{student.label} is not served, and {spec.alias} is as it was: {error}")
    context.log(f"{student.label} answers as {name}")
    return {"deployed": True, "served_as": name, "server": keeper.url(context.team_id, student)}


async def verify(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Ask the served student golden inputs, and compare with what it answered after training."""
    deployed = context.previous["deploy"]
    if not deployed["deployed"]:
        return {"verified": False, "reason": deployed["reason"]}
    spec, keeper = spec_of(context), context.deps.keeper
    assert keeper is not None  # noqa: S101  # it was deployed
    golden = (await examples_of(context, GOLDEN))[:_SAMPLE]
    student = await _student(context)
    try:
        async with keeper.called(context.team_id, spec.alias, student) as (server, name):
            served = await _answers(context, server, name, student, golden)
    except AtRest as cause:
        raise await _later(context, cause) from None
    offline = await answers_of(context, OF_STUDENT)
    task, right = evaluated(spec), {each.id: each.output for each in golden}
    there = scores(task, right, {name: each.text for name, each in served.items()})
    here = scores(task, right, {name: offline[name] for name in right if name in offline})
    metric = gate_metric(spec)
    found = await asyncio.to_thread(difference, there.metrics[metric], here.metrics[metric], seed=spec.training.seed)
    # An interval around none is noise; more than the margin is another tokeniser, chat template or base.
    if found.high < 0 and -found.point > spec.gate.margin:
        await _take_back(context, spec.alias)
        raise UserError(
            f"{student.label} scores {there.values[metric]:.1%} where it is served and {here.values[metric]:.1%} where "
            f"it was trained ({metric}, {len(golden)} golden inputs), so {spec.alias} is as it was. Base, tokeniser "
            "and chat template of the server must be those of the training."
        )
    same = sum(offline.get(name, "").strip() == each.text.strip() for name, each in served.items())
    rows = [{"id": name, "output": each.text, "latency_s": each.latency_s} for name, each in served.items()]
    async with keeper.called(context.team_id, spec.alias, student) as (server, name):
        load = await loaded(context, student, lambda text: _asked(context, server, name, student, text))
    kept = await keep_rows(context, OF_SERVED, rows)
    async with context.database.team(context.team_id) as connection:
        await context.artifacts.add(connection, kept)
        if isinstance(load, ServedLoad):
            context.log(await keep(context, connection, load))
        await context.save(connection, {})
    return {
        "verified": True,
        "examples": len(golden),
        "same_answers": same,
        "metric": metric,
        "served": there.values[metric],
        "offline": here.values[metric],
        "latency": asdict(latency([each.latency_s for each in served.values()])),
        "tokens_in": sum(each.tokens_in for each in served.values()),
        "tokens_out": sum(each.tokens_out for each in served.values()),
        **load_result(load),
    }


def _why_not(context: StageContext[DistilDeps]) -> str | None:
    spec, gate = spec_of(context), context.previous["gate"]
    if not gate["may_be_served"]:
        return "It did not pass its gate, so it is not served."
    if not spec.serve.deploy:
        return "It is not to be served, as the file says (serve.deploy)."
    if context.deps.keeper is None:
        return NO_SERVER
    return None


async def _later(context: StageContext[DistilDeps], cause: AtRest) -> HandOver:
    """Return what lets the stage begin again once the servers may be awake, and its patience with them anew."""
    async with context.database.team(context.team_id) as connection:
        await context.save(connection, {})
    return HandOver(context.deps.start_poll, f"waits, since {cause}")


async def _is_patient(context: StageContext[DistilDeps]) -> bool:
    """Whether a server that starts is waited for still; what a model that is large takes, and no more."""
    began_at = dt.datetime.fromisoformat(context.checkpoint["pointed_at"])
    return dt.datetime.now(dt.UTC) - began_at < context.deps.start_within


async def _student(context: StageContext[DistilDeps]) -> Student:
    async with context.database.team(context.team_id) as connection:
        student = await store.of_run(connection, context.team_id, context.run_id)
    assert student is not None  # noqa: S101  # the gate registered it
    return student


async def _point(context: StageContext[DistilDeps], alias: str, student: Student, reason: str) -> None:
    """Let the alias point to the student, once."""
    async with context.database.team(context.team_id) as connection:
        await context.fenced(connection)
        await store.lock(connection, context.team_id)
        now = pointing(await store.moves(connection, context.team_id)).get(alias)
        if now is None or (now.name, now.version) != (student.name, student.version):
            await _move(context, connection, alias, (student.name, student.version), reason=reason)
        pointed_at = context.checkpoint.get("pointed_at", dt.datetime.now(dt.UTC).isoformat())
        await context.save(connection, {"pointed_at": pointed_at})


async def _take_back(context: StageContext[DistilDeps], alias: str) -> None:
    """Let the alias point to what it pointed to before, or to nothing, and the server follow where it can."""
    student = await _student(context)
    async with context.database.team(context.team_id) as connection:
        await context.fenced(connection)
        await store.lock(connection, context.team_id)
        moves = await store.moves(connection, context.team_id)
        now = pointing(moves).get(alias)
        if now is not None and (now.name, now.version) == (student.name, student.version):
            earlier = before(moves, alias, await store.all_of(connection, context.team_id))
            to = (earlier.name, earlier.version) if earlier is not None else (student.name, None)
            await _move(context, connection, alias, to, reason="its deployment failed")
        await context.save(connection, {})
    try:
        if context.deps.keeper is not None:
            await context.deps.keeper.align(context.team_id)
    except ServerError as cause:
        context.log(f"the server follows once it answers: {cause}", "warning")


async def _move(
    context: StageContext[DistilDeps], connection: Connection, alias: str, to: tuple[str, int | None], *, reason: str
) -> None:
    name, version = to
    await store.move(connection, context.team_id, alias=alias, name=name, version=version, who="cairn", reason=reason)
    details = {"name": name, "version": version, "run": context.run_id, "reason": reason}
    await audit.add(connection, context.team_id, audit.Entry("cairn", "move_alias", f"alias:{alias}", details=details))


async def _answers(
    context: StageContext[DistilDeps], server: ModelServer, name: str, student: Student, golden: Sequence[Example]
) -> dict[str, Completion]:
    """Return what the served student answers, by id; a few at a time, as callers would."""
    found: dict[str, Completion] = {}
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(example: Example) -> None:
        async with turns:
            found[example.id] = await _asked(context, server, name, student, example.input)
        await context.progress(len(found), len(golden), "answers")

    await asyncio.gather(*map(one, golden))
    return found


async def _asked(
    context: StageContext[DistilDeps], server: ModelServer, name: str, student: Student, text: str
) -> Completion:
    """Return what the served student answers to one input."""
    if student.kind == "encoder":
        return await server.classify(name, text)
    messages = [{"role": "system", "content": student.instructions}, {"role": "user", "content": text}]
    return await server.chat(name, messages, max_tokens=int(context.params["prediction"]["max_new_tokens"]))
