"""What people do at the page of the local Slack, by its control API, and how a test waits for what comes of it."""

import json
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

ALICE, BOB, BOT = "UALICE0001", "UBOB000001", "UCAIRN0BOT"
GENERAL = "CGENERAL01"
# Longer than anything takes on a slow machine that is doing other things as well.
PATIENCE_S = 90.0

Found = TypeVar("Found")
Message = dict[str, Any]


def until(look: Callable[[], Found | None], what: Callable[[], object] | str, *, every_s: float = 0.1) -> Found:
    """Return the first true answer of `look`; after `PATIENCE_S` fail with `what` was waited for."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what if isinstance(what, str) else what()}")
        time.sleep(every_s)


class Page:
    """The page of a running `cairn local`."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc

    def post(self, name: str, **body: Any) -> dict[str, Any]:
        return self._call("POST", f"/_/{name}", body)

    def get(self, name: str, **query: str) -> dict[str, Any]:
        return self._call("GET", f"/_/{name}?{urlencode(query)}")

    def say(self, text: str, *, user: str = ALICE, channel: str = GENERAL, **more: Any) -> str:
        """Write a message and return its ts."""
        return str(_ok(self.post("message", user=user, channel=channel, text=text, **more))["ts"])

    def command(self, text: str, *, user: str = ALICE, channel: str = GENERAL) -> None:
        """Type `/cairn TEXT`, again where nobody is there yet to take it."""
        until(
            lambda: self.post("command", user=user, channel=channel, command="/cairn", text=text)["ok"],
            f"/cairn {text} to be taken",
        )

    def roots(self, *, user: str = ALICE, channel: str = GENERAL) -> list[Message]:
        return list(_ok(self.get("messages", user=user, channel=channel, limit="200"))["messages"])

    def replies(self, thread_ts: str, *, user: str = ALICE, channel: str = GENERAL) -> list[Message]:
        """Return what was written under a message."""
        answer = self.get("messages", user=user, channel=channel, thread_ts=thread_ts, limit="200")
        return list(_ok(answer)["messages"])[1:]

    def root(self, words: str) -> str:
        """Return the ts of the newest message in the channel with these words, waited for."""
        found = until(lambda: _newest(self.roots(), words), lambda: f"{words!r} among {_texts(self.roots())}")
        return str(found["ts"])

    def shows(self, thread_ts: str, words: str, *, by: str | None = None) -> Message:
        """Return the newest reply with these words, waited for; of one person, if one is named."""
        return until(
            lambda: _newest([each for each in self.replies(thread_ts) if by in {None, each["user"]}], words),
            lambda: f"{words!r} among {_texts(self.replies(thread_ts))}",
        )

    def press(self, message: Mapping[str, Any], label: str, *, user: str = ALICE) -> None:
        """Press the button with this label; where it takes a moment to be taken, as after a kill, press again."""
        element, block_id = next(
            (element, block["block_id"])
            for block in message["blocks"]
            for element in [*block.get("elements", []), block.get("accessory") or {}]
            if element.get("type") == "button" and element["text"]["text"] == label
        )
        action = {key: element[key] for key in ("type", "action_id", "value") if key in element}
        until(
            lambda: self.post(
                "action", user=user, channel=message["channel"], message_ts=message["ts"],
                action={**action, "block_id": block_id},
            )["ok"],
            f"the button {label} to be taken",
        )  # fmt: skip

    def index(self, name: str, source: str = "documents") -> str:
        """Have alice propose an index and bob approve it; return the thread's ts."""
        self.command(f"index {name} {source}")
        thread = self.root(f"Index `{source}` as *{name}*")
        self.press(self.shows(thread, "Waiting for approval"), "Approve", user=BOB)
        return thread

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        connection = HTTPConnection(self._host, timeout=30)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            return dict(json.loads(connection.getresponse().read()))
        finally:
            connection.close()


def content(message: Mapping[str, Any]) -> str:
    """Return all that a message says, in blocks or in text."""
    return f"{message['text']} {message.get('blocks')} {message.get('files')}"


def _newest(messages: list[Message], words: str) -> Message | None:
    return next((each for each in reversed(messages) if words in content(each)), None)


def _texts(messages: list[Message]) -> list[str]:
    return [str(each["text"]) for each in messages]


def _ok(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["ok"], answer
    return answer
