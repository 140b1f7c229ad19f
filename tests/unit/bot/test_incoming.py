"""Slack's payloads become events, or are dropped; whatever they hold can be stored."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.store.inbox import Event
from bot.incoming import TEXT_LIMIT, readable, received
from tests.shared_data import shared

TEAM, BOT, ALICE = "T0LOCAL", "UCAIRN0BOT", "UALICE0001"


def message(**given: Any) -> dict[str, Any]:
    event = {"type": "message", "channel": "C1", "channel_type": "channel", "user": ALICE, "text": "hi", "ts": "2.1"}
    return {"type": "event_callback", "event_id": "Ev1", "event": event | given}


def stored(payload: dict[str, Any]) -> Event | None:
    found = received(payload, TEAM, BOT)
    return None if found is None else found.event


def test_of_files_nothing_but_id_and_name_is_stored() -> None:
    file = {"id": "F1", "name": "a\x00.csv", "url_private": "https://x", "size": 9, "preview": "secret"}
    event = stored(message(channel_type="im", subtype="file_share", files=[file, {"id": "F2"}], text=""))

    assert event is not None
    assert event.body == {
        "text": "",
        "is_direct": True,
        "files": [{"id": "F1", "name": "a.csv"}, {"id": "F2", "name": ""}],
    }


@pytest.mark.parametrize(
    "given",
    [
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"bot_id": "B1"},
        {"user": None},
        {},
    ],
)
def test_what_is_not_said_to_cairn_is_dropped(given: dict[str, Any]) -> None:
    assert stored(message(**given)) is None


def test_a_reply_is_kept_only_in_a_thread_of_cairns() -> None:
    found = received(message(thread_ts="1.1"), TEAM, BOT)
    assert found is not None
    assert found.only_in_own_thread
    assert (found.event.kind, found.event.thread_ts, found.event.message_ts) == ("message", "1.1", "2.1")


@pytest.mark.parametrize("text", [f"<@{BOT}> hi", f"hello <@{BOT}|cairn>", f"<@{BOT}>"])
def test_a_message_that_mentions_cairn_is_a_mention(text: str) -> None:
    event = stored(message(text=text))
    assert event is not None
    assert event.kind == "mention"
    assert BOT not in event.body["text"]
    assert event.thread_ts == event.message_ts


def test_a_direct_message_needs_no_mention() -> None:
    event = stored(message(channel="D1", channel_type="im"))
    assert event is not None
    assert event.body == {"text": "hi", "is_direct": True}


def test_a_message_with_a_file_is_a_message() -> None:
    assert stored(message(channel_type="im", subtype="file_share")) is not None


def test_only_the_home_tab_asks_for_the_home_tab() -> None:
    opened = {"type": "app_home_opened", "user": ALICE, "channel": "D1"}
    assert stored({"type": "event_callback", "event_id": "Ev1", "event": opened | {"tab": "messages"}}) is None
    event = stored({"type": "event_callback", "event_id": "Ev1", "event": opened | {"tab": "home"}})
    assert event is not None
    assert (event.kind, event.user_id) == ("home", ALICE)


def test_an_action_carries_its_value_the_inputs_beside_it_and_its_thread() -> None:
    state = {"values": {"field:x": {"entered": {"type": "number_input", "value": "12"}}}}
    event = stored(
        {
            "type": "block_actions",
            "trigger_id": "13.1",
            "user": {"id": ALICE},
            "container": {"type": "message", "channel_id": "C1", "message_ts": "5.1", "thread_ts": "1.1"},
            "message": {"ts": "5.1", "thread_ts": "1.1"},
            "actions": [{"type": "button", "action_id": "answer:2", "value": '{"a":1}'}],
            "state": state,
        }
    )
    assert event is not None
    assert (event.key, event.channel, event.thread_ts, event.message_ts) == ("13.1", "C1", "1.1", None)
    assert event.body["value"] == '{"a":1}'
    assert event.body["values"] == {"field:x": {"entered": "12"}}


@pytest.mark.parametrize(("is_ephemeral", "thread_ts"), [(True, None), (False, "5.1")])
def test_what_one_person_alone_sees_roots_no_thread(is_ephemeral: bool, thread_ts: str | None) -> None:
    place = {"type": "message", "channel_id": "C1", "message_ts": "5.1", "is_ephemeral": is_ephemeral}
    event = stored(
        {
            "type": "block_actions",
            "trigger_id": "13.2",
            "user": {"id": ALICE},
            "container": place,
            "actions": [{"type": "button", "action_id": "stop_watch", "value": "{}"}],
        }
    )
    assert event is not None
    assert (event.channel, event.thread_ts) == ("C1", thread_ts)


def test_a_form_comes_back_to_where_it_was_opened() -> None:
    values = {
        "name": {"entered": {"type": "plain_text_input", "value": "handbook"}},
        "source": {"entered": {"type": "static_select", "selected_option": {"value": "docs"}}},
        "none": {"entered": {"type": "static_select", "selected_option": None}},
        "boxes": {"entered": {"type": "checkboxes", "selected_options": [{"value": "a"}, {"value": "b"}]}},
    }
    event = stored(
        {
            "type": "view_submission",
            "trigger_id": "13.2",
            "user": {"id": ALICE},
            "view": {
                "callback_id": "propose_index",
                "private_metadata": json.dumps({"channel": "C1", "thread_ts": "1.1"}),
                "state": {"values": values},
            },
        }
    )
    assert event is not None
    assert (event.channel, event.thread_ts) == ("C1", "1.1")
    entered = {block: state["entered"] for block, state in event.body["values"].items()}
    assert entered == {"name": "handbook", "source": "docs", "none": None, "boxes": ["a", "b"]}


def test_a_payload_that_needs_no_work_is_dropped() -> None:
    assert stored({"type": "view_closed"}) is None
    assert stored({"type": "event_callback", "event_id": "Ev1", "event": {"type": "tokens_revoked"}}) is None


@given(st.text(st.characters(codec=None), max_size=300))
def test_any_text_can_be_stored_as_json_in_postgres(text: str) -> None:
    shown = readable(text, BOT)
    shown.encode()
    assert "\x00" not in shown


def test_a_text_that_is_too_long_is_cut_with_a_note() -> None:
    shown = readable("x" * (TEXT_LIMIT + 1), None)
    assert shown.startswith("x" * TEXT_LIMIT)
    assert "first 8,000 characters" in shown


def test_slacks_escapes_are_undone_once() -> None:
    assert readable("a &lt; b &amp;amp; c", None) == "a < b &amp; c"


def test_slacks_own_samples_of_events_are_taken_or_dropped_without_a_fault() -> None:
    kinds = ("message", "app_mention", "app_home_opened", "reaction_added", "tokens_revoked")
    for name in kinds:
        for path in shared("data/slack/samples").rglob(f"events/*{name.title().replace('_', '')}Payload.json"):
            payload = json.loads(path.read_text(encoding="utf-8"))
            received(payload, TEAM, BOT)
