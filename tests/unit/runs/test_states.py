"""The moves between states, and that the migration allows the same ones."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from agents.runs.states import PROPOSAL_MOVES, RUN_MOVES, STAGE_MOVES, ProposalState, RunState, StageState
from sql import MIGRATIONS

MIGRATION = (MIGRATIONS / "0004_runs.sql").read_text(encoding="utf-8")
MACHINES: Mapping[str, tuple[type[StrEnum], Mapping[Any, frozenset[Any]]]] = {
    "proposal": (ProposalState, PROPOSAL_MOVES),
    "run": (RunState, RUN_MOVES),
    "stage": (StageState, STAGE_MOVES),
}


@pytest.mark.parametrize("table", MACHINES)
def test_the_database_knows_the_same_states(table: str) -> None:
    states, _ = MACHINES[table]
    definition = MIGRATION.split(f"CREATE TABLE app.{table} (")[1].split("\n);")[0]
    allowed = re.search(r"state IN \(([^)]*)\)", definition)
    assert allowed is not None
    assert set(re.findall(r"'(\w+)'", allowed[1])) == {str(state) for state in states}


@pytest.mark.parametrize("table", MACHINES)
def test_the_database_allows_the_same_moves(table: str) -> None:
    _, moves = MACHINES[table]
    trigger = MIGRATION.split(f"CREATE TRIGGER {table}_moves ")[1].split(";")[0]
    assert set(re.findall(r"'(\w+>\w+)'", trigger)) == {f"{old}>{new}" for old, news in moves.items() for new in news}


@pytest.mark.parametrize("table", MACHINES)
def test_every_state_says_where_it_may_go_and_none_goes_to_itself(table: str) -> None:
    states, moves = MACHINES[table]
    assert set(moves) == set(states)
    assert all(old not in news for old, news in moves.items())


@pytest.mark.parametrize("table", MACHINES)
def test_every_state_can_be_reached_from_the_first(table: str) -> None:
    states, moves = MACHINES[table]
    seen, frontier = set(), {next(iter(states))}
    while frontier:
        seen |= frontier
        frontier = {new for old in frontier for new in moves[old]} - seen
    assert seen == set(states)


def test_only_a_retry_leads_out_of_a_run_that_is_over() -> None:
    exits = {(old, new) for old in RunState if old.is_over for new in RUN_MOVES[old]}
    assert exits == {(RunState.FAILED, RunState.RUNNING)}
    assert {(old, new) for old in StageState if old.is_over for new in STAGE_MOVES[old]} == {
        (StageState.FAILED, StageState.PENDING)
    }
