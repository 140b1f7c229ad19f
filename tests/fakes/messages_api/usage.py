"""Counting tokens, and the prompt cache: what a request reads from prefixes seen before and what it adds.

A token is four characters of JSON here, so figures are exact and repeatable but not those of a real tokenizer.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fakes.messages_api.wire import Clock, JsonObject, Limits

TOKEN_CHARACTERS = 4
# From a breakpoint the API looks back over this many blocks for a prefix that was written before.
LOOK_BACK_BLOCKS = 20
LIFETIMES = {"5m": dt.timedelta(minutes=5), "1h": dt.timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Part:
    """One block of the prompt with all that stands before it.

    Attributes:
        key: A digest of everything up to and with this block.
        tokens: All tokens up to and with this block.
        ttl: Of the breakpoint on this block, None where there is none.
    """

    key: str
    tokens: int
    ttl: str | None


@dataclass(frozen=True, slots=True)
class InputUsage:
    """How the tokens of a prompt were billed; the four add up to the whole prompt."""

    uncached: int
    read: int
    written_5m: int
    written_1h: int

    def as_json(self, output_tokens: int) -> JsonObject:
        """Return the `usage` of a message."""
        return {
            "input_tokens": self.uncached,
            "cache_creation_input_tokens": self.written_5m + self.written_1h,
            "cache_read_input_tokens": self.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m,
                "ephemeral_1h_input_tokens": self.written_1h,
            },
            "output_tokens": output_tokens,
            "service_tier": "standard",
        }


def text_tokens(text: str) -> int:
    """Return the tokens of a text."""
    return -(-len(text) // TOKEN_CHARACTERS)


def prompt_tokens(body: JsonObject) -> int:
    """Return the tokens of tools, system and messages."""
    parts = _parts(body)
    return parts[-1].tokens if parts else 0


class PromptCache:
    """Prefixes that were written, with when each ends; one per server, as one workspace has one."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._ends: dict[str, tuple[dt.datetime, str]] = {}

    def use(self, body: JsonObject) -> InputUsage:
        """Return what the prompt reads and writes, and remember what it wrote."""
        parts = _parts(body)
        whole = parts[-1].tokens
        marked = [
            (index, part)
            for index, part in enumerate(parts)
            if part.ttl is not None and part.tokens >= self._limits.least_cacheable_tokens
        ]
        read = self._read(parts, [index for index, _ in marked])
        written = {"5m": 0, "1h": 0}
        reached = read
        for _, part in marked:
            ttl = part.ttl or "5m"
            written[ttl] += max(part.tokens - reached, 0)
            reached = max(part.tokens, reached)
            self._ends[part.key] = (self._clock.now + LIFETIMES[ttl], ttl)
        return InputUsage(whole - reached, read, written["5m"], written["1h"])

    def _read(self, parts: list[Part], marked: list[int]) -> int:
        for index in reversed(marked):
            for part in reversed(parts[max(index - LOOK_BACK_BLOCKS + 1, 0) : index + 1]):
                end, ttl = self._ends.get(part.key, (self._clock.now, "5m"))
                if end > self._clock.now:
                    # Each use keeps an entry for its lifetime again.
                    self._ends[part.key] = (self._clock.now + LIFETIMES[ttl], ttl)
                    return part.tokens
        return 0


def _parts(body: JsonObject) -> list[Part]:
    digest = hashlib.sha256(str(body["model"]).encode())
    parts: list[Part] = []
    tokens = 0
    automatic = body.get("cache_control")
    for value, mark in _blocks(body):
        text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        digest.update(text.encode())
        tokens += text_tokens(text)
        parts.append(Part(digest.copy().hexdigest(), tokens, mark.get("ttl", "5m") if mark else None))
    if automatic and parts:
        parts[-1] = Part(parts[-1].key, parts[-1].tokens, automatic.get("ttl", "5m"))
    return parts


def _blocks(body: JsonObject) -> Iterator[tuple[Any, JsonObject | None]]:
    """Yield the blocks in the order they are cached in, each with its breakpoint."""
    for tool in body.get("tools") or ():
        yield _unmarked("tool", tool)
    if output_format := (body.get("output_config") or {}).get("format"):
        yield ["format", output_format], None
    system = body.get("system") or ()
    for block in [{"type": "text", "text": system}] if isinstance(system, str) else system:
        yield _unmarked("system", block)
    # How tools are chosen and thinking is set leaves tools and system cached, but not the messages.
    settings = [body.get("tool_choice"), body.get("thinking")]
    for number, message in enumerate(body["messages"]):
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            role = [message["role"], settings] if number == 0 else message["role"]
            yield _unmarked(role, block)


def _unmarked(place: Any, block: JsonObject) -> tuple[Any, JsonObject | None]:
    inner = block.get("content")
    nested = [part.get("cache_control") for part in inner] if isinstance(inner, list) else []
    marks = [mark for mark in (*nested, block.get("cache_control")) if mark]
    return [place, _without_marks(block)], marks[-1] if marks else None


def _without_marks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_marks(inner) for key, inner in value.items() if key != "cache_control"}
    return [_without_marks(inner) for inner in value] if isinstance(value, list) else value
