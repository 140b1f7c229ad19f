"""What is dropped and why, what people are shown, how data is split, and the card that says all that."""

import csv
import datetime as dt
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.distillation.data_card import DataCardInputs, data_card
from agents.distillation.examples import Example, Input, dataset_sha256
from agents.distillation.filtering import REASONS, filtered, samples, worth_asking
from agents.distillation.similarity import folded, likeness, shingles
from agents.distillation.spec import FilterSpec
from agents.distillation.splitting import split
from agents.evaluation.tasks import Classification, Extraction, Generation, Task
from tests.shared_data import shared

TASK = Classification(("lost", "late"))
GOLDEN = (Example("g1", "where is my new card", "late"),)

WORDS = st.lists(st.sampled_from(["card", "lost", "late", "my", "is", "where", "the"]), min_size=1, max_size=6)
EXAMPLES = st.lists(
    st.builds(
        Example,
        id=st.integers(0, 99).map(str),
        input=st.tuples(WORDS.map(" ".join), st.sampled_from(["", "?", " !"])).map("".join),
        output=st.sampled_from(["lost", "late", " late", "gone"]),
        source=st.sampled_from(["labelled", "teacher", "synthetic"]),
    ),
    max_size=15,
    unique_by=lambda each: each.id,
)


def reason(example: Example, **settings_: Any) -> tuple[str, str]:
    (dropped,) = filtered(TASK, [example], GOLDEN, FilterSpec(**settings_)).dropped
    return dropped.reason, dropped.detail


def test_an_example_without_fault_is_kept() -> None:
    example = Example("1", "I cannot find it", "lost")

    found = filtered(TASK, [example], GOLDEN, FilterSpec())

    assert found.kept == (example,)
    assert found.counts == dict.fromkeys(REASONS, 0)


@pytest.mark.parametrize(
    ("text", "output", "settings_", "why"),
    [
        ("I cannot find it", "Lost", {}, ("schema", "'Lost' is no label of the task")),
        ("gone", "lost", {"min_characters": 5}, ("length", "an input of 4 characters, fewer than 5")),
        ("gone since may", "lost", {"max_characters": 9}, ("length", "an input of 14 characters, more than 9")),
        (
            "Ich finde meine neue Karte nicht mehr",
            "lost",
            {"languages": ("en", "fr")},
            ("language", "de, not en or fr"),
        ),
        ("Where is my new  card?", "late", {}, ("leakage", "100% like the input of golden g1")),
        ("WHERE is my new card ", "late", {}, ("leakage", "the same input as golden g1")),
    ],
)
def test_each_drop_says_why(text: str, output: str, settings_: dict[str, Any], why: tuple[str, str]) -> None:
    assert reason(Example("1", text, output), **settings_) == why


def test_what_is_too_short_to_tell_its_language_is_kept() -> None:
    assert filtered(TASK, [Example("1", "Karte weg", "lost")], GOLDEN, FilterSpec(languages=("en",))).kept


def test_an_output_that_is_too_long_is_dropped_as_it_would_be_written() -> None:
    task = Extraction({"type": "object"})
    rows = [Example("1", "ten", '{"a":[1,2,3]}'), Example("2", "two", '{"a":1}')]

    found = filtered(task, rows, (), FilterSpec(max_characters=14))

    assert [each.output for each in found.kept] == ['{"a": 1}']
    assert found.dropped[0].detail == "an output of 16 characters, more than 14"


@pytest.mark.parametrize(
    ("task", "first", "second", "agree"),
    [
        (TASK, "lost", " lost", True),
        (TASK, "lost", "late", False),
        (TASK, "lost", "nothing", False),
        (Extraction({"type": "object"}), '{"a":1,"b":2}', '{"b": 2, "a": 1.0}', True),
        (Extraction({"type": "object"}), '{"a":1}', '{"a": true}', False),
        (Generation("numeric"), "so $1,000", "it is 1000", True),
        (Generation("numeric"), "so 10", "so 11", False),
    ],
)
def test_two_outputs_of_the_teacher_must_mean_the_same(task: Task, first: str, second: str, agree: bool) -> None:
    found = filtered(task, [Example("1", "a text", first, "teacher")], (), FilterSpec(), second={"1": second})

    assert bool(found.kept) == agree
    assert [each.reason for each in found.dropped] == ([] if agree else ["disagreement"])


