"""The validation of the fake Messages API under bodies that no client would send."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.messages_api import JsonObject, Limits
from tests.fakes.messages_api.usage import prompt_tokens
from tests.fakes.messages_api.validation import check_request
from tests.fakes.messages_api.wire import RefusedError

WORDS = [
    "allOf",
    "assistant",
    "cache_control",
    "content",
    "enum",
    "format",
    "id",
    "input",
    "input_schema",
    "items",
    "name",
    "object",
    "properties",
    "required",
    "role",
    "schema",
    "strict",
    "text",
    "tool_result",
    "ttl",
    "tool_use",
    "tool_use_id",
    "type",
    "user",
]
words = st.sampled_from(WORDS)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | words | st.just(""),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "tool_use", "tool_result", "thinking"])},
    optional=dict.fromkeys(["text", "id", "name", "input", "tool_use_id", "content", "cache_control"], anything),
)
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]), "content": anything | st.lists(blocks, max_size=3)}
)
tools = st.fixed_dictionaries(
    {"name": words, "input_schema": anything | st.dictionaries(words, anything).map(lambda s: {**s, "type": "object"})},
    optional={"strict": st.booleans(), "type": anything, "cache_control": anything},
)
bodies = st.fixed_dictionaries(
    {"model": st.just("claude-sonnet-5"), "max_tokens": st.just(9), "messages": anything | st.lists(messages)},
    optional={
        "cache_control": anything,
        "metadata": anything,
        "output_config": anything,
        "service_tier": anything,
        "stop_sequences": anything,
        "system": anything,
        "thinking": anything,
        "tool_choice": anything,
        "tools": anything | st.lists(tools, max_size=3),
    },
)


@given(body=bodies)
def test_any_body_is_taken_or_refused_with_a_reason(body: JsonObject) -> None:
    with suppress(RefusedError):
        check_request(body, Limits())
        assert prompt_tokens(body) > 0
