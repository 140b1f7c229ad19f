"""Scores: worked examples, and what holds of all answers."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from agents.errors import UserError
from agents.evaluation.metrics import fields, scores
from agents.evaluation.tasks import Classification, Extraction, Generation, Task

LABELS = ("a", "b", "c")
RECORD: dict[str, Any] = {"type": "object", "required": ["intent"]}

# By the id of the example: its golden label, and an answer, which may be none of the labels or be missing.
ANSWERED = st.dictionaries(
    st.integers(0, 99).map(str),
    st.tuples(st.sampled_from(LABELS), st.sampled_from([*LABELS, "no label", None])),
    min_size=1,
    max_size=30,
)


def golden_of(answered: dict[str, Any]) -> dict[str, str]:
    return {name: golden for name, (golden, _) in answered.items()}


def answers_of(answered: dict[str, Any]) -> dict[str, str]:
    return {name: answer for name, (_, answer) in answered.items() if answer is not None}


def test_labels_are_scored_by_accuracy_macro_f1_and_validity() -> None:
    golden = dict(zip("123456", "aaabbc", strict=True))
    answers = {"1": "a", "2": "a", "3": "b", "4": "b", "5": "x"}

    scored = scores(Classification(LABELS), golden, answers)

    assert scored.values["accuracy"] == 3 / 6
    # a: 2 hits, 1 missed -> 4/5. b: 1 hit, 1 wrong, 1 missed -> 2/4. c: missed -> 0.
    assert scored.values["macro_f1"] == pytest.approx((4 / 5 + 2 / 4 + 0) / 3)
    assert scored.values["validity"] == 4 / 6
    assert scored.is_right.tolist() == [True, True, False, True, False, False]
    assert scored.problems == {"5": "'x' is no label of the task", "6": "no answer"}


def test_a_label_that_the_golden_set_lacks_is_not_averaged_over() -> None:
    scored = scores(Classification(LABELS), {"1": "a", "2": "b"}, {"1": "a", "2": "c"})

    assert scored.values["macro_f1"] == pytest.approx((1 + 0) / 2)


def test_records_are_scored_whole_by_field_and_by_schema() -> None:
    golden = {
        "1": '{"intent": "book", "slots": {"city": "Rome", "seats": 2}}',
        "2": '{"intent": "play", "tags": ["x", "y"]}',
        "3": '{"intent": "rate"}',
    }
    answers = {
        "1": '{"slots": {"seats": 2.0, "city": "Oslo"}, "intent": "book"}',
        "2": '{"intent": "play", "tags": ["y", "z", "x"]}',
        "3": '{"stars": 5}',
    }

    scored = scores(Extraction(RECORD), golden, answers)

    assert scored.values["record_exact_match"] == 0
    assert scored.values["schema_validity"] == pytest.approx(2 / 3)
    # Hits: intent and seats of 1; intent, x and y of 2. Wrong: Oslo, z. Missed: Rome; intent of 3, which is invalid.
    assert scored.values["field_f1"] == pytest.approx(2 * 5 / (2 * 5 + 2 + 2))


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        ('{"n":1.0,"yes":true,"intent":"a","l":[1,{"k":null}]}', True),
        ('{"intent":"a","n":true,"yes":true,"l":[1,{"k":null}]}', False),
        ('{"intent":"a","n":1,"yes":1,"l":[1,{"k":null}]}', False),
        ('{"intent":"a","n":1,"yes":true,"l":[{"k":null},1]}', False),
        ('{"intent":"a","n":1,"yes":true,"l":[1,{}]}', False),
        ('{"intent":"a ","n":1,"yes":true,"l":[1,{"k":null}]}', False),
    ],
)
def test_a_record_is_right_where_it_is_the_same_json(answer: str, is_right: bool) -> None:
    golden = '{"intent": "a", "n": 1, "yes": true, "l": [1, {"k": null}]}'

    assert scores(Extraction(RECORD), {"1": golden}, {"1": answer}).is_right.tolist() == [is_right]


def test_fields_have_paths_and_lists_have_no_places() -> None:
    assert fields({"a": {"b": 1}, "c": ["x", "x"], "d": [], "e": True}) == {
        ("a.b", (False, 1)): 1,
        ("c[]", (False, "x")): 2,
        ("e", (True, True)): 1,
    }


def test_records_without_fields_that_are_met_score_one() -> None:
    assert scores(Extraction({"type": "object"}), {"1": "{}"}, {"1": "{}"}).values["field_f1"] == 1


@pytest.mark.parametrize(
    ("task", "golden", "right", "wrong"),
    [
        (Generation(), "Yes, indeed", " Yes, indeed\n", "yes, indeed"),
        (Generation("numeric"), "#### 1,200", "so it is $1200.00", "so 1200 of 1300"),
        (Generation("regex", r"A: (.*)"), "18", "hence\nA: 18", "18"),
    ],
)
def test_a_generated_text_is_held_against_the_golden_one(task: Task, golden: str, right: str, wrong: str) -> None:
    scored = scores(task, {"1": golden, "2": golden}, {"1": right, "2": wrong})

    assert scored.is_right.tolist() == [True, False]
    assert scored.values["match"] == 0.5


@pytest.mark.parametrize(
    ("golden", "answers", "said"),
    [
        ({}, {}, "golden set is empty"),
        ({"1": "x"}, {}, "'1' is no answer to its own task: 'x' is no label"),
        ({"1": "a"}, {"2": "a"}, "answer to '2'"),
    ],
)
def test_a_golden_set_that_cannot_be_scored_is_refused_in_words(
    golden: dict[str, str], answers: dict[str, str], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        scores(Classification(LABELS), golden, answers)


@settings(deadline=None)  # scikit-learn imports more as it is called first
@given(answered=ANSWERED)
def test_scores_of_labels_are_those_of_scikit_learn(answered: dict[str, Any]) -> None:
    golden, answers = golden_of(answered), answers_of(answered)
    wanted, given_ = list(golden.values()), [answers.get(name, "") for name in golden]

    values = scores(Classification(LABELS), golden, answers).values

    assert values["accuracy"] == pytest.approx(accuracy_score(wanted, given_))
    assert values["macro_f1"] == pytest.approx(
        f1_score(wanted, given_, labels=sorted(set(wanted)), average="macro", zero_division=0)
    )


@given(answered=ANSWERED, order=st.randoms(use_true_random=False))
def test_the_order_of_examples_changes_no_score(answered: dict[str, Any], order: Any) -> None:
    names = list(answered)
    order.shuffle(names)
    shuffled = {name: answered[name] for name in names}

    first = scores(Classification(LABELS), golden_of(answered), answers_of(answered))
    second = scores(Classification(LABELS), golden_of(shuffled), answers_of(shuffled))

    assert first.ids == second.ids
    assert first.values == second.values
    assert all((first.metrics[name].counts == second.metrics[name].counts).all() for name in first.metrics)


@given(answered=ANSWERED)
def test_scores_lie_between_zero_and_one_and_one_means_all_right(answered: dict[str, Any]) -> None:
    golden = golden_of(answered)

    scored = scores(Classification(LABELS), golden, answers_of(answered))

    assert all(0 <= value <= 1 for value in scored.values.values())
    assert (scored.values["accuracy"] == 1) == (scored.values["macro_f1"] == 1) == bool(np.all(scored.is_right))
    assert set(scores(Classification(LABELS), golden, golden).values.values()) == {1.0}


@given(
    records=st.lists(
        st.tuples(*[st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2), max_size=3)] * 2), min_size=1, max_size=8
    )
)
def test_field_f1_is_the_same_with_golden_and_answers_exchanged(records: list[tuple[dict[str, int], ...]]) -> None:
    task = Extraction({"type": "object"})
    first = {str(place): json.dumps(each[0]) for place, each in enumerate(records)}
    second = {str(place): json.dumps(each[1]) for place, each in enumerate(records)}

    there, back = scores(task, first, second).values, scores(task, second, first).values

    assert there == back
    assert there["record_exact_match"] == pytest.approx(np.mean([one == other for one, other in records]))
