"""Arguments that a model wrote and that could not be kept, or sent back to it, are none; the turn goes on."""

import math
from typing import Any

import pytest

from agents.adapters.models.backend import Backend
from agents.adapters.models.messages import BROKEN, AnthropicChat
from agents.conversation.tools import MODEL_TOOLS
from agents.dialogue.chat import CallMade, Request
from tests.fakes.messages_api import API_KEY, FakeMessagesApi, call

pytestmark = pytest.mark.integration

ASKED = Request(
    system="You help.",
    tools=MODEL_TOOLS,
    messages=[{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    max_tokens=4_000,
)


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"slot": [value]}
    return value


async def arguments_of(given: Any) -> dict[str, Any]:
    """Return the arguments of a call that a model wrote so."""
    async with FakeMessagesApi([call(("ask_user", given))]) as api:
        backend = Backend(model="claude-sonnet-5", context_tokens=200_000, max_tokens=4_000, base_url=api.url)
        chat = AnthropicChat(backend, API_KEY)
        try:
            made = [event async for event in chat.stream(ASKED) if isinstance(event, CallMade)]
        finally:
            await chat.close()
    assert [each.name for each in made] == ["ask_user"]
    return dict(made[0].arguments)


@pytest.mark.parametrize(
    "given",
    [{"slot": math.nan}, {"slot": -math.inf}, {"slot": 2**64}, {"slot": [10**400]}, nested(30), nested(300)],
    ids=["nan", "infinity", "large", "huge", "deep", "deepest"],
)
async def test_what_no_checkpoint_or_request_can_hold_is_no_argument(given: Any) -> None:
    assert list(await arguments_of(given)) == [BROKEN]


@pytest.mark.parametrize("given", [{}, {"slot": None}, {"slot": 2**62, "x": -0.5}, {"x": [{"y": ["z"]}]}])
async def test_any_other_json_is_passed_on(given: Any) -> None:
    assert await arguments_of(given) == given
