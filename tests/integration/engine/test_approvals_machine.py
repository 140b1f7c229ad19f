"""Approvals beside a model of them: whoever presses what, loses a role or stops everything, both agree."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agents.errors import UserError
from agents.runs import Person, ProposalState, Recipe, StageSpec
from agents.services.runs import Runs
from agents.store import halts
from agents.store.db import Database
from tests.people import Members, make_people

pytestmark = pytest.mark.integration

ALICE, BOB, CAROL, DAVE, ZOE = PEOPLE = ("U0ALICE", "U0BOB", "U0CAROL", "U0DAVE", "U0ZOE")
# Zoe never has the role.
APPROVERS = frozenset(PEOPLE) - {ZOE}
TERMS = ("The texts leave this network.",)
RECIPES = {
    "toy": Recipe("toy", (StageSpec("only", "toy"),)),
    "sending": Recipe("sending", (StageSpec("only", "toy"),), terms=TERMS),
}
who = st.sampled_from(PEOPLE)
kinds = st.sampled_from(sorted(RECIPES))
# More often above the threshold, where there is more to go wrong.
costs = st.sampled_from([0, 100, 101, 200, 1_000])
requesters = st.sampled_from([ALICE, ZOE])
# 0 is once in a few; without, most proposals would end before they got anywhere.
rarely = st.integers(0, 3)


@dataclass(slots=True)
class Model:
    """A proposal as it has to be; `approvals` says of each whether it counted at the last look."""

    needed: int
    requested_by: str
    terms: tuple[str, ...]
    state: ProposalState = ProposalState.PENDING
    approvals: dict[str, bool] = field(default_factory=dict)
    guests: set[str] = field(default_factory=set)
    is_halted: bool = False

    def may(self, person: str) -> bool:
        return person in APPROVERS and person not in self.guests

    def approve(self, person: str, *, is_same: bool, is_acknowledged: bool) -> bool:
        """Take an approval; return whether it was taken, or had been."""
        if not self.may(person):
            return False
        if self.state is ProposalState.APPROVED:
            return person in self.approvals
        excluded = self.needed == 2 and person == self.requested_by
        if self.state is not ProposalState.PENDING or self.is_halted or excluded or not is_same:
            return False
        if self.terms and not is_acknowledged:
            return False
        self.approvals = {each: self.may(each) for each in [*self.approvals, person]}
        if sum(self.approvals.values()) >= self.needed:
            self.state = ProposalState.APPROVED
        return True

    def deny(self, person: str) -> bool:
        if self.state is not ProposalState.PENDING or not (self.may(person) or person == self.requested_by):
            return False
        self.state = ProposalState.DENIED
        return True


class Beside(RuleBasedStateMachine):
    """One proposal of a team of its own, beside its model."""

    def __init__(self, loop: asyncio.Runner, database: Database) -> None:
        super().__init__()
        self._loop = loop
        self._database = database
        self._team_id = f"T{uuid4().hex}"
        self._directory = Members()
        # Of the team, whatever is proposed; the model of each proposal sees the same.
        self._guests: set[str] = set()
        self._is_halted = False
        self._runs = Runs(database, make_people(approvers=APPROVERS, directory=self._directory), RECIPES)

    @initialize(kind=kinds, cost_usd=costs, by=requesters)
    def it_is_proposed(self, kind: str, cost_usd: int, by: str) -> None:
        self._propose(kind, cost_usd, by)

    @precondition(lambda self: self._model.state is not ProposalState.PENDING)
    @rule(kind=kinds, cost_usd=costs, by=requesters)
    def another_is_proposed(self, kind: str, cost_usd: int, by: str) -> None:
        if by not in self._model.guests:
            self._propose(kind, cost_usd, by)

    def _propose(self, kind: str, cost_usd: int, by: str) -> None:
        estimate = {"cost_usd": cost_usd}
        self._proposal = self._loop.run(
            self._runs.propose(self._team_id, kind=kind, params={}, estimate=estimate, requested_by=by)
        )
        needed = 1 if cost_usd <= 100 else 2
        self._model = Model(needed, by, RECIPES[kind].terms, guests=self._guests, is_halted=self._is_halted)

    @rule(person=who)
    def somebody_presses_approve(self, person: str) -> None:
        self._approve(person, is_same=True, is_acknowledged=True)

    @rule(person=who, is_same=st.booleans(), is_acknowledged=st.booleans())
    def somebody_approves_something(self, person: str, is_same: bool, is_acknowledged: bool) -> None:
        self._approve(person, is_same=is_same, is_acknowledged=is_acknowledged)

    def _approve(self, person: str, *, is_same: bool, is_acknowledged: bool) -> None:
        expected = self._model.approve(person, is_same=is_same, is_acknowledged=is_acknowledged)
        params_hash = self._proposal.params_hash if is_same else "0" * 64
        terms = TERMS if is_acknowledged else ()
        try:
            run_id = self._loop.run(
                self._runs.approve(self._team_id, self._proposal.id, params_hash, person, terms=terms)
            )
        except UserError:
            assert not expected
        else:
            assert expected
            assert (run_id is not None) == (self._model.state is ProposalState.APPROVED)

    @rule(people=st.lists(who, min_size=2, max_size=2, unique=True), chance=rarely)
    def two_approve_at_once(self, people: list[str], chance: int) -> None:
        if chance:
            return

        async def at_once() -> None:
            approving = (
                self._runs.approve(self._team_id, self._proposal.id, self._proposal.params_hash, person, terms=TERMS)
                for person in people
            )
            for outcome in await asyncio.gather(*approving, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, UserError):
                    raise outcome

        was_first = dict(self._model.approvals)
        self._loop.run(at_once())
        found = self._loop.run(self._runs.proposal(self._team_id, self._proposal.id))
        given = {each.who for each in found.approvals}
        # Where the first of them is enough the second is told so, and either may have been the first.
        order = sorted(people, key=lambda person: person not in given or person in was_first)
        for person in order:
            self._model.approve(person, is_same=True, is_acknowledged=True)

    @rule(person=who, chance=rarely)
    def somebody_denies(self, person: str, chance: int) -> None:
        if chance:
            return
        expected = self._model.deny(person)
        try:
            self._loop.run(self._runs.deny(self._team_id, self._proposal.id, person))
        except UserError:
            assert not expected
        else:
            assert expected

    @rule(pick=st.integers(0, 1))
    def somebody_who_approved_becomes_a_guest(self, pick: int) -> None:
        if self._model.approvals:
            self.somebody_becomes_a_guest(sorted(self._model.approvals)[pick % len(self._model.approvals)])

    @rule(person=who)
    def somebody_becomes_a_guest(self, person: str) -> None:
        self._guests.add(person)
        self._directory.known[person] = Person(person, is_guest=True)

    @rule(person=who)
    def somebody_becomes_a_member_again(self, person: str) -> None:
        self._guests.discard(person)
        self._directory.known.pop(person, None)

    @rule(chance=rarely)
    def everything_is_stopped_or_goes_on(self, chance: int) -> None:
        if chance and not self._is_halted:
            return

        async def switch() -> None:
            async with self._database.team(self._team_id) as connection:
                if await halts.halt(connection, self._team_id, DAVE, "") is None:
                    await halts.resume(connection, self._team_id)

        self._loop.run(switch())
        self._is_halted = self._model.is_halted = not self._is_halted

    @invariant()
    def the_rows_are_the_model(self) -> None:
        found = self._loop.run(self._runs.proposal(self._team_id, self._proposal.id))
        assert found.state is self._model.state
        assert {each.who: each.lost is None for each in found.approvals} == self._model.approvals
        assert (found.run_id is not None) == (self._model.state is ProposalState.APPROVED)
        started = [run.proposal_id for run in self._loop.run(self._runs.newest(self._team_id, 100))]
        assert started.count(found.id) == (found.run_id is not None)
        if found.run_id is not None:
            assert len(found.counting) >= found.needed


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    """A loop for a test that is none of asyncio's, since hypothesis is not."""
    with asyncio.Runner() as runner:
        yield runner


def test_the_rows_do_what_the_model_does(loop: asyncio.Runner, dsn: str) -> None:
    database = loop.run(Database(dsn, max_size=3).__aenter__())

    class Here(Beside):
        def __init__(self) -> None:
            super().__init__(loop, database)

    phases = [Phase.generate, Phase.shrink]
    chosen = settings(max_examples=30, stateful_step_count=40, deadline=None, phases=phases)
    try:
        run_state_machine_as_test(Here, settings=settings(chosen, suppress_health_check=[HealthCheck.too_slow]))
    finally:
        loop.run(database.__aexit__())