def test_of_the_same_inputs_the_teams_own_stays_and_a_contradiction_is_told() -> None:
    rows = [
        Example("1", "gone", "lost", "synthetic"),
        Example("2", "Gone ", "late", "labelled"),
        Example("3", "gone", "late"),
    ]

    found = filtered(TASK, rows, (), FilterSpec())

    assert [each.id for each in found.kept] == ["2"]
    assert [(each.id, each.reason, each.detail) for each in found.dropped] == [
        ("1", "duplicate", "the same input as 2, with another output"),
        ("3", "duplicate", "the same input as 2"),
    ]


def test_of_nearly_the_same_inputs_one_stays() -> None:
    rows = [Example("1", "it is gone, since may!", "lost"), Example("2", "it is gone since may", "lost")]

    found = filtered(TASK, rows, (), FilterSpec())

    assert [(each.id, each.reason) for each in found.dropped] == [("2", "near_duplicate")]


@settings(deadline=None)
@given(examples=EXAMPLES, golden=EXAMPLES, order=st.randoms(use_true_random=False))
def test_what_holds_of_every_filtering(examples: list[Example], golden: list[Example], order: Any) -> None:
    spec = FilterSpec(near_duplicate=0.8)

    found = filtered(TASK, examples, golden, spec)

    # Nothing is lost, and every drop is counted.
    told = [each.id for each in found.kept] + [each.id for each in found.dropped]
    assert sorted(told) == sorted(each.id for each in examples)
    assert sum(found.counts.values()) == len(found.dropped)
    # Nothing kept leaks, and no two are nearly the same: compared here one by one.
    for place, each in enumerate(found.kept):
        others = [*(one.input for one in golden), *(one.input for one in found.kept[:place])]
        assert folded(each.input) not in map(folded, others)
        assert all(likeness(shingles(each.input), shingles(other)) < 0.8 for other in others)
        assert each.output in TASK.labels
    # Filtering again drops nothing more, and the order changes nothing.
    assert filtered(TASK, found.kept, golden, spec).kept == found.kept
    shuffled = order.sample(examples, len(examples))
    assert set(filtered(TASK, shuffled, golden[::-1], spec).kept) == set(found.kept)


def many(count: int) -> list[Example]:
    return [Example(str(n), f"text number {n} of its own {n * n}", "lost" if n % 10 else "late") for n in range(count)]


def test_people_are_shown_as_many_examples_of_a_rare_label_as_of_others() -> None:
    shown = samples(TASK, many(300), seed=3)

    assert Counter(each.output for each in shown) == {"lost": 10, "late": 10}
    assert shown == samples(TASK, many(300)[::-1], seed=3)
    assert shown != samples(TASK, many(300), seed=4)
    assert {each.id for each in samples(TASK, many(7))} == {each.id for each in many(7)}


def test_about_the_share_asked_for_is_held_out_and_stays_there_as_data_grows() -> None:
    before, after = split(many(400), 0.2), split(many(1_000), 0.2)

    assert 50 <= len(before.validation) <= 110  # 80 on average, four standard errors
    assert set(before.validation) <= set(after.validation)
    assert set(before.train) <= set(after.train)
    assert split(many(400), 0.2, seed=1) != before


def test_nearly_the_same_inputs_are_on_one_side() -> None:
    rows = [
        Example(f"{n}{form}", f"my order {n}, the one of number {n} that i sent for, is late{mark}", "late")
        for n in range(60)
        for form, mark in (("a", ""), ("b", " !"), ("c", " again"))
    ]

    found = split(rows, 0.3)

    sides = [{each.id[:-1] for each in part} for part in (found.train, found.validation)]
    assert not sides[0] & sides[1]
    assert all(sides)


@settings(deadline=None)
@given(examples=EXAMPLES, share=st.floats(0.01, 0.99), seed=st.integers(0, 99), order=st.randoms(use_true_random=False))
def test_what_holds_of_every_split(examples: list[Example], share: float, seed: int, order: Any) -> None:
    found = split(examples, share, seed=seed)

    assert Counter((*found.train, *found.validation)) == Counter(examples)
    for each in found.validation:
        assert all(likeness(shingles(each.input), shingles(other.input)) < 0.7 for other in found.train)
    again = split(order.sample(examples, len(examples)), share, seed=seed)
    assert (set(again.train), set(again.validation)) == (set(found.train), set(found.validation))


