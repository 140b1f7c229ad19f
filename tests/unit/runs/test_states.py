"""The moves between states, that the migrations allow the same ones, and that each has somebody who may cause it."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from agents.runs.states import (
    PROPOSAL_MOVES,
    QUESTION_MOVES,
    RULES,
    RUN_MOVES,
    STAGE_MOVES,
    Actor,
    Event,
    ProposalState,
    QuestionState,
    RunState,
    StageState,
)
from sql import MIGRATIONS

MACHINES: Mapping[str, tuple[type[StrEnum], Mapping[Any, frozenset[Any]]]] = {
    "proposal": (ProposalState, PROPOSAL_MOVES),
    "run": (RunState, RUN_MOVES),
    "stage": (StageState, STAGE_MOVES),
    "stage_question": (QuestionState, QUESTION_MOVES),
}


def _newest(pattern: str) -> str:
    """Return what the pattern's group matches in the newest migration that has it."""
    found = [re.findall(pattern, path.read_text(encoding="utf-8"), re.DOTALL) for path in sorted(MIGRATIONS.glob("*"))]
    return str([matches[-1] for matches in found if matches][-1])


@pytest.mark.parametrize("table", MACHINES)
def test_the_database_knows_the_same_states(table: str) -> None:
    states, _ = MACHINES[table]
    definition = _newest(rf"CREATE TABLE app\.{table} \((.*?)\n\);")
    allowed = re.search(r"state IN \(([^)]*)\)", definition)
    assert allowed is not None
    assert set(re.findall(r"'(\w+)'", allowed[1])) == {str(state) for state in states}


@pytest.mark.parametrize("table", MACHINES)
def test_the_database_allows_the_same_moves(table: str) -> None:
    _, moves = MACHINES[table]
    trigger = _newest(rf"CREATE (?:OR REPLACE )?TRIGGER {table}_moves (.*?);")
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


@pytest.mark.parametrize("event", Event)
def test_every_event_has_somebody_who_may_cause_it_and_people_need_a_role(event: Event) -> None:
    rule = RULES[event]
    assert (rule.role is not None) == (rule.own is not None) == (rule.by is Actor.PERSON)
    if rule.role is not None and rule.own is not None:
        assert rule.own <= rule.role, "whoever asked for a run needs no more than others do"


def test_workers_neither_decide_nor_end_what_a_person_did_not_start() -> None:
    by_workers = [rule for rule in RULES.values() if rule.by in {Actor.HOLDER, Actor.WORKER}]
    assert not any(rule.proposal or rule.question for rule in by_workers)
    assert not any("cancelled" in move for rule in by_workers for move in rule.run | rule.stage)
