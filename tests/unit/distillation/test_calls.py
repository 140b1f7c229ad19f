"""The first call of a student, as a person would paste it."""

import json
import shlex
from typing import Any

from agents.distillation.calls import first_call


def called(**student: Any) -> tuple[str, Any]:
    """Return the address and the body of a command."""
    usual = {"name": "tickets", "kind": "causal", "is_whole": False, "instructions": "Tell the team's ticket."}
    words = shlex.split(first_call("T0LOCAL", "support", **{**usual, **student}))
    return words[1].removeprefix("$STUDENTS_URL"), json.loads(words[words.index("-d") + 1])


def test_an_adapter_is_called_by_its_alias_with_the_instructions_it_was_trained_with() -> None:
    address, body = called()

    assert address == "/v1/chat/completions"
    assert body["model"] == "t0local/support"
    assert body["messages"][0] == {"role": "system", "content": "Tell the team's ticket."}


def test_an_encoder_has_an_address_of_its_own_and_needs_no_instructions() -> None:
    address, body = called(kind="encoder", is_whole=True)

    assert address == "/students/support/classify"
    assert body == {"input": "YOUR INPUT", "truncate_prompt_tokens": -1}


def test_a_student_with_weights_of_its_own_is_called_at_its_alias_by_its_name() -> None:
    address, body = called(is_whole=True)

    assert address == "/students/support/v1/chat/completions"
    assert body["model"] == "t0local/tickets"
