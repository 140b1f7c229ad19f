"""A scripted answer as the API gives it: cut to max_tokens, as a whole message or as events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from tests.fakes.messages_api.script import Answer
from tests.fakes.messages_api.usage import TOKEN_CHARACTERS, InputUsage, text_tokens
from tests.fakes.messages_api.wire import JsonObject


@dataclass(frozen=True, slots=True)
class Block:
    """A block of an answer with the text of it that is generated, cut where the tokens ran out."""

    given: JsonObject
    generated: str

    @property
    def start(self) -> JsonObject:
        """The block as it is before any of it was generated."""
        empty: dict[str, JsonObject] = {
            "text": {"text": ""},
            "tool_use": {"input": {}},
            "thinking": {"thinking": "", "signature": ""},
        }
        return {**self.given, **empty.get(self.given["type"], {})}

    @property
    def whole(self) -> JsonObject:
        """The block as a whole message has it; the input of a call that was cut is empty."""
        kind = self.given["type"]
        if kind == "tool_use":
            is_cut = self.generated != json.dumps(self.given["input"], ensure_ascii=False)
            return {**self.given, "input": {} if is_cut else self.given["input"]}
        return {**self.given, kind: self.generated} if kind in ("text", "thinking") else self.given

    def deltas(self) -> Iterator[JsonObject]:
        """Yield what is generated, one token each."""
        kind = self.given["type"]
        named = {
            "text": ("text_delta", "text"),
            "tool_use": ("input_json_delta", "partial_json"),
            "thinking": ("thinking_delta", "thinking"),
        }
        if kind in named:
            delta, key = named[kind]
            for at in range(0, len(self.generated), TOKEN_CHARACTERS):
                yield {"type": delta, key: self.generated[at : at + TOKEN_CHARACTERS]}
        if kind == "thinking":
            yield {"type": "signature_delta", "signature": self.given["signature"]}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer made ready to send."""

    message_id: str
    model: str
    blocks: tuple[Block, ...]
    stop: JsonObject
    usage: InputUsage

    @property
    def output_tokens(self) -> int:
        """The tokens that were generated, one at least."""
        return max(sum(text_tokens(block.generated) for block in self.blocks), 1)

    def message(self) -> JsonObject:
        """Return the whole message."""
        return {
            "id": self.message_id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [block.whole for block in self.blocks],
            **self.stop,
            "usage": self.usage.as_json(self.output_tokens),
        }

    def events(self) -> Iterator[JsonObject]:
        """Yield the events of a stream."""
        unstopped = dict.fromkeys(self.stop)
        opened = {**self.message(), "content": [], **unstopped, "usage": self.usage.as_json(1)}
        yield {"type": "message_start", "message": opened}
        for index, block in enumerate(self.blocks):
            yield {"type": "content_block_start", "index": index, "content_block": block.start}
            if index == 0:
                yield {"type": "ping"}
            for delta in block.deltas():
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        billed = self.usage.as_json(self.output_tokens)
        cumulative = {key: value for key, value in billed.items() if key.endswith("_tokens")}
        yield {"type": "message_delta", "delta": self.stop, "usage": cumulative}
        yield {"type": "message_stop"}


def make_reply(answer: Answer, body: JsonObject, usage: InputUsage, numbers: "count[int]") -> Reply:
    """Return the answer with ids, its usage, and no more tokens than `max_tokens`."""
    blocks: list[Block] = []
    left = body["max_tokens"]
    ran_out = left == 0
    for given in answer.content:
        if ran_out:
            break
        text = _generated(given)
        ran_out = text_tokens(text) > left
        blocks.append(Block(_with_id(given, numbers), text[: left * TOKEN_CHARACTERS]))
        left -= text_tokens(blocks[-1].generated)
        ran_out = ran_out or (left == 0 and given is not answer.content[-1])
    calls = any(block.given["type"] == "tool_use" for block in blocks)
    reason = "max_tokens" if ran_out else answer.stop_reason or ("tool_use" if calls else "end_turn")
    stop = {
        "stop_reason": reason,
        "stop_sequence": None if ran_out else answer.stop_sequence,
        "stop_details": None if ran_out else answer.stop_details,
    }
    return Reply(f"msg_{next(numbers):08d}", body["model"], tuple(blocks), stop, usage)


def _generated(block: JsonObject) -> str:
    if block["type"] == "tool_use":
        return json.dumps(block["input"], ensure_ascii=False)
    return str(block.get(block["type"], ""))


def _with_id(block: JsonObject, numbers: "count[int]") -> JsonObject:
    if block["type"] == "tool_use" and "id" not in block:
        return {**block, "id": f"toolu_{next(numbers):08d}"}
    return {"signature": "signed", **block} if block["type"] == "thinking" else block
