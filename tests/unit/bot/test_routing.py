"""From words, buttons and forms to the feature that takes them."""

from typing import Any, cast

import pytest

from agents.store.inbox import Event, EventKind
from agents.wiring import Services
from bot.feature import Feature, Turn
from bot.features import FEATURES, ROUTES
from bot.features.decide import hear
from bot.manifest import load_manifest
from bot.routing import Routes, closest


def event(kind: EventKind, **body: Any) -> Event:
    return Event(
        team_id="T1", key="k", kind=kind, channel="C1", thread_ts="1.1", message_ts=None, user_id="U1", body=body
    )


def feature(subcommand: str) -> Feature:
    return next(each for each in FEATURES if each.subcommand == subcommand)


@pytest.mark.parametrize("subcommand", ["decide", "cost", "costs", "index", "ask", "runs", "help"])
def test_every_subcommand_finds_its_feature_in_any_case(subcommand: str) -> None:
    routed = ROUTES.handler(event("command", text=f"{subcommand.upper()} the rest of it"))
    assert routed.handler == feature(subcommand).command
    assert routed.text == "the rest of it"


@pytest.mark.parametrize(
    ("text", "subcommand", "rest"),
    [
        ("ask who approves leave?", "ask", "who approves leave?"),
        ("Ask: who approves leave?", "ask", "who approves leave?"),
        ("costs", "costs", ""),
        ("Compare costs!", "costs", ""),
        ("help", "help", ""),
        ("what can you do?", "help", ""),
        ("runs", "runs", ""),
        ("runs 7f3a12", "runs", "7f3a12"),
    ],
)
def test_a_message_that_names_a_feature_is_taken_by_it(text: str, subcommand: str, rest: str) -> None:
    routed = ROUTES.handler(event("message", text=text))
    assert routed.handler == feature(subcommand).command
    assert routed.text == rest


@pytest.mark.parametrize(
    "text", ["asking costs us too much", "our costs are too high", "help desk answers are wrong", "it runs slowly", ""]
)
def test_any_other_message_goes_to_the_conversation(text: str) -> None:
    assert ROUTES.handler(event("message", text=text)).handler == hear


def test_an_index_command_without_a_name_opens_the_form_and_with_one_does_not() -> None:
    assert ROUTES.opener(event("command", text="index")) is not None
    assert ROUTES.opener(event("command", text="index handbook docs")) is None


def test_a_button_nobody_has_is_a_lookup_error() -> None:
    with pytest.raises(LookupError):
        ROUTES.handler(event("action", action_id="vanished"))


@pytest.mark.parametrize(("word", "meant"), [("indx", "index"), ("csots", "costs"), ("run", "runs"), ("zzz", None)])
def test_a_mistyped_subcommand_is_guessed(word: str, meant: str | None) -> None:
    assert closest(word, FEATURES) == meant


async def test_files_are_taken_before_what_is_said_and_alone_where_nothing_is() -> None:
    heard: list[str] = []

    async def take(turn: Turn) -> None:
        heard.append(f"files {turn.text}")

    async def hear(turn: Turn) -> None:
        heard.append(f"said {turn.text}")

    routes = Routes((Feature(files=take),), otherwise=hear, unknown=hear)
    for text in ("label these", ""):
        given = event("message", text=text, files=[{"id": "F1", "name": "a.csv"}])
        routed = routes.handler(given)
        await routed.handler(Turn(services=cast("Services", None), event=given, text=routed.text))

    assert heard == ["files label these", "said label these", "files "]


def test_two_features_cannot_claim_one_button() -> None:
    async def nothing(_turn: Turn) -> None: ...

    twice = (Feature(actions={"go": nothing}), Feature(actions={"go": nothing}))
    with pytest.raises(ValueError, match="go"):
        Routes(twice, otherwise=nothing, unknown=nothing)


def test_every_kind_of_card_has_one_feature_that_shows_it() -> None:
    conversation = {"question", "verdict", "answers", "costs", "file", "say", "opening", "home"}
    wanted = conversation | {
        "proposal",
        "data_file",
        "distill_again",
        "run",
        "run_end",
        "run_question",
        "answer",
        "contradiction",
        "run_log",
        "audit",
        "audit_csv",
        "budget",
        "model",
        "cost_guide",
        "cost_pair",
        "cost_scenarios",
        "link",
        "delegation",
        "watch_flip",
        "prices",
        "watches",
        "defaults",
        "defaults_offer",
        "forget",
        "forgotten",
        "withdrawn",
        "students",
        "loss_curve",
        "model_card",
    }
    assert set(ROUTES.cards) == wanted


def test_the_manifest_names_every_subcommand() -> None:
    (command,) = load_manifest()["features"]["slash_commands"]
    for each in FEATURES:
        assert each.subcommand is None or each.subcommand in command["usage_hint"]
