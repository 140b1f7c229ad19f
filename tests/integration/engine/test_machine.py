"""The rows of runs beside the model of agents.runs.machine: whatever happens, in any order and at once, both agree.

Several workers hold attempts, old ones too; time passes where the test moves a lease's end back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.sql import SQL

from agents.errors import UserError
from agents.runs import Recipe, StageSpec, machine
from agents.runs.machine import Refused, RunModel, StageModel
from agents.runs.needs import Host
from agents.runs.questions import ABORT, Answer, Choice, Question
from agents.runs.states import RULES, Actor, Event, QuestionState, RunState, StageState
from agents.store import halts, questions, stages
from agents.store import runs as run_store
from agents.store.db import Connection, Database, role_conninfo, run
from agents.store.stages import Claim, StageKey

pytestmark = pytest.mark.integration

LEASE = timedelta(hours=1)
HOST = Host("worker", frozenset({"toy"}))
MORE = Question("budget", "More?", (Choice("more", "Yes"),))


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens: to a stage of one of the runs, by a worker with one of the claims ever given."""

    event: Event
    run: int
    seq: int
    claim: Claim | None


class World:
    """The runs of one team in Postgres, and what happens to them."""

    def __init__(self, database: Database, owner: Connection) -> None:
        self.team_id = f"T{uuid4().hex}"
        self.run_ids: list[str] = []
        self._database = database
        self._owner = owner

    async def start(self, stage_count: int) -> None:
        """Start a run as an approval does."""
        (made,) = await self._rows(
            "INSERT INTO app.proposal (team_id, kind, params, params_hash, estimate, requested_by, expires_at) "
            "VALUES (%s, 'toy', '{}', 'h', '{}', 'U', now()) RETURNING id"
        )
        recipe = Recipe("toy", tuple(StageSpec(f"stage{seq}", "toy") for seq in range(stage_count)))
        async with self._database.team(self.team_id) as connection:
            run_id = await run_store.start(connection, self.team_id, made["id"], recipe, approved_by="V")
        self.run_ids.append(run_id)

    async def do(self, step: Step) -> Claim | bool:
        """Let it happen, in one transaction as the engine and the services do; return whether it could."""
        try:
            async with self._database.team(self.team_id) as connection:
                return await DOORS[step.event](self, connection, step)
        except UserError:
            return False
        except psycopg.errors.CheckViolation:
            # The last door: what the statements let through, the table does not.
            return False

    def key(self, step: Step) -> StageKey:
        return StageKey(self.team_id, self.run_ids[step.run], step.seq)

    async def claimed(self, connection: Connection, step: Step) -> Claim | bool:
        return await stages.claim(connection, self.key(step), host=HOST, lease=LEASE) or False

    async def late(self, _: Connection, step: Step) -> bool:
        # Nobody but the clock does this, so neither does the app.
        moved = await self._rows(
            "UPDATE app.stage SET lease_until = clock_timestamp() - interval '1 s' "
            "WHERE team_id = %s AND run_id = %s AND seq = %s AND state = 'running' RETURNING seq",
            self.run_ids[step.run],
            step.seq,
        )
        return len(moved) == 1

    async def answered(self, connection: Connection, step: Step) -> bool:
        return await self._answer(connection, step, "more") and await stages.go_on(connection, self.key(step))

    async def aborted(self, connection: Connection, step: Step) -> bool:
        key = self.key(step)
        return await self._answer(connection, step, ABORT) and await run_store.cancel(
            connection, key.team_id, key.run_id
        )

    async def _answer(self, connection: Connection, step: Step, choice: str) -> bool:
        key = self.key(step)
        await run_store.lock(connection, key.team_id, key.run_id)
        for question in await questions.open_ones(connection, key.team_id, key.run_id):
            if question.seq == key.seq:
                return await questions.answer(connection, key.team_id, question.id, Answer(choice, None, "U"))
        return False

    async def cancelled(self, connection: Connection, step: Step) -> bool:
        key = self.key(step)
        await run_store.lock(connection, key.team_id, key.run_id)
        return await run_store.cancel(connection, key.team_id, key.run_id)

    async def retried(self, connection: Connection, step: Step) -> bool:
        key = self.key(step)
        await run_store.lock(connection, key.team_id, key.run_id)
        await halts.refuse_if_halted(connection, key.team_id)
        return await run_store.retry(connection, key.team_id, key.run_id)

    async def halted(self, connection: Connection, _: Step) -> bool:
        return await halts.halt(connection, self.team_id, "U", "") is not None

    async def resumed(self, connection: Connection, _: Step) -> bool:
        return await halts.resume(connection, self.team_id) is not None

    async def told(self, connection: Connection, step: Step) -> bool:
        # The reason is a new one each time, so that there is something to tell.
        return await run(connection, "stage.wait_for", {**self.key(step).parameters(), "reason": uuid4().hex}) == 1

    async def as_models(self) -> tuple[RunModel, ...]:
        """Return what the rows say."""
        is_halted = bool(await self._rows("SELECT who FROM app.halt WHERE team_id = %s"))
        found = await self._rows("SELECT id, state FROM app.run WHERE team_id = %s")
        states = {row["id"]: RunState(row["state"]) for row in found}
        return tuple([RunModel(states[run_id], await self._stages(run_id), is_halted) for run_id in self.run_ids])

    async def _stages(self, run_id: str) -> tuple[StageModel, ...]:
        asked = {
            row["seq"]: QuestionState(row["state"])
            for row in await self._rows(
                "SELECT seq, state FROM app.stage_question WHERE team_id = %s AND run_id = %s ORDER BY asked_at", run_id
            )
        }
        return tuple(
            StageModel(
                StageState(row["state"]),
                row["attempt"],
                row["attempt_limit"],
                bool(row["is_late"]),
                asked.get(row["seq"]),
            )
            for row in await self._rows(
                "SELECT seq, state, attempt, attempt_limit, lease_until < clock_timestamp() AS is_late "
                "FROM app.stage WHERE team_id = %s AND run_id = %s ORDER BY seq",
                run_id,
            )
        )

    async def faults(self) -> Sequence[Mapping[str, Any]]:
        """Return the rows that contradict themselves, or that nobody would ever go on with."""
        return await self._rows(
            "SELECT r.state AS run, r.finished_at, s.seq, s.state, s.owner, s.lease_until, j.status AS job "
            "FROM app.run r JOIN app.stage s ON s.team_id = r.team_id AND s.run_id = r.id "
            "LEFT JOIN procrastinate_jobs j ON j.id = s.job_id "
            "WHERE r.team_id = %s AND ("
            "  (r.finished_at IS NULL) <> (r.state IN ('running', 'needs_attention'))"
            "  OR (s.finished_at IS NULL) <> (s.state IN ('pending', 'waiting', 'running'))"
            "  OR (s.state = 'running') <> (s.lease_until IS NOT NULL)"
            "  OR (s.state IN ('pending', 'waiting') AND s.owner IS NOT NULL)"
            "  OR (s.state = 'cancelled' AND j.status = 'todo')"
            "  OR (r.state = 'running' AND s.state = 'pending' AND j.status IS DISTINCT FROM 'todo'"
            "      AND NOT app.is_halted(r.team_id)"
            "      AND NOT EXISTS (SELECT FROM app.stage e WHERE e.team_id = s.team_id AND e.run_id = s.run_id"
            "                      AND e.seq < s.seq AND e.state <> 'done')))"
        )

    async def _rows(self, statement: str, *parameters: object) -> Sequence[Mapping[str, Any]]:
        # The statements are those above, never input.
        return await (await self._owner.execute(SQL(statement), (self.team_id, *parameters))).fetchall()


