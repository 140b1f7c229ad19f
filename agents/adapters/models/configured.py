"""The models that the settings configure, opened."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

from agents.adapters.models.backend import SMALL, VLLM, Backend
from agents.ports import ChatModel
from agents.settings import Settings
from agents.telemetry import Telemetry

# A few calls take seconds; whoever waits for them still waits for the reply.
_SMALL_CALL_S: Final = 20.0


async def open_chats(
    settings: Settings, opened: AsyncExitStack, telemetry: Telemetry | None = None
) -> Mapping[str, ChatModel]:
    """Return the models that talk, by the name of their talker; `opened` closes them."""
    return _opened(_backends(settings), opened, telemetry)


async def open_small_chats(
    settings: Settings, opened: AsyncExitStack, telemetry: Telemetry | None = None
) -> Mapping[str, ChatModel]:
    """Return the models that only fill slots, by the name of the talker that they do it for; `opened` closes them."""
    backends = _backends(settings)
    if not settings.small_model or "claude" not in backends:
        return {}
    claude, api_key = backends["claude"]
    return _opened({"claude": (small_backend(claude, settings.small_model), api_key)}, opened, telemetry)


def small_backend(large: Backend, model: str) -> Backend:
    """Return the backend of a model that fills slots, on the server of the one that talks."""
    return replace(large, model=model, call_s=min(large.call_s, _SMALL_CALL_S), set_by=SMALL)


def _opened(
    backends: Mapping[str, tuple[Backend, str]], opened: AsyncExitStack, telemetry: Telemetry | None
) -> Mapping[str, ChatModel]:
    if not backends:
        return {}
    # Imported where there is one: the SDK takes as long to import as all the rest.
    from agents.adapters.models.messages import AnthropicChat  # noqa: PLC0415  # see above

    chats = {name: AnthropicChat(backend, api_key, telemetry) for name, (backend, api_key) in backends.items()}
    for chat in chats.values():
        opened.push_async_callback(chat.close)
    return chats


def _backends(settings: Settings) -> Mapping[str, tuple[Backend, str]]:
    """Return each server that is configured, with its key, by the name of its talker."""
    found: dict[str, tuple[Backend, str]] = {}
    if settings.anthropic_api_key is not None:
        claude = Backend(
            model=settings.model,
            context_tokens=settings.model_context,
            max_tokens=settings.model_max_tokens,
            base_url=settings.anthropic_base_url,
            call_s=settings.model_timeout_s,
        )
        found["claude"] = (claude, settings.anthropic_api_key.get_secret_value())
    if settings.vllm_url is not None and settings.vllm_model is not None:
        vllm = Backend(
            model=settings.vllm_model,
            context_tokens=settings.vllm_context,
            max_tokens=settings.vllm_max_tokens,
            base_url=settings.vllm_url,
            has_cache=False,
            call_s=settings.model_timeout_s,
            set_by=VLLM,
        )
        # vLLM without --api-key takes any, and the SDK makes no call without one.
        found["vllm"] = (vllm, settings.vllm_api_key.get_secret_value() if settings.vllm_api_key else "none")
    return found
