"""The costs card, its forms and what opens from them: for a real comparison, and within Slack's limits."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from agents.costs.compare import Comparison
from agents.costs.derived.figures import all_derivations
from agents.costs.guide_tables.tables import guide_tables
from agents.decision.answers import Answers
from agents.decision.parsing import parse_answers
from agents.services.cost_form import CostForm, cost_form
from agents.services.cost_inputs import compared, inputs_document
from agents.services.cost_scenarios import ScenarioList
from agents.services.cost_side_by_side import side_by_side
from agents.services.cost_values import CostInput, cost_inputs
from agents.services.costs import CostCard
from agents.store.cost_scenarios import StoredScenario
from bot.blocks.costs import costs_message, link_message
from bot.blocks.costs_form import cost_form_modal, entered_form, entered_input, input_modal
from bot.blocks.costs_guide import guide_message
from bot.blocks.costs_scenarios import compare_modal, entered_pair, name_modal, scenarios_message, side_by_side_message
from bot.blocks.costs_why import amount, derivation_modal, figures_modal
from bot.blocks.message import PERMALINK, Block
from tests.unit.blocks.checks import check_message, check_view
from tests.unit.costs.books import make_book

BOOK = make_book()
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANSWERS = parse_answers(
    {
        "requests_per_day": 20_000,
        "tokens": {"static_prefix": 800, "tokens_in": 1_500, "tokens_out": 300},
        "knowledge_tokens": 60_000,
    }
)
PLACE = {"channel": "C1", "thread_ts": "1.1", "conversation_id": "0123456789ab", "height": 1}


def make_comparison(**more: Any) -> Comparison:
    return compared({**inputs_document(ANSWERS), **more}, BOOK)


def make_card(comparison: Comparison | None = None, **more: Any) -> CostCard:
    fields: dict[str, Any] = {
        "missing": (),
        "comparison": comparison or make_comparison(),
        "assumptions": tuple(f"assumption {number} " * 20 for number in range(30)),
        "charts": ("volume", "payback", "memory", "sensitivity"),
        "chart_png": b"png",
        "chart_alt": "At 20,000 requests a day Haiku is the cheapest.",
        "scenarios": tuple((f"{number:012x}", f"Scenario {number} & <co>") for number in range(20)),
    }
    return CostCard(**{**fields, **more})


def elements(blocks: Sequence[Block]) -> list[Block]:
    found = [element for block in blocks for element in block.get("elements", []) if "action_id" in element]
    return [*found, *(block["accessory"] for block in blocks if "accessory" in block)]


def test_the_card_shows_table_chart_and_every_control() -> None:
    made = check_message(costs_message("0123456789ab", make_card()))
    assert [block["type"] for block in made.blocks].count("table") == 1
    assert "image" in {block["type"] for block in made.blocks}
    labels = {(each.get("text") or each["placeholder"])["text"] for each in elements(made.blocks)}
    assert {
        "Change inputs", "Change one input…", "Why this figure?", "Chart…", "Beside the guide", "Save as scenario",
        "Compare with…", "Scenarios", "Download CSV", "Link",
    } <= labels  # fmt: skip


def test_the_controls_stay_whatever_has_to_go() -> None:
    comparison = make_comparison(models=["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "gpt-4o"])
    wordy = replace(comparison, warnings=tuple("a warning that goes on " * 40 for _ in range(20)))
    rows = tuple(replace(row, notes=("a note that goes on " * 60,)) for row in wordy.rows)
    made = check_message(costs_message("0123456789ab", make_card(replace(wordy, rows=rows))))
    assert [block["type"] for block in made.blocks[-2:]] == ["actions", "actions"]


def test_the_chart_that_is_shown_is_the_one_that_is_chosen() -> None:
    made = check_message(costs_message("0123456789ab", make_card(chart="payback")))
    (picker,) = (each for each in elements(made.blocks) if each["action_id"] == "cost_chart")
    assert picker["initial_option"]["value"] == "0123456789ab:payback"
    assert made.pictures[0].filename == "costs-payback.png"


def test_with_one_chart_and_no_scenario_there_is_nothing_to_pick() -> None:
    made = check_message(costs_message("0123456789ab", make_card(charts=("volume",), scenarios=())))
    assert not {"cost_chart", "compare_with", "cost_scenarios"} & {each["action_id"] for each in elements(made.blocks)}


def test_a_card_that_lacks_figures_offers_the_form() -> None:
    made = check_message(costs_message("0123456789ab", CostCard(missing=("Requests per day", "<b> & co"))))
    assert [each["action_id"] for each in elements(made.blocks)] == ["change_cost_inputs", "show_answers"]


def test_the_form_begins_with_what_is_known() -> None:
    form = cost_form(ANSWERS, {"models": ["gpt-4o", "claude-haiku-5-5"]}, BOOK, counted_by="1 token = 4 characters")
    view = check_view(cost_form_modal(form, PLACE, found=("0123456789ab", "Your newest decision here")))
    begun = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert begun["requests_per_day"]["initial_value"] == "20,000"
    assert [each["value"] for each in begun["models"]["initial_options"]] == ["gpt-4o", "claude-haiku-5-5"]
    assert begun["in_use"]["initial_option"]["value"] == "gpt-4o"
    assert any("4 characters" in block.get("hint", {}).get("text", "") for block in view["blocks"])


@pytest.mark.parametrize("answers", [Answers(), parse_answers({"gpu": "rent"}), parse_answers({"gpu": "4 x Abacus"})])
def test_the_form_fits_whatever_is_known(answers: Answers) -> None:
    check_view(cost_form_modal(cost_form(answers, {}, BOOK, counted_by="it"), {"channel": None, "thread_ts": None}))


def test_a_model_that_no_list_offers_is_still_shown_as_chosen() -> None:
    form = CostForm(
        texts={},
        models=("our own model", "x" * 151),
        offered=(("openai", ("gpt-4o",)),),
        gpus=(),
        gpu_kind="",
        gpu_count="",
        counted_by="it",
    )
    view = check_view(cost_form_modal(form, PLACE))
    chosen = next(block["element"] for block in view["blocks"] if block.get("block_id") == "models")
    assert [each["value"] for each in chosen["initial_options"]] == ["our own model"]


def test_entered_values_come_back_by_field() -> None:
    assert entered_form({"models": {"entered": ["gpt-4o"]}, "tokens_in": {"entered": None}}) == {
        "models": ["gpt-4o"],
        "tokens_in": None,
    }
    assert entered_input({"value": {"entered": " 3 "}}) == "3"
    assert entered_pair({"left": {"entered": "now"}, "right": {"entered": "ab"}}) == ("now", "ab")


def test_every_input_has_a_form_of_its_own_with_value_range_and_source() -> None:
    for shown in cost_inputs(make_comparison(), {}, {}):
        check_view(input_modal(shown, PLACE))
    shown = CostInput(
        key="headroom",
        label="How full a replica may get",
        group="Serving",
        shown="70%",
        entered="70%",
        range="from 1% to 100%",
        example='"70%"',
        source="default",
        who="UALICE0001",
        at=NOW,
    )
    view = check_view(input_modal(shown, PLACE))
    assert "<@UALICE0001>" in str(view)
    assert "From 1% to 100%" in str(view)


def test_every_figure_can_be_picked_and_every_derivation_shown() -> None:
    comparison = make_comparison(gpu="H100-80", n_gpu=2)
    picker = elements(check_view(figures_modal(comparison, PLACE))["blocks"])[0]
    offered = {option["value"] for group in picker["option_groups"] for option in group["options"]}
    assert offered == set(all_derivations(comparison))
    for each in all_derivations(comparison).values():
        view = check_view(derivation_modal(each, {**PLACE, "figure": each.id}, [each.id]))
        assert each.formula.replace("<", "&lt;").replace(">", "&gt;") in str(view)


def test_a_derived_term_opens_its_own_derivation() -> None:
    comparison = make_comparison()
    derived = next(
        each for each in all_derivations(comparison).values() if any(term.of is not None for term in each.terms)
    )
    view = check_view(derivation_modal(derived, {**PLACE, "figure": derived.id}))
    assert any(each["action_id"].startswith("drill_figure:") for each in elements(view["blocks"]))


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        ("0", "USD/month", "$0/month"),
        ("8961.2", "USD/month", "$8,960/month"),
        ("0.00448", "USD/request", "$0.00448/request"),
        ("65753", "requests/day", "65,753 requests/day"),
        ("30.41666667", "days/month", "30.42 days/month"),
        ("0.3500", "", "0.35"),
        ("0.0000000896", "s", "8.960e-8 s"),
        ("1", "replicas", "1 replica"),
        ("1", "s", "1 s"),
        ("8030261248", "parameters", "8,030,261,248 parameters"),
    ],
)
def test_values_are_shown_with_their_unit(value: str, unit: str, shown: str) -> None:
    assert amount(Decimal(value), unit) == shown


@pytest.mark.parametrize("chosen", ["", "methods", "vanished"])
def test_the_guides_tables_fit_one_at_a_time(chosen: str) -> None:
    tables = guide_tables(make_comparison())
    made = check_message(guide_message("0123456789ab", tables, chosen))
    assert [block["type"] for block in made.blocks].count("table") == 1
    for table in tables:
        check_message(guide_message("0123456789ab", tables, table.id))


def make_scenario(number: int) -> StoredScenario:
    return StoredScenario(f"{number:012x}", f"Case {number} <&>", {}, "UALICE0001", NOW)


@pytest.mark.parametrize("count", [0, 1, 20])
def test_scenarios_are_listed_with_what_can_be_done_to_them(count: int) -> None:
    kept = ScenarioList([make_scenario(number) for number in range(count)], is_priced=True)
    made = check_message(scenarios_message("0123456789ab", kept))
    assert sum(each["action_id"] == "rename_scenario" for each in elements(made.blocks)) == count


def test_two_scenarios_can_be_picked_and_named() -> None:
    kept = ScenarioList([make_scenario(1)], is_priced=True)
    view = check_view(compare_modal(kept, make_scenario(1).id, PLACE))
    assert [block["element"]["initial_option"]["value"] for block in view["blocks"]] == ["now", make_scenario(1).id]
    check_view(name_modal(PLACE))
    check_view(name_modal(PLACE, begun="Case"))


def test_side_by_side_shows_differences_and_the_inputs_behind_them() -> None:
    both = side_by_side("As it is now", make_comparison(), "Twice <x>", make_comparison(requests_per_day=40_000))
    made = check_message(side_by_side_message(both))
    assert "Requests per day: 20,000 a day → *40,000 a day*" in str(made.blocks)
    assert "(+100%)" in str(made.blocks)
    same = check_message(side_by_side_message(side_by_side("a", make_comparison(), "b", make_comparison())))
    assert "No input differs" in str(same.blocks)


def test_a_link_leaves_room_for_the_address() -> None:
    made = link_message("C1", "1.2", "To share:")
    assert made.link_to == ("C1", "1.2")
    assert PERMALINK in made.text


@pytest.mark.parametrize(
    ("more", "said"),
    [({}, "cheapest here: *"), ({"knowledge_tokens": 1_000_000}, "cheapest that reads your documents: *RAG")],
)
def test_the_headline_says_among_what_it_is_the_cheapest(more: dict[str, Any], said: str) -> None:
    workload = {"requests_per_day": 20_000, "tokens_in": 500, "tokens_out": 10}
    made = costs_message("0123456789ab", make_card(compared({**workload, **more}, BOOK)))
    assert said in made.blocks[0]["text"]["text"]