def _held(write: Callable[[Connection, Claim], Awaitable[Any]]) -> "Door":
    async def door(_: World, connection: Connection, step: Step) -> bool:
        assert step.claim is not None
        return bool(await write(connection, step.claim))

    return door


Door = Callable[[World, Connection, Step], Awaitable[Claim | bool]]
DOORS: Mapping[Event, Door] = {
    Event.CLAIMED: World.claimed,
    Event.BEATEN: _held(lambda connection, claim: stages.beat(connection, claim, LEASE, None)),
    Event.SAVED: _held(lambda connection, claim: stages.save(connection, claim, {"step": 1})),
    Event.FINISHED: _held(lambda connection, claim: stages.finish(connection, claim, {"made": 1}, None)),
    Event.FAILED: _held(lambda connection, claim: stages.fail(connection, claim, "It broke.")),
    Event.HANDED_OVER: _held(lambda connection, claim: stages.hand_over(connection, claim, is_forgiven=True)),
    Event.LEASE_RAN_OUT: World.late,
    Event.TOLD: World.told,
    Event.ASKED: _held(lambda connection, claim: stages.ask(connection, claim, MORE, None)),
    Event.ANSWERED: World.answered,
    Event.ABORTED: World.aborted,
    Event.CANCELLED: World.cancelled,
    Event.RETRIED: World.retried,
    Event.HALTED: World.halted,
    Event.RESUMED: World.resumed,
}

