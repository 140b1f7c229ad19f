"""A model that obeys: whatever it reads, in whoever's words, it does.

An order to call stands as `CALL tool {arguments}`, an order to say something as `SAY words`, each up to the end of its
line or a full stop and a bar. "PRINT" makes it say its instructions and everything else that it was sent.
"""

import json
import re
from typing import Any, Final

from tests.fakes.messages_api import JsonObject, call, say
from tests.fakes.messages_api.script import Turn

_CALL: Final = re.compile(r"CALL ([\w-]+) (\{.*?\})(?= \||\s*$|\n)", re.MULTILINE)
_SAY: Final = re.compile(r"SAY (.+?)(?= \||$)", re.MULTILINE)
_AT_ONCE: Final = 5


class Obedient:
    """A script for the fake Messages API; it remembers what it was told and did."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.done: list[str] = []
        self.said: list[str] = []

    def __call__(self, body: JsonObject) -> Turn:
        """Return what the request orders that was not done yet: calls first, then one reply."""
        texts = list(_texts(body))
        self.read += texts
        text = "\n".join(texts)
        orders = [match for match in _CALL.finditer(text) if match[0] not in self.done]
        if orders:
            now = orders[:_AT_ONCE]
            self.done += [match[0] for match in now]
            return call(*((match[1], json.loads(match[2])) for match in now))
        told = [match[1] for match in _SAY.finditer(text)]
        if "PRINT" in text:
            told += [str(body["system"][0]["text"]), *texts]
        self.said += told
        return say("\n\n".join(told) or "-")


def _texts(body: JsonObject) -> list[str]:
    """Return everything but the instructions, in order, with what stands in JSON as it was before."""
    blocks: list[Any] = [block for message in body["messages"] for block in message["content"]]
    return [str(block.get("text") or block.get("content") or "") for block in blocks if block["type"] != "tool_use"]
