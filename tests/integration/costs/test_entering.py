"""Costs entered by form or one input at a time: kept with who said it, priced at once, heard by the verdict."""

from typing import Any

import pytest

from agents.errors import UserError
from agents.wiring import Services
from tests.answers import READY_TO_DISTIL
from tests.integration.costs.conftest import ANA, BOB, FORM, TEAM, TOKENS, Table

pytestmark = pytest.mark.integration

COUNTED = {"static_prefix": 0, "tokens_in": 25, "tokens_out": 5}


async def test_an_empty_thread_is_priced_by_the_form_alone(table: Table) -> None:
    await table.enter(**FORM)
    card = await table.card()
    assert card.comparison is not None
    assert await table.answers() == {
        "requests_per_day": 20_000,
        "tokens": {"static_prefix": 800, "tokens_in": 1_500, "tokens_out": 300},
    }
    assert await table.settings() == {}
    # Nobody began an interview here, so none is forced on the thread.
    assert [row["kind"] for row in await table.rows("SELECT kind FROM app.slack_card")] == ["costs"]
    assert await table.rows("SELECT id FROM app.question") == []


async def test_settings_are_kept_with_who_set_them_and_the_older_as_history(table: Table) -> None:
    await table.enter(**FORM, horizon_months="24")
    await table.enter(BOB, horizon_months="36", models=["gpt-4o"], in_use="gpt-4o")
    assert await table.settings() == {"horizon_months": (36, BOB), "models": (["gpt-4o"], BOB)}
    history = await table.rows(
        "SELECT value, who, superseded_at IS NULL AS holds FROM app.cost_setting "
        "WHERE key = 'horizon_months' ORDER BY id"
    )
    assert [(row["value"], row["who"], row["holds"]) for row in history] == [(24, ANA, False), (36, BOB, True)]


async def test_the_same_form_twice_is_taken_once(table: Table) -> None:
    entered = {**FORM, "horizon_months": "24"}
    for _ in range(2):
        await table.services.cost_edits.take_form(TEAM, table.conversation_id, entered, who=ANA, source="Ev1")
    assert len(await table.rows("SELECT id FROM app.fact")) == 2
    assert len(await table.rows("SELECT id FROM app.cost_setting")) == 1
    assert len(await table.rows("SELECT id FROM app.comparison")) == 1


async def test_a_pasted_sample_is_counted_and_the_card_says_how(table: Table) -> None:
    await table.enter(requests_per_day="20k", sample_prompt="x" * 100, sample_answer="y" * 20)
    assert (await table.answers())["tokens"] == COUNTED
    assert any("4 characters" in line for line in (await table.card()).assumptions)
    await table.change("tokens_out", "6")
    assert not any("4 characters" in line for line in (await table.card()).assumptions)


async def test_what_is_wrong_is_told_by_field_and_nothing_is_taken(table: Table) -> None:
    edits = table.services.cost_edits
    entered = {**FORM, "requests_per_day": "banana", "horizon_months": "0", "other_models": "gpt-17"}
    wrong = await edits.wrong_form(TEAM, table.conversation_id, entered)
    assert set(wrong) == {"requests_per_day", "horizon_months", "other_models"}
    with pytest.raises(UserError):
        await edits.take_form(TEAM, table.conversation_id, entered, who=ANA, source="Ev1")
    assert await table.answers() == {}
    assert await table.settings() == {}


async def test_a_form_for_a_thread_that_is_still_to_begin_is_checked_too(services: Services) -> None:
    wrong = await services.cost_edits.wrong_form(TEAM, None, {**FORM, "static_prefix": "9000"})
    assert set(wrong) == {"static_prefix"}
    assert await services.cost_edits.wrong_form(TEAM, None, FORM) == {}


async def test_the_form_begins_with_what_the_conversation_knows(table: Table) -> None:
    await table.services.decisions.record(
        TEAM, table.conversation_id, answers={"requests_per_day": "30k", "gpu": "2 x H100-80"}, who=BOB, source="1.1"
    )
    begun = await table.begun()
    assert (begun["requests_per_day"], begun["gpu_kind"], begun["gpu_count"]) == ("30,000", "H100-80", "2")
    await table.enter(**TOKENS)
    rows = await table.rows("SELECT slot, who FROM app.fact WHERE superseded_at IS NULL")
    assert {row["slot"]: row["who"] for row in rows} == {"requests_per_day": BOB, "gpu": BOB, "tokens": ANA}