SWITCH = {Event.HALTED, Event.RESUMED}
Models = tuple[RunModel, ...]
MODEL: Mapping[Event, Callable[[RunModel, int, int], RunModel]] = {
    Event.CLAIMED: lambda run, seq, _: machine.claimed(run, seq),
    Event.BEATEN: machine.beaten,
    Event.SAVED: machine.saved,
    Event.FINISHED: machine.finished,
    Event.FAILED: machine.failed,
    Event.HANDED_OVER: lambda run, seq, attempt: machine.handed_over(run, seq, attempt, is_forgiven=True),
    Event.LEASE_RAN_OUT: lambda run, seq, _: machine.lease_ran_out(run, seq),
    Event.TOLD: lambda run, seq, _: machine.told(run, seq),
    Event.ASKED: machine.asked,
    Event.ANSWERED: lambda run, seq, _: machine.answered(run, seq),
    Event.ABORTED: lambda run, seq, _: machine.aborted(run, seq),
    Event.CANCELLED: lambda run, *_: machine.cancelled(run),
    Event.RETRIED: lambda run, *_: machine.retried(run),
    Event.HALTED: lambda run, *_: machine.halted(run),
    Event.RESUMED: lambda run, *_: machine.resumed(run),
}


def expected(models: Models, step: Step) -> tuple[Models, bool]:
    """Return the models after the step, and whether it could happen."""
    attempt = step.claim.attempt if step.claim else 0
    try:
        if step.event in SWITCH:
            # The switch is the whole team's.
            return tuple(MODEL[step.event](run, step.seq, attempt) for run in models), True
        now = MODEL[step.event](models[step.run], step.seq, attempt)
    except Refused:
        return models, False
    return (*models[: step.run], now, *models[step.run + 1 :]), True


def in_order(models: Models, *steps: Step) -> tuple[Models, tuple[bool, ...]]:
    """Return the models after the steps, and which of them could happen."""
    outcomes = []
    for step in steps:
        models, is_possible = expected(models, step)
        outcomes.append(is_possible)
    return models, tuple(outcomes)


# Numbers rather than the steps themselves: what hypothesis draws must not hang on which of two was first.
PICKS = st.integers(0, 10_000)
# How often each is chosen among what can happen; without, most runs would end before they got anywhere.
WEIGHTS = {Event.CANCELLED: 1, Event.HALTED: 1, Event.ABORTED: 1, Event.BEATEN: 2, Event.SAVED: 2, Event.TOLD: 2}
WEIGHTS |= {Event.CLAIMED: 10, Event.FINISHED: 10, Event.RETRIED: 10, Event.ANSWERED: 10, Event.RESUMED: 10}
HELD = [event for event, rules in RULES.items() if rules.by is Actor.HOLDER]


def _picked(steps: Sequence[Step], pick: int) -> Step:
    # Scattered, since hypothesis draws small numbers more often than others.
    return Random(pick).choice(steps)  # noqa: S311  # no secret


