"""The run as a state machine: what can never be, whatever happens, and that there is always a way on."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agents.runs import machine
from agents.runs.machine import ATTEMPTS, Refused, RunModel, StageModel
from agents.runs.states import RULES, Actor, Event, QuestionState, RunState, StageState

IN_HAND = {StageState.RUNNING, StageState.WAITING}

# Each event of a run with the stage it is about and the attempt that a worker claims to hold.
EVENTS: Mapping[Event, Callable[[RunModel, int, int], RunModel]] = {
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


def after(run: RunModel, event: Event, seq: int, attempt: int) -> RunModel | None:
    """Return the run after the event; None where it cannot happen."""
    try:
        return EVENTS[event](run, seq, attempt)
    except Refused:
        return None


def moves(before: RunModel, now: RunModel) -> dict[str, set[str]]:
    """Return what moved, as "from>to"."""
    pairs = list(zip(before.stages, now.stages, strict=True))
    return {
        "run": {f"{before.state}>{now.state}"} if before.state is not now.state else set(),
        "stage": {f"{old.state}>{new.state}" for old, new in pairs if old.state is not new.state},
        # A new question begins open, which is no move of the former one.
        "question": {
            f"{old.question}>{new.question}"
            for old, new in pairs
            if old.question is QuestionState.OPEN and new.question is not QuestionState.OPEN
        },
    }


def test_every_event_of_a_run_is_one_of_the_machine() -> None:
    assert set(EVENTS) == set(Event) - {Event.APPROVED, Event.DENIED, Event.EXPIRED}


class AnyLife(RuleBasedStateMachine):
    """A run to which anything happens in any order, as workers with old and new attempts, people and time do it."""

    @initialize(stages=st.integers(1, 4), is_halted=st.booleans())
    def start(self, stages: int, is_halted: bool) -> None:
        self.run = RunModel.started(stages, is_halted=is_halted)

    @rule(event=st.sampled_from(list(EVENTS)), seq=st.integers(0, 3), age=st.integers(0, 2))
    def happens(self, event: Event, seq: int, age: int) -> None:
        seq %= len(self.run.stages)
        attempt = self.run.stages[seq].attempt - age
        now = after(self.run, event, seq, attempt)
        if now is None:
            return
        rules = RULES[event]
        for what, made in moves(self.run, now).items():
            assert made <= getattr(rules, what), f"{event} made a move of the {what} that its rule does not have"
        if rules.by is Actor.HOLDER:
            assert age == 0, "an old attempt changed something"
        for old, new in zip(self.run.stages, now.stages, strict=True):
            assert new.attempt - old.attempt in {0, 1}
            assert old.state is not StageState.DONE or new == old, "a stage that is done is left alone"
        self.run = now

    @invariant()
    def one_stage_at_most_is_in_hand_and_it_is_the_one_whose_turn_it_is(self) -> None:
        in_hand = [seq for seq, stage in enumerate(self.run.stages) if stage.state in IN_HAND]
        assert in_hand in ([], [self.run.turn])

    @invariant()
    def nothing_runs_once_the_run_is_over(self) -> None:
        if self.run.state.is_over:
            assert not any(stage.state in IN_HAND for stage in self.run.stages)
            assert not any(stage.question is QuestionState.OPEN for stage in self.run.stages)

    @invariant()
    def nothing_is_held_while_the_switch_is_on(self) -> None:
        if self.run.is_halted:
            assert not any(stage.state is StageState.RUNNING for stage in self.run.stages)

    @invariant()
    def a_run_waits_for_people_exactly_while_a_stage_does(self) -> None:
        waiting = [stage for stage in self.run.stages if stage.state is StageState.WAITING]
        assert bool(waiting) == (self.run.state is RunState.NEEDS_ATTENTION)
        asking = [stage for stage in self.run.stages if stage.question is QuestionState.OPEN]
        assert asking == waiting

    @invariant()
    def a_run_is_done_exactly_when_all_its_stages_are(self) -> None:
        assert (self.run.turn is None) == (self.run.state is RunState.DONE)

    @invariant()
    def no_stage_has_begun_before_its_turn(self) -> None:
        turn = self.run.turn
        if turn is not None:
            untouched = {stage.state for stage in self.run.stages[turn + 1 :]}
            assert untouched <= {StageState.PENDING, StageState.CANCELLED}
            assert all(stage.attempt == 0 for stage in self.run.stages[turn + 1 :])


AnyLife.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestAnyLife = AnyLife.TestCase


@cache
def _every_run() -> Mapping[RunModel, tuple[tuple[Event, RunModel], ...]]:
    """Return every run of two stages with at most three attempts at each, and what can follow at once."""
    found: dict[RunModel, tuple[tuple[Event, RunModel], ...]] = {}
    frontier = [RunModel.started(2)]
    while frontier:
        run = frontier.pop()
        if run in found:
            continue
        found[run] = tuple(_following(run))
        frontier += [new for _, new in found[run] if all(stage.attempt <= 3 for stage in new.stages)]
    return found


def _following(run: RunModel) -> Iterator[tuple[Event, RunModel]]:
    for seq, stage in enumerate(run.stages):
        for event in EVENTS:
            for attempt in range(stage.attempt + 1):
                now = after(run, event, seq, attempt)
                if now is not None:
                    yield event, now


def test_every_move_of_the_rules_happens_and_no_other() -> None:
    seen: dict[Event, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for run, following in _every_run().items():
        for event, now in following:
            for what, made in moves(run, now).items():
                seen[event][what] |= made
    for event in EVENTS:
        for what in ("run", "stage", "question"):
            assert seen[event][what] == getattr(RULES[event], what), f"{event}, {what}"


def _can_reach(goal: RunState) -> set[RunModel]:
    """Return the runs from which some order of events leads to the goal."""
    before: dict[RunModel, set[RunModel]] = defaultdict(set)
    for run, following in _every_run().items():
        for _, now in following:
            before[now].add(run)
    reaching = {run for run in _every_run() if run.state is goal}
    frontier = set(reaching)
    while frontier:
        frontier = {earlier for run in frontier for earlier in before[run]} - reaching
        reaching |= frontier
    return reaching


def test_from_everywhere_there_is_a_way_to_the_end_but_from_a_cancel() -> None:
    # The last attempt that is looked at may have been lost; from there nothing was tried any more.
    stuck = {
        run for run in set(_every_run()) - _can_reach(RunState.DONE) if all(stage.attempt < 3 for stage in run.stages)
    }
    assert {run.state for run in stuck} == {RunState.CANCELLED}


def test_whatever_is_not_over_can_be_cancelled_at_once() -> None:
    for run, following in _every_run().items():
        can_be = any(event is Event.CANCELLED for event, _ in following)
        assert can_be == (not run.state.is_over)


def make_run(*stages: StageModel, state: RunState = RunState.RUNNING, is_halted: bool = False) -> RunModel:
    return RunModel(state, stages or (StageModel(),), is_halted)


HELD = StageModel(StageState.RUNNING, attempt=2)


def test_a_lease_that_ran_out_lets_another_worker_in_and_the_first_one_change_nothing() -> None:
    run = machine.claimed(machine.lease_ran_out(make_run(HELD), 0), 0)
    assert run.stages[0].attempt == 3
    for write in (machine.beaten, machine.saved, machine.finished, machine.failed, machine.asked):
        with pytest.raises(Refused):
            write(run, 0, 2)
    with pytest.raises(Refused):
        machine.handed_over(run, 0, 2, is_forgiven=True)


def test_a_late_worker_goes_on_where_nobody_took_its_stage() -> None:
    late = machine.lease_ran_out(make_run(HELD), 0)
    assert machine.beaten(late, 0, 2) == make_run(HELD)
    assert machine.finished(late, 0, 2).state is RunState.DONE


def test_a_stage_that_is_held_is_not_taken() -> None:
    with pytest.raises(Refused):
        machine.claimed(make_run(HELD), 0)


def test_the_switch_takes_a_stage_from_its_worker_and_keeps_it_from_every_other() -> None:
    stopped = machine.halted(make_run(HELD, StageModel()))
    assert stopped.stages[0] == StageModel(attempt=2, attempt_limit=ATTEMPTS + 1), "the attempt does not count"
    for write in (machine.finished, machine.beaten):
        with pytest.raises(Refused):
            write(stopped, 0, 2)
    with pytest.raises(Refused):
        machine.claimed(stopped, 0)
    assert machine.claimed(machine.resumed(stopped), 0).stages[0].attempt == 3


def test_an_attempt_is_over_where_its_worker_is_gone_and_no_other_can_take_the_stage() -> None:
    with pytest.raises(Refused):
        machine.told(make_run(HELD), 0)
    told = machine.told(machine.lease_ran_out(make_run(HELD), 0), 0)
    assert told.stages[0] == StageModel(StageState.PENDING, 2)


def test_a_retry_gives_the_stage_as_many_attempts_as_it_had_at_first() -> None:
    failed = machine.failed(make_run(HELD), 0, 2)
    assert machine.retried(failed).stages[0].attempt_limit == 2 + ATTEMPTS


def test_handing_over_and_asking_do_not_use_an_attempt_up() -> None:
    assert machine.handed_over(make_run(HELD), 0, 2, is_forgiven=True).stages[0].attempt_limit == ATTEMPTS + 1
    assert machine.handed_over(make_run(HELD), 0, 2, is_forgiven=False).stages[0].attempt_limit == ATTEMPTS
    assert machine.asked(make_run(HELD), 0, 2).stages[0].attempt_limit == ATTEMPTS + 1


def test_an_abort_answers_the_question_and_a_cancel_withdraws_it() -> None:
    asking = machine.asked(make_run(HELD, StageModel()), 0, 2)
    for end, question in ((machine.aborted(asking, 0), "answered"), (machine.cancelled(asking), "withdrawn")):
        assert end.state is RunState.CANCELLED
        assert [stage.state for stage in end.stages] == [StageState.CANCELLED] * 2
        assert end.stages[0].question == question
