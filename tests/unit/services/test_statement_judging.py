"""What becomes of something said beside the answers that hold."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.decision.answers import Answers, Facts
from agents.decision.decide import decide
from agents.services.decision_view import Known
from agents.services.statement_judging import Fate, Reading, judged
from agents.store.conversations import AskedQuestion, Conversation
from agents.store.facts import Fact

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
ANA, BOB = "U0ANA", "U0BOB"


def make_known(*facts: tuple[str, Any, str, str], open_slot: str | None = None) -> Known:
    """Return a conversation with answers of (slot, value, who, source), the last of a slot holding."""
    newest = {slot: number for number, (slot, *_) in enumerate(facts)}
    rows = tuple(
        Fact(number, slot, value, who, source, NOW, None if newest[slot] == number else NOW)
        for number, (slot, value, who, source) in enumerate(facts)
    )
    return Known(
        conversation=Conversation("c", "C1", "1.1", ANA, NOW),
        rows=rows,
        current={row.slot: row for row in rows if row.superseded_at is None},
        answers=Answers(),
        facts=Facts(),
        decision=decide(Answers(), Facts()),
        open_question=AskedQuestion("q", open_slot, "open", None) if open_slot is not None else None,
        delegated=(),
        watch=None,
        has_costs=False,
        decided_at=NOW,
    )


def read(slot: str, value: Any, who: str = ANA, source: str = "m2", **more: Any) -> Reading:
    return Reading(slot=slot, value=value, who=who, source=source, **more)


def fates(known: Known, *readings: Reading) -> list[Fate]:
    return [fate for _, fate in judged(known, readings).fates]


@pytest.mark.parametrize(
    ("held", "said", "fate"),
    [
        (None, read("evals", "golden"), Fate.TAKEN),
        (None, read("evals", None), Fate.TAKEN),
        (("evals", None, ANA, "m1"), read("evals", "golden", BOB), Fate.TAKEN),
        (("evals", "golden", ANA, "m1"), read("evals", "golden", BOB), Fate.HELD),
        (("evals", "golden", ANA, "m1"), read("evals", "none", BOB), Fate.CONTRADICTS),
        (("evals", "golden", ANA, "m1"), read("evals", "none", BOB, corrects=True), Fate.CONTRADICTS),
        (("evals", "golden", ANA, "m1"), read("evals", "none"), Fate.CONTRADICTS),
        (("evals", "golden", ANA, "m1"), read("evals", "none", corrects=True), Fate.TAKEN),
        (("evals", "golden", ANA, "m1"), read("evals", None, corrects=True), Fate.TAKEN),
        (("evals", "golden", ANA, "m1"), read("evals", None, BOB), Fate.NO_ANSWER),
        (("evals", "golden", ANA, "m3"), read("evals", "none", followed_by=frozenset({"m3"})), Fate.OUTDATED),
        (("evals", "golden", ANA, "m3"), read("evals", "none", BOB, followed_by=frozenset({"m3"})), Fate.CONTRADICTS),
        (("problem", ["cost"], ANA, "m1"), read("problem", ["latency"], BOB), Fate.TAKEN),
        (("problem", ["cost", "latency"], ANA, "m1"), read("problem", ["latency"], BOB), Fate.HELD),
        (("problem", ["cost"], ANA, "m1"), read("problem", ["latency"], BOB, corrects=True), Fate.CONTRADICTS),
        (("knowledge_tokens", ">200K", ANA, "m1"), read("knowledge_tokens", 300_000, BOB), Fate.TAKEN),
        (("knowledge_tokens", 300_000, ANA, "m1"), read("knowledge_tokens", ">200K", BOB), Fate.HELD),
        (("knowledge_tokens", "<10K", ANA, "m1"), read("knowledge_tokens", 300_000, BOB), Fate.CONTRADICTS),
    ],
)
def test_one_thing_said_beside_one_answer(held: Any, said: Reading, fate: Fate) -> None:
    assert fates(make_known(*([held] if held else [])), said) == [fate]


def test_what_answers_the_open_question_replaces_an_answer_and_only_in_the_newest_message() -> None:
    known = make_known(("evals", "golden", ANA, "m1"), open_slot="evals")

    assert fates(known, read("evals", "none", BOB)) == [Fate.TAKEN]
    assert fates(known, read("evals", "none", BOB, is_newest=False)) == [Fate.CONTRADICTS]


def test_a_message_that_says_two_things_gives_none_of_them() -> None:
    found = judged(make_known(), [read("evals", "golden"), read("evals", "none"), read("demand", "proven")])

    assert [fate for _, fate in found.fates] == [Fate.TORN, Fate.TORN, Fate.TAKEN]
    assert list(found.given) == ["demand"]


def test_two_people_who_differ_in_one_call_are_heard_in_their_order() -> None:
    found = judged(make_known(), [read("evals", "golden", ANA, "m1"), read("evals", "none", BOB, "m2")])

    assert [fate for _, fate in found.fates] == [Fate.TAKEN, Fate.CONTRADICTS]
    assert found.given["evals"].value == "golden"


def test_not_knowing_beside_an_answer_of_the_same_message_says_nothing() -> None:
    found = judged(make_known(), [read("evals", None), read("evals", "none")])

    assert found.given["evals"].value == "none"


VALUES: dict[str, list[Any]] = {
    "evals": [None, "none", "golden"],
    "demand": [None, "proven", "forecast"],
    "problem": [None, ["cost"], ["latency"], ["cost", "latency"]],
}
PAIRS = st.sampled_from([(slot, value) for slot, values in VALUES.items() for value in values])
SAID = st.builds(
    lambda pair, who, source, corrects: read(pair[0], pair[1], who, source, corrects=corrects),
    PAIRS,
    st.sampled_from([ANA, BOB]),
    st.sampled_from(["m1", "m2", "m3"]),
    st.booleans(),
)
HELD = st.lists(
    st.sampled_from(
        [
            ("evals", "golden", ANA, "m1"),
            ("evals", "none", BOB, "m2"),
            ("demand", None, ANA, "m1"),
            ("demand", "proven", BOB, "m2"),
            ("problem", ["cost"], ANA, "m1"),
        ]
    ),
    max_size=4,
)


@given(HELD, st.lists(SAID, max_size=6))
def test_no_answer_is_replaced_before_its_own_author_takes_it_back(held: Any, said: list[Reading]) -> None:
    known = make_known(*held)
    found = judged(known, said)

    for slot, given_now in found.given.items():
        before = known.current.get(slot)
        if before is None or before.value is None or slot == "problem":
            continue
        was_taken_back = any(each.slot == slot and each.who == before.who and each.corrects for each in said)
        assert given_now.who == before.who or was_taken_back


@given(HELD, st.lists(SAID, max_size=6))
def test_a_problem_is_only_taken_away_by_whoever_named_it_last(held: Any, said: list[Reading]) -> None:
    known = make_known(*held)
    before = known.current.get("problem")
    after = judged(known, said).given.get("problem")

    if before is not None and after is not None and not any(each.corrects for each in said):
        assert set(before.value) <= set(after.value)
