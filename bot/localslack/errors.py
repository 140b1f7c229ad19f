"""Refusals, worded as Slack words them."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.localslack.settings import JsonObject

_NOTHING: Mapping[str, str] = MappingProxyType({})


class SlackError(Exception):
    """A call that Slack refuses: `ok` false, an error code and, for bad arguments, where they are bad.

    Args:
        code: Slack's error code.
        problems: What is wrong with the arguments, in words.
        status: The HTTP status.
        headers: Further headers of the answer, such as `Retry-After`.
        more: Further fields of the answer, such as the scope that is `needed`.
    """

    def __init__(
        self,
        code: str,
        problems: tuple[str, ...] = (),
        status: int = 200,
        headers: Mapping[str, str] = _NOTHING,
        more: Mapping[str, str] = _NOTHING,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.problems = problems
        self.status = status
        self.headers = headers
        self.more = more

    def body(self) -> JsonObject:
        """Return the answer's JSON object."""
        answer: JsonObject = {"ok": False, "error": self.code, **self.more}
        if self.problems:
            if self.code == "invalid_blocks":
                answer["errors"] = list(self.problems)
            answer["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in self.problems]}
        return answer
