"""The cost form: what it begins with, what is taken from it, and what each field refuses."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.adapters.token_counters import CharacterCounter
from agents.costs.inputs import LARGE_MODEL, SMALL_MODEL
from agents.decision.answers import Answers
from agents.decision.parsing import parse_answers
from agents.errors import UserError
from agents.services.cost_fields import FIELDS, field_of, read_field, typed
from agents.services.cost_form import Counts, FormRead, cost_form, read_form
from tests.unit.costs.books import make_book

BOOK = make_book()
NOTHING: dict[str, Any] = {}
KNOWN = parse_answers(
    {
        "requests_per_day": 20_000,
        "tokens": {"static_prefix": 800, "tokens_in": 1_500, "tokens_out": 300},
        "knowledge_tokens": "10-200K",
        "gpu": "2 x H100-80",
    }
)
FILLED = {"requests_per_day": "20k a day", "tokens_in": "1500", "static_prefix": "800", "tokens_out": "300"}
MODELS = {"models": [LARGE_MODEL, SMALL_MODEL], "in_use": LARGE_MODEL}


def read(entered: dict[str, Any], answers: Answers | None = None, **more: Any) -> FormRead:
    """Return a form as read, with the models as they begin unless given."""
    held = answers or Answers()
    return read_form(
        {**MODELS, **entered}, held, more.get("settings", NOTHING), BOOK, counts=more.get("counts", Counts())
    )


def begun(answers: Answers, settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what a form holds that is sent back as it was opened."""
    form = cost_form(answers, settings or {}, BOOK, counted_by="")
    return {
        **form.texts,
        "models": list(form.models),
        "in_use": form.models[0],
        "gpu_kind": form.gpu_kind,
        "gpu_count": form.gpu_count,
    }


def test_a_filled_form_becomes_answers() -> None:
    found = read({**FILLED, "peak_factor": "4x", "latency_p95_ms": "0.3 s", "engineering_day_rate": "$800"})
    assert found.errors == {}
    assert found.slots == {
        "requests_per_day": 20_000,
        "peak_factor": 4,
        "latency_p95_ms": 300,
        "engineering_day_rate": 800,
        "tokens": {"static_prefix": 800, "tokens_in": 1_500, "tokens_out": 300},
    }
    assert found.settings == {}


def test_a_form_sent_back_untouched_changes_nothing() -> None:
    held = {"engineering_days": 12.5, "horizon_months": 24, "models": ["claude-opus-5-5", "gpt-4o"]}
    found = read(begun(KNOWN, held), KNOWN, settings=held)
    assert (found.slots, found.settings, found.errors) == ({}, {}, {})


def test_what_no_question_asks_for_becomes_a_setting() -> None:
    found = read({**FILLED, "engineering_days": "3 weeks", "horizon_months": "2 years"})
    assert found.settings == {"engineering_days": 15, "horizon_months": 24}


def test_an_emptied_field_is_not_known_any_more() -> None:
    found = read({**begun(KNOWN), "knowledge_tokens": "", "gpu_kind": None, "gpu_count": None}, KNOWN)
    assert found.slots == {"knowledge_tokens": None, "gpu": None}


@pytest.mark.parametrize(
    ("typed_volume", "per_day"),
    [
        ("20k/day", 20_000),
        ("2M a month", 65_753),
        ("1,5 Mio", 1_500_000),
        ("20 000", 20_000),
        ("100 per minute", 144_000),
    ],
)
def test_volumes_are_understood_as_people_write_them(typed_volume: str, per_day: int) -> None:
    assert read({**FILLED, "requests_per_day": typed_volume}).slots["requests_per_day"] == per_day


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("requests_per_day", ""),
        ("requests_per_day", "banana"),
        ("requests_per_day", "0"),
        ("requests_per_day", "-5"),
        ("requests_per_day", "900 trillion billion"),
        ("requests_per_day", "5 to 10"),
        ("requests_per_day", "99999999999"),
        ("peak_factor", "0.5"),
        ("peak_factor", "2000"),
        ("tokens_in", ""),
        ("tokens_in", "0"),
        ("tokens_in", "-3"),
        ("tokens_in", "99 Mio"),
        ("tokens_in", "12 furlongs"),
        ("tokens_out", ""),
        ("static_prefix", "4000"),
        ("latency_p95_ms", "soon"),
        ("latency_p95_ms", "0"),
        ("knowledge_tokens", "a lot"),
        ("engineering_days", "-1"),
        ("engineering_days", "3 moons"),
        ("engineering_day_rate", "800 €"),
        ("horizon_months", "0"),
        ("horizon_months", "900"),
        ("other_models", "gpt-17-colossus"),
        ("gpu_count", "4"),
    ],
)
def test_each_field_refuses_what_it_cannot_take_and_says_so_there(field: str, text: str) -> None:
    found = read({**FILLED, field: text})
    assert list(found.errors) == [field]
    assert found.errors[field].strip()


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "many", "5000"])
def test_a_count_of_gpus_is_a_whole_number(count: str) -> None:
    assert list(read({**FILLED, "gpu_kind": "H100-80", "gpu_count": count}).errors) == ["gpu_count"]


