"""The card of what a run asks: ordinary questions as people see them, any within Slack's limits."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.runs.questions import ABORT, Choice, QuestionView
from agents.runs.states import RunState, StageState
from agents.runs.views import RunView, StageView
from bot.blocks.attention import answer_form, attention_message, entered
from tests.unit.blocks.checks import check_message, check_view

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHOICES = (
    Choice("look", "Look again"),
    Choice("adopt", "Adopt by id", entry="Its id outside"),
    Choice("again", "Submit again", is_spend=True, warning="It may be paid twice."),
)


def make_question(**given: Any) -> QuestionView:
    values: dict[str, Any] = {
        "id": "0123456789ab",
        "run_id": "r1",
        "seq": 0,
        "kind": "effect",
        "text": "Its answer was lost: it may have been taken, or not.",
        "details": {"effect": "batch-1", "found": [{"external_id": "b-1", "result": {}}], "nothing": None},
        "choices": CHOICES,
        "state": "open",
        "asked_at": NOW,
        "choice": None,
        "value": None,
        "answered_by": None,
        "answered_at": None,
    }
    return QuestionView(**{**values, **given})


def make_run(**given: Any) -> RunView:
    stage = StageView(0, "teach", "cpu", StageState.WAITING, 1, None, None, None, None, NOW, None)
    values: dict[str, Any] = {
        "id": "r1",
        "proposal_id": "p1",
        "kind": "distil",
        "state": RunState.NEEDS_ATTENTION,
        "params": {"name": "tickets"},
        "requested_by": "UALICE0001",
        "approved_by": "UBOB000001",
        "channel": "C1",
        "thread_ts": "1.1",
        "error": None,
        "result": None,
        "created_at": NOW,
        "finished_at": None,
        "stages": (stage,),
    }
    return RunView(**{**values, **given})


def shown(made: Any) -> str:
    return json.dumps(made.blocks, ensure_ascii=False)


def test_an_open_question_names_who_asked_what_is_known_and_every_choice() -> None:
    made = check_message(attention_message(make_question(), make_run()))
    assert made.text.startswith("<@UALICE0001> Distil tickets asks: Its answer was lost")
    for part in ("<@UALICE0001>", "Its answer was lost", "effect *batch-1*", "found *b-1*", "by the stage teach"):
        assert part in shown(made)
    assert "nothing" not in shown(made)
    buttons = made.blocks[-1]["elements"]
    assert [each["text"]["text"] for each in buttons] == [
        "Look again", "Adopt by id…", "Submit again", "Abort the run",
    ]  # fmt: skip
    assert [json.loads(each["value"])["choice"] for each in buttons] == ["look", "adopt", "again", ABORT]
    assert [each.get("confirm", {}).get("text", {}).get("text") for each in buttons] == [
        None, None, "It may be paid twice.", "It ends here, and what it has done so far is not used.",
    ]  # fmt: skip
    assert "Submit again: only by an approver" in shown(made)


def test_an_answered_question_says_who_chose_what_and_has_no_buttons() -> None:
    answered = make_question(state="answered", choice="adopt", value="b-7", answered_by="UBOB000001", answered_at=NOW)
    made = check_message(attention_message(answered, make_run(state=RunState.RUNNING)))
    assert "*Adopt by id: b-7* · <@UBOB000001>" in shown(made)
    assert "actions" not in {block["type"] for block in made.blocks}


def test_an_aborted_run_says_so_on_the_card_of_its_question() -> None:
    answered = make_question(state="answered", choice=ABORT, answered_by="shell:ann", answered_at=NOW)
    made = check_message(attention_message(answered, make_run(state=RunState.CANCELLED)))
    assert "*Abort the run* · ann" in shown(made)


def test_a_question_that_was_withdrawn_says_what_became_of_its_run() -> None:
    made = check_message(attention_message(make_question(state="withdrawn"), make_run(state=RunState.CANCELLED)))
    assert "The run is cancelled." in shown(made)
    assert "actions" not in {block["type"] for block in made.blocks}


def test_the_form_of_a_choice_asks_for_its_value_and_brings_back_what_was_pressed() -> None:
    view = check_view(answer_form(make_question(), CHOICES[1], {"question_id": "q", "choice": "adopt"}))
    assert json.loads(view["private_metadata"]) == {"question_id": "q", "choice": "adopt"}
    block = next(block for block in view["blocks"] if block["type"] == "input")
    assert block["label"]["text"] == "Its id outside"
    assert entered({block["block_id"]: {block["element"]["action_id"]: "b-7"}}) == "b-7"


text = st.text(st.characters(codec=None), max_size=300)
ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=100)
plain_json = st.recursive(st.none() | st.booleans() | st.integers() | text, lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(text, inner, max_size=4), max_leaves=12)  # fmt: skip
choices = st.lists(
    st.builds(Choice, ids, text.filter(str.strip), st.booleans(), text, text), min_size=1, max_size=30
).map(tuple)
questions = st.builds(
    make_question,
    text=st.text(st.characters(codec=None), max_size=12_000),
    details=st.dictionaries(text, plain_json, max_size=20),
    choices=choices,
    state=st.sampled_from(["open", "answered", "withdrawn"]),
    choice=ids,
    value=st.none() | text,
    answered_by=st.sampled_from(["UBOB000001", "shell:ann"]),
)


@given(questions, st.sampled_from(RunState))
def test_any_question_makes_a_card_and_forms_that_slack_takes(question: QuestionView, state: RunState) -> None:
    check_message(attention_message(question, make_run(state=state)))
    for choice in question.choices:
        check_view(answer_form(question, choice, {"question_id": question.id, "choice": choice.id}))