async def test_one_input_changed_prices_everything_anew_in_the_same_card(table: Table) -> None:
    await table.enter(**FORM)
    before = await table.usd_per_month("prompt:claude-sonnet-5-5")
    (card,) = await table.rows("SELECT version FROM app.slack_card WHERE kind = 'costs'")
    await table.change("requests_per_day", "40k")
    assert await table.usd_per_month("prompt:claude-sonnet-5-5") == pytest.approx(2 * before, rel=0.05)
    (again,) = await table.rows("SELECT version FROM app.slack_card WHERE kind = 'costs'")
    assert again["version"] > card["version"]


async def test_an_input_emptied_goes_back_to_what_is_assumed(table: Table) -> None:
    await table.enter(**FORM)
    begun = await table.usd_per_month("distil:llama-3.1-8b")
    await table.change("usd_per_gpu_hour", "$1")
    assert await table.usd_per_month("distil:llama-3.1-8b") < begun
    shown = await table.services.cost_edits.input(TEAM, table.conversation_id, "usd_per_gpu_hour")
    assert (shown.who, shown.entered) == (ANA, "1")
    await table.change("usd_per_gpu_hour", "")
    assert await table.usd_per_month("distil:llama-3.1-8b") == begun
    shown = await table.services.cost_edits.input(TEAM, table.conversation_id, "usd_per_gpu_hour")
    assert (shown.who, shown.entered) == (None, "")
    assert shown.source


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("requests_per_day", "", "Nothing can be priced without it"),
        ("requests_per_day", "-3", "negative"),
        ("static_prefix", "9000", "cannot be more"),
        ("tokens_in", "0", "range"),
        ("headroom", "0", "range"),
        ("models", "gpt-17", "gpt-17"),
        ("teacher", "gpt-17", "gpt-17"),
        ("student", "llama-9", "llama-9"),
        ("gpu", "4 x Abacus", "Abacus"),
        ("training_gpu", "Abacus", "Abacus"),
        ("chunk", "10", "range"),
        ("overlap", "600", "overlap"),
        ("method", "magic", "lora"),
        ("batch_ok", "perhaps", "yes"),
        ("mfu", "250%", "range"),
        ("nonsense", "1", "cannot be changed"),
    ],
)
async def test_each_input_refuses_what_cannot_be_priced_and_keeps_what_holds(
    table: Table, key: str, text: str, words: str
) -> None:
    await table.enter(**FORM)
    before = await table.answers(), await table.settings()
    wrong = await table.services.cost_edits.wrong_input(TEAM, table.conversation_id, key, text)
    assert wrong is not None
    assert words in wrong
    with pytest.raises(UserError):
        await table.change(key, text)
    assert (await table.answers(), await table.settings()) == before


async def test_an_input_cannot_be_changed_before_anything_is_priced(table: Table) -> None:
    with pytest.raises(UserError, match="Volume and tokens"):
        await table.services.cost_edits.inputs(TEAM, table.conversation_id)


@pytest.mark.parametrize(("models", "verdict"), [(["claude-opus-5-5"], "distill"), (["gpt-6-luna"], "prompt")])
async def test_the_verdict_follows_what_is_set_for_the_costs(table: Table, models: list[str], verdict: str) -> None:
    ready: dict[str, Any] = {**READY_TO_DISTIL, "teacher_terms": "ok"}
    decisions = table.services.decisions
    await decisions.record(TEAM, table.conversation_id, answers=ready, who=ANA, source="1.1")
    await table.enter(**{**FORM, "requests_per_day": "200k", "models": models, "in_use": models[0]})
    state = await decisions.state(TEAM, table.conversation_id)
    assert state.verdict is not None
    assert state.verdict.approach == verdict


async def test_an_interview_in_hand_goes_on_and_its_question_is_answered_by_the_form(table: Table) -> None:
    decisions = table.services.decisions
    await decisions.ask(TEAM, table.conversation_id, "requests_per_day")
    await table.enter(**FORM)
    state = await decisions.state(TEAM, table.conversation_id)
    assert state.open_question is None or state.open_question.slot != "requests_per_day"
    assert state.verdict is not None


async def test_a_gpu_gone_from_the_price_book_is_left_out_and_said(table: Table) -> None:
    await table.services.decisions.record(
        TEAM, table.conversation_id, answers={"gpu": "4 x Abacus"}, who=ANA, source="1.1"
    )
    await table.enter(**FORM)
    assert any("left out" in line and "Abacus" in line for line in (await table.card()).assumptions)


async def test_one_answer_takes_one_comparison_however_many_look_at_it(table: Table) -> None:
    await table.enter(**FORM)
    made = table.services.costs.pricing._made
    before = len(made)
    await table.change("requests_per_day", "40k")
    shown = (await table.card()).comparison
    assert shown is await table.services.costs.comparison(TEAM, table.conversation_id)
    assert len(made) == before + 1