class Beside(RuleBasedStateMachine):
    """A few runs of one team in Postgres, beside their models."""

    def __init__(self, loop: asyncio.Runner, world: World) -> None:
        super().__init__()
        self._loop = loop
        self._world = world
        # All that were ever given, each with its run.
        self._claims: list[tuple[int, Claim]] = []
        self._models: Models = ()

    @initialize(stages=st.integers(1, 3))
    def the_first_run_starts(self, stages: int) -> None:
        self._loop.run(self._world.start(stages))
        self._models = (RunModel.started(stages),)

    @rule(stages=st.integers(1, 3))
    def another_run_starts(self, stages: int) -> None:
        # An approval is refused while the switch is on.
        if not self._models[0].is_halted and self._going() < 2:
            self._loop.run(self._world.start(stages))
            self._models = (*self._models, RunModel.started(stages))

    @rule(pick=PICKS)
    def something_happens(self, pick: int) -> None:
        self._happens(_picked(self._possible(), pick))

    @rule(pick=PICKS)
    def something_else_happens(self, pick: int) -> None:
        self._happens(_picked(self._possible(), pick))

    @rule(pick=PICKS)
    def something_is_tried(self, pick: int) -> None:
        self._happens(_picked(self._steps(), pick))

    @invariant()
    def the_rows_are_the_models(self) -> None:
        assert self._loop.run(self._world.as_models()) == self._models
        assert self._loop.run(self._world.faults()) == []

    def _going(self) -> int:
        return sum(not run.state.is_over for run in self._models)

    def _steps(self) -> list[Step]:
        """Return everything that anybody could try: every worker with every attempt that it ever had."""
        steps = [Step(event, run, claim.key.seq, claim) for event in HELD for run, claim in self._claims]
        for event in sorted(set(MODEL) - set(HELD)):
            for place, model in enumerate(self._models):
                steps += [Step(event, place, seq, None) for seq in range(len(model.stages))]
        return steps

    def _possible(self) -> list[Step]:
        """Return what can happen now, each kind as often as its weight."""
        if not self._going() and not self._models[0].is_halted:
            self.another_run_starts(2)
        possible = [step for step in self._steps() if expected(self._models, step)[1]]
        found = {(step.event, step.run if step.event not in SWITCH else 0): step for step in possible}
        return [step for step in found.values() for _ in range(WEIGHTS.get(step.event, 4))]

    def _happens(self, step: Step) -> None:
        self._models, outcomes = in_order(self._models, step)
        assert self._do(step) == outcomes, f"{step.event} of {self._models}"

    def _do(self, *steps: Step) -> tuple[bool, ...]:
        async def at_once() -> list[Claim | bool]:
            return await asyncio.gather(*(self._world.do(step) for step in steps))

        outcomes = self._loop.run(at_once())
        self._claims += [
            (step.run, outcome) for step, outcome in zip(steps, outcomes, strict=True) if isinstance(outcome, Claim)
        ]
        return tuple(bool(outcome) for outcome in outcomes)


class AtOnce(Beside):
    """As before, and two of the things happen at once: the outcome is that of one order or the other."""

    @rule(first=PICKS, second=PICKS)
    def two_things_happen_at_once(self, first: int, second: int) -> None:
        possible = self._possible()
        one, other = _picked(possible, first), _picked(possible, second)
        there, (one_was, other_was) = in_order(self._models, one, other)
        back, (other_would, one_would) = in_order(self._models, other, one)
        outcomes = self._do(one, other)
        seen = self._loop.run(self._world.as_models()), outcomes
        orders = (there, (one_was, other_was)), (back, (one_would, other_would))
        assert seen in orders, f"{one.event} and {other.event} at once are neither order of them"
        self._models = seen[0]


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    """A loop for a test that is none of asyncio's, since hypothesis is not."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("kind", [Beside, AtOnce])
def test_the_rows_do_what_the_model_does(kind: type[Beside], loop: asyncio.Runner, dsn: str) -> None:
    async def opened() -> tuple[Database, Connection]:
        conninfo = role_conninfo(dsn, "cairn_owner")
        owner = await AsyncConnection.connect(conninfo, autocommit=True, row_factory=dict_row)
        return await Database(dsn, max_size=3).__aenter__(), owner

    database, owner = loop.run(opened())

    class Here(kind):  # type: ignore[misc, valid-type]  # one of two classes, as a test's parameter
        def __init__(self) -> None:
            super().__init__(loop, World(database, owner))

    # What happens at once may come out another way in a repetition, so a shorter example is not looked for.
    phases = [Phase.generate] if kind is AtOnce else [Phase.generate, Phase.shrink]
    chosen = settings(max_examples=20, stateful_step_count=30, deadline=None, phases=phases)
    try:
        run_state_machine_as_test(Here, settings=settings(chosen, suppress_health_check=[HealthCheck.too_slow]))
    finally:
        loop.run(owner.close())
        loop.run(database.__aexit__())


async def test_a_claim_that_looked_before_the_switch_was_turned_gets_nothing(database: Database, dsn: str) -> None:
    owner = await AsyncConnection.connect(role_conninfo(dsn, "cairn_owner"), autocommit=True, row_factory=dict_row)
    async with owner:
        world = World(database, owner)
        await world.start(1)
        claiming: asyncio.Task[Claim | bool]
        async with database.team(world.team_id) as connection:
            await halts.halt(connection, world.team_id, "U", "")
            claiming = asyncio.create_task(world.do(Step(Event.CLAIMED, 0, 0, None)))
            # The claim has read that nothing is halted, and waits for the row that the switch holds.
            while not await _is_waiting(owner):  # noqa: ASYNC110  # what is waited for is in the database
                await asyncio.sleep(0.02)
        assert await claiming is False
        assert (await world.as_models())[0] == machine.halted(RunModel.started(1))


async def _is_waiting(owner: Connection) -> bool:
    found = await owner.execute("SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
    return found.rowcount > 0