def test_every_wrong_field_is_told_at_once() -> None:
    found = read({"requests_per_day": "?", "tokens_in": "?", "tokens_out": "?", "horizon_months": "?"})
    assert set(found.errors) == {"requests_per_day", "tokens_in", "tokens_out", "horizon_months"}


def test_a_pasted_sample_takes_the_place_of_figures_and_says_how_it_was_counted() -> None:
    counts = Counts({"tokens_in": 210, "tokens_out": 40}, "1 token = 4 characters")
    found = read({"requests_per_day": "20k", "static_prefix": "10"}, counts=counts)
    assert found.slots["tokens"] == {"static_prefix": 10, "tokens_in": 210, "tokens_out": 40}
    assert found.settings["tokens_counted"] == {"method": "1 token = 4 characters", "tokens": found.slots["tokens"]}


def test_a_sample_of_the_prompt_alone_leaves_the_answer_to_be_typed() -> None:
    found = read({"requests_per_day": "20k"}, counts=Counts({"tokens_in": 210}, "counted"))
    assert list(found.errors) == ["tokens_out"]


def test_the_model_in_use_comes_first_and_typed_ones_are_looked_up() -> None:
    found = read({**FILLED, "models": [SMALL_MODEL], "other_models": "GPT-4o, claude-opus-5.5", "in_use": "gpt-4o"})
    assert found.settings["models"] == ["gpt-4o", SMALL_MODEL, "claude-opus-5-5"]


def test_no_model_at_all_and_too_many_are_refused_at_their_field() -> None:
    assert list(read({**FILLED, "models": [], "in_use": None}).errors) == ["models"]
    assert list(read({**FILLED, "models": [f"m{number}" for number in range(13)]}).errors) == ["models"]


def test_gpus_at_hand_and_none_are_told_apart() -> None:
    assert read({**FILLED, "gpu_kind": "H100-80", "gpu_count": ""}).slots["gpu"] == {"kind": "H100-80", "count": 1}
    assert read({**FILLED, "gpu_kind": "rent", "gpu_count": ""}).slots["gpu"] == {"kind": "rent", "count": 0}


def test_a_gpu_that_is_no_longer_priced_stays_choosable() -> None:
    form = cost_form(parse_answers({"gpu": "4 x Abacus"}), {}, BOOK, counted_by="")
    assert "Abacus" in form.gpus


def test_retired_models_and_those_that_write_no_text_are_not_offered() -> None:
    offered = {model for _, models in cost_form(Answers(), {}, BOOK, counted_by="").offered for model in models}
    assert "gpt-4o" in offered
    assert not {"gpt-4", "text-embedding-3-small"} & offered


async def test_the_offline_counter_states_its_factor() -> None:
    counter = CharacterCounter()
    assert await counter.count(["x" * 9, "", "y"]) == [3, 0, 1]
    assert "4 characters" in counter.method


# The first call reads the schema of the inputs.
@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_breaks_any_field(text: str) -> None:
    for field in FIELDS:
        with suppress(UserError):
            read_field(field, text)


@settings(deadline=None)
@given(st.sampled_from(FIELDS), st.floats(0.5, 1e6, allow_nan=False))
def test_a_value_shown_in_a_field_is_read_as_itself(each: Any, value: float) -> None:
    figure = float(f"{value:.4g}")
    text = typed(each, figure)
    try:
        again = read_field(each, text)
    except UserError:
        return
    if isinstance(again, int | float) and not isinstance(again, bool):
        assert again == pytest.approx(figure, rel=1e-3, abs=0.51)


def test_a_range_is_said_in_the_words_of_the_field() -> None:
    with pytest.raises(UserError, match=r"out of range: .*100%"):
        read_field(field_of("headroom"), "0")
    with pytest.raises(UserError, match="write 70% or a number from 0 to 1"):
        read_field(field_of("headroom"), "70")