def test_neither_part_is_empty_where_there_are_two_groups() -> None:
    for share in (0.001, 0.999):
        found = split(many(2), share)
        assert (len(found.train), len(found.validation)) == (1, 1)


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        split(many(3), 1.0)


def test_the_data_card_says_what_is_in_the_data_and_what_is_not() -> None:
    rows = [*many(30), Example("x", "gone | <b>", "nothing"), Example("y", "where is my new card", "late")]
    found = filtered(TASK, rows, GOLDEN, FilterSpec())
    parts = split(found.kept, 0.2)
    about = DataCardInputs(
        "tickets", 3, dt.date(2026, 11, 30), "ours | internal", "claude-x", "usage policy, 2026-11-01"
    )

    card = data_card(about, TASK, found, parts, GOLDEN)

    assert "# Data card: tickets, version 3" in card
    assert "2026-11-30" in card
    assert f"| train | {len(parts.train)} | {dataset_sha256(parts.train)} |" in card
    assert f"| golden (never trained on) | 1 | {dataset_sha256(GOLDEN)} |" in card
    assert "2 of 32" in card
    assert "| schema | 1 |" in card
    assert "| leakage | 1 |" in card
    assert "| late | 3 |\n| lost | 27 |" in card
    assert r"ours \| internal" in card
    assert "usage policy, 2026-11-01" in card
    assert card == data_card(about, TASK, found, parts, GOLDEN)


def test_hardly_anything_of_banking77_is_dropped_and_what_stands_in_both_splits_is() -> None:
    def rows(name: str) -> list[Example]:
        with shared(f"data/banking77/{name}.csv").open(encoding="utf-8", newline="") as lines:
            return [Example(f"{name}{n}", row["text"], row["category"]) for n, row in enumerate(csv.DictReader(lines))]

    labels = tuple(json.loads(shared("data/banking77/categories.json").read_text(encoding="utf-8")))
    golden = rows("test_half")
    in_both = {folded(each.input) for each in golden}
    leaking = [each for each in rows("train") if folded(each.input) in in_both]
    train = [each for each in rows("train")[::4] if each not in leaking] + leaking

    found = filtered(Classification(labels), train, golden, FilterSpec(languages=("en",)))

    assert leaking
    assert {each.id for each in leaking} <= {each.id for each in found.dropped if each.reason == "leakage"}
    assert found.counts["schema"] == found.counts["length"] == 0
    assert found.counts["language"] <= 2
    assert len(found.kept) >= 0.98 * len(train)


@given(EXAMPLES, EXAMPLES)
@settings(max_examples=60)
def test_no_input_that_could_be_kept_is_left_out_of_what_a_teacher_is_asked(
    examples: list[Example], golden: list[Example]
) -> None:
    inputs = [Input(each.id, each.input) for each in examples]

    worth, not_asked = worth_asking(inputs, (), golden, FilterSpec())

    # Whatever is answered: all of it is usable here.
    answered = [Example(each.id, each.text, "lost", "teacher") for each in inputs]
    found = filtered(TASK, answered, golden, FilterSpec())
    assert [each.id for each in worth] == [each.id for each in found.kept]
    assert [(each.id, each.reason) for each in not_asked] == [(each.id, each.reason) for each in found.dropped]


def test_what_a_team_has_labelled_is_not_asked_for_again() -> None:
    inputs = [Input("1", "Where is  my card"), Input("2", "it never came")]

    worth, not_asked = worth_asking(inputs, [Input("l-7", "where is my card")], GOLDEN, FilterSpec())

    assert [each.id for each in worth] == ["2"]
    assert [(each.id, each.reason, each.detail) for each in not_asked] == [("1", "duplicate", "the same input as l-7")]


def test_a_quick_look_leaves_what_is_only_nearly_the_same() -> None:
    long = "please tell me where the new card is that i asked for in may since it has not come until now"
    inputs = [Input("1", long), Input("2", f"{long} thanks"), Input("3", long.upper())]

    quick, _ = worth_asking(inputs, (), GOLDEN, FilterSpec(), is_quick=True)
    close, _ = worth_asking(inputs, (), GOLDEN, FilterSpec())

    assert [each.id for each in quick] == ["1", "2"]
    assert [each.id for each in close] == ["1"]
