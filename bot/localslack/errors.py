"""Refusals, worded as Slack words them."""

from bot.localslack.settings import JsonObject


class SlackError(Exception):
    """A call that Slack refuses: `ok` false, an error code and, for bad arguments, where they are bad."""

    def __init__(self, code: str, problems: tuple[str, ...] = (), status: int = 200) -> None:
        super().__init__(code)
        self.code = code
        self.problems = problems
        self.status = status

    def body(self) -> JsonObject:
        """Return the answer's JSON object."""
        answer: JsonObject = {"ok": False, "error": self.code}
        if self.problems:
            if self.code == "invalid_blocks":
                answer["errors"] = list(self.problems)
            answer["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in self.problems]}
        return answer
