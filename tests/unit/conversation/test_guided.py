"""What the guided talker says and wants done, for one situation at a time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.conversation.talkers.guided import Guided
from agents.conversation.talking import Reply
from agents.decision.questions import QUESTIONS
from tests.unit.conversation.factories import SILENCE, make_situation, make_state


async def reply(text: str, **situation: Any) -> Reply:
    return await Guided().reply(make_situation(text, **situation), SILENCE)


def calls(given_reply: Reply) -> list[tuple[str, dict[str, Any]]]:
    return [(wanted.name, dict(wanted.arguments)) for wanted in given_reply.calls]


async def test_a_first_word_is_greeted_and_the_first_question_asked() -> None:
    greeted = await reply("hello", is_first=True)
    assert "<@U1>" in greeted.text
    assert calls(greeted) == [("ask_user", {})]


async def test_a_first_message_with_facts_records_and_shows_them() -> None:
    greeted = await reply("it is too expensive", is_first=True)
    assert calls(greeted) == [("record_facts", {"answers": {"problem": ["cost"]}, "show": True})]
    assert "It costs too much" in greeted.text


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("why?", ("explain_question", {})),
        ("Why do you need that?", ("explain_question", {})),
        ("change an answer", ("show_answers", {})),
        ("change", ("show_answers", {})),
        ("change demand", ("ask_user", {"slot": "demand"})),
        ("Change the Quality Measure", ("ask_user", {"slot": "evals"})),
        ("answer Teacher's terms", ("ask_user", {"slot": "teacher_terms"})),
        ("costs", ("compare_costs", {})),
        ("what would it cost?", ("compare_costs", {})),
        ("verdict", ("recommend", {})),
        ("export", ("export", {})),
        ("ask handbook how long is leave?", ("ask_index", {"question": "handbook how long is leave?"})),
        ("index docs from handbook.", ("propose_index", {"name": "docs", "source": "handbook"})),
        ("runs", ("run_status", {})),
        ("run 7f3a11", ("run_status", {"run_id": "7f3a11"})),
        ("cancel run 7f3a11", ("cancel_request", {"run_id": "7f3a11"})),
    ],
)
async def test_a_thing_asked_for_by_name_is_done(text: str, called: tuple[str, dict[str, Any]]) -> None:
    assert calls(await reply(text)) == [called]


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("problem", "cost", ["cost"]),
        ("problem", "It costs too much", ["cost"]),
        ("problem", "cost and latency", ["cost", "latency"]),
        ("evals", "Golden", "golden"),
        ("citations", "yes", True),
        ("citations", "skip", None),
        ("quality_gap_pp", "78 / 87", 9.0),
        ("requests_per_day", "about 2M a month", 65_753),
        ("tokens", "800 / 200 / 300", {"static_prefix": 800, "tokens_in": 1000, "tokens_out": 300}),
        ("knowledge_tokens", "40 pages", 26_000),
        ("latency_p95_ms", "0.3 s", 300.0),
        ("gpu", "2 x H100-80", {"kind": "H100-80", "count": 2}),
    ],
)
async def test_a_text_answers_the_open_question(slot: str, text: str, value: Any) -> None:
    answered = await reply(text, state=make_state(open_slot=slot))
    assert calls(answered) == [("record_facts", {"answers": {slot: value}, "question_id": f"q-{slot}"})]


async def test_what_is_told_beside_the_question_is_taken_too() -> None:
    told = await reply("It is too expensive and we classify 20k tickets a day", state=make_state(open_slot="evals"))
    assert calls(told) == [
        (
            "record_facts",
            {
                "answers": {"problem": ["cost"], "requests_per_day": 20_000, "task_type": "classification"},
                "question_id": None,
            },
        )
    ]


async def test_a_figure_within_a_long_text_is_no_answer() -> None:
    talk = await reply(
        "I talked to the 3 people of the other team and they said it depends on the season",
        state=make_state(open_slot="labelled_examples"),
    )
    assert calls(talk) == []
    assert "stays open" in talk.text


async def test_what_is_not_understood_shows_what_would_be() -> None:
    assert "“Spot checks”" in (await reply("bananas", state=make_state(open_slot="evals"))).text
    assert "20k" in (await reply("bananas", state=make_state(open_slot="requests_per_day"))).text


async def test_what_contradicts_an_answer_names_who_gave_it() -> None:
    state = make_state(open_slot="evals", answers={"requests_per_day": 20_000})
    contradicted = await reply("we get 30k requests per day", state=state)
    assert calls(contradicted) == []
    assert all(part in contradicted.text for part in ("30,000", "20,000", "<@U1>"))
    assert [each.text for each in contradicted.suggestions] == ["change Requests per day"]


async def test_a_button_of_one_optional_question_answers_it() -> None:
    state = make_state(open_slot=None, optional=["residency", "citations", "batch_ok"])
    assert calls(await reply("our cloud", state=state)) == [
        ("record_facts", {"answers": {"residency": "private_cloud"}, "question_id": None})
    ]
    assert calls(await reply("yes", state=state)) == []


async def test_a_failed_call_is_told_and_ends_the_turn() -> None:
    told = await reply("export", results=[{"tool": "export", "error": "There is no decision to export yet."}])
    assert (told.text, calls(told)) == ("There is no decision to export yet.", [])


async def test_the_end_of_the_questions_is_said_with_what_may_follow() -> None:
    state = make_state(open_slot=None, optional=["batch_ok"])
    told = await reply("yes", state=state, results=[{"tool": "record_facts", "is_finished": True}])
    assert "settles it" in told.text
    assert [each.text for each in told.suggestions] == ["costs", "answer Answers can wait"]


@given(
    st.text(max_size=200),
    st.sampled_from([None, *(each.slot for each in QUESTIONS)]),
    st.booleans(),
    st.booleans(),
)
async def test_any_text_gets_a_reply(text: str, slot: str | None, is_first: bool, has_answers: bool) -> None:
    answers = {"problem": ["cost"], "requests_per_day": 1} if has_answers else None
    replied = await reply(text, is_first=is_first, state=make_state(open_slot=slot, answers=answers))
    assert replied.text or replied.calls
