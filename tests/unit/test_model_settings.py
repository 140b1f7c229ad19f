"""Who talks, as the settings say it: from what is set, and never with a key in an error."""

import pytest

from agents.errors import UserError
from agents.settings import load_settings

VLLM = {"vllm_url": "http://gpu:8000", "vllm_model": "qwen"}


@pytest.mark.parametrize(
    ("given", "talker"),
    [
        ({}, "guided"),
        ({"anthropic_api_key": "sk-x"}, "claude"),
        (VLLM, "vllm"),
        ({"anthropic_api_key": "sk-x", **VLLM}, "claude"),
        ({"anthropic_api_key": "sk-x", "talker": "guided"}, "guided"),
        ({"anthropic_api_key": "sk-x", **VLLM, "talker": "vllm"}, "vllm"),
    ],
)
def test_the_talker_follows_from_what_is_set(given: dict[str, object], talker: str) -> None:
    assert load_settings(**given).default_talker == talker


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"talker": "claude"}, "ANTHROPIC_API_KEY"),
        ({"talker": "vllm"}, "CAIRN_VLLM_URL"),
        ({"vllm_url": "http://gpu:8000"}, "CAIRN_VLLM_MODEL"),
        ({"vllm_model": "qwen"}, "CAIRN_VLLM_URL"),
        ({**VLLM, "vllm_url": "gpu:8000"}, "http://"),
    ],
)
def test_what_is_missing_or_wrong_is_named(given: dict[str, object], named: str) -> None:
    with pytest.raises(UserError, match=named):
        load_settings(**given)


@pytest.mark.parametrize(("variable", "value"), [("CAIRN_TALKER", "gpt"), ("CAIRN_MODEL_MAX_TOKENS", "0")])
def test_a_variable_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(UserError, match=variable):
        load_settings()


def test_an_address_may_end_as_either_client_wants_it() -> None:
    assert load_settings(vllm_url="http://gpu:8000/v1/", vllm_model="qwen").vllm_url == "http://gpu:8000"


def test_no_key_shows_in_an_error_or_in_the_settings() -> None:
    with pytest.raises(UserError) as caught:
        load_settings(anthropic_api_key="sk-secret", talker="vllm")

    assert "sk-secret" not in str(caught.value)
    assert "sk-secret" not in repr(load_settings(anthropic_api_key="sk-secret"))
