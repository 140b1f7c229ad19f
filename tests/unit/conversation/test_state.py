"""The history: each message once, calls with their results, bounded, storable."""

from hypothesis import given
from hypothesis import strategies as st

from agents.conversation.state import (
    MAX_CHARACTERS,
    Message,
    Turn,
    open_calls,
    spoken,
    storable,
    storable_json,
    with_turn,
)


def make_turn(turn_id: str = "E1", text: str = "hello", calls: int = 0) -> Turn:
    return {
        "id": turn_id,
        "team_id": "T1",
        "conversation_id": "c",
        "channel": "C1",
        "thread_ts": "1.1",
        "who": "U1",
        "text": text,
        "source": "1.1",
        "calls": [{"id": f"{turn_id}:press:{at}", "name": "recommend", "arguments": {}} for at in range(calls)],
    }


def test_a_turn_is_added_once() -> None:
    once = with_turn([], make_turn(calls=1))
    assert with_turn(once, make_turn(calls=1)) == once
    assert [message["role"] for message in once] == ["human", "assistant"]


def test_a_press_leaves_its_calls_open_until_they_have_results() -> None:
    history = with_turn([], make_turn(calls=2))
    assert [call["id"] for call in open_calls(history, "E1")] == ["E1:press:0", "E1:press:1"]
    result: Message = {"id": "r", "role": "tool", "text": "done", "call_id": "E1:press:0"}
    assert [call["id"] for call in open_calls([*history, result], "E1")] == ["E1:press:1"]


def test_calls_of_other_turns_are_not_this_turns() -> None:
    history = with_turn(with_turn([], make_turn("E1", calls=1)), make_turn("E2"))
    assert open_calls(history, "E2") == []


def test_a_leading_mention_is_not_spoken() -> None:
    assert spoken("<@U0BOT> cost") == "cost"
    assert spoken("<@U0BOT|cairn>  why? <@U2>") == "why? <@U2>"


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_can_be_encoded_once_storable(text: str) -> None:
    clean = storable(text + "\x00\ud800")
    clean.encode("utf-8")
    assert "\x00" not in clean


def test_texts_within_json_are_storable_too() -> None:
    assert storable_json({"a\x00": ["\udfff", {"b": 1, "c": None}], "d": True}) == {
        "a": ["\N{REPLACEMENT CHARACTER}", {"b": 1, "c": None}],
        "d": True,
    }
    assert len(storable("x" * 100_000)) == MAX_CHARACTERS
