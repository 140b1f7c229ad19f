"""Play the written conversations: `python -m tests.evals --talker scripted|guided|claude [--base-url URL] [--json]`.

With --json one object a line for each conversation, and a last one with how many passed. A talker that thinks is
judged by this; the scripted one checks the harness, and only it ends with an error where something is broken.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.adapters.models.backend import Backend
from agents.costs.inputs import LARGE_MODEL
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from tests.evals.conversations import Conversation, load
from tests.evals.judging import broken
from tests.evals.playing import Place, opened, play
from tests.evals.talkers import TALKERS, Played, with_model

MODEL = "claude"


@dataclass(frozen=True, slots=True)
class Result:
    """How one conversation went."""

    conversation: Conversation
    broken_rules: Sequence[str]
    turns: int = 0
    steps: int = 0
    tokens: int = 0
    usd: float = 0.0

    @property
    def passed(self) -> bool:
        """Return whether no rule was broken."""
        return not self.broken_rules

    def document(self) -> dict[str, Any]:
        """Return the result as JSON."""
        return {
            "id": self.conversation.id,
            "subject": self.conversation.subject,
            "kept_back": self.conversation.kept_back,
            "passed": self.passed,
            "broken_rules": list(self.broken_rules),
            "turns": self.turns,
            "steps": self.steps,
            "tokens": self.tokens,
            "usd": self.usd,
        }


async def result_of(place: Place, conversation: Conversation, played: Callable[[Conversation], Played]) -> Result:
    """Play one conversation against the talker that `played` makes for it, and judge it."""
    try:
        outcome = await play(place, conversation, played(conversation))
    except Exception as error:  # noqa: BLE001  # whatever breaks one conversation, the others are still told
        return Result(conversation, [f"crashed: {type(error).__name__}: {error}"])
    spent = outcome.spent
    return Result(
        conversation,
        broken(conversation, outcome),
        turns=outcome.turns,
        steps=outcome.steps,
        tokens=spent.tokens,
        usd=float(spent.usd),
    )


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Return how many passed, of all and of those that were kept back."""
    kept_back = [result for result in results if result.conversation.kept_back]
    count = len(results) or 1
    return {
        "passed": sum(result.passed for result in results),
        "total": len(results),
        "kept_back_passed": sum(result.passed for result in kept_back),
        "kept_back_total": len(kept_back),
        "turns_each": round(sum(result.turns for result in results) / count, 2),
        "steps_each": round(sum(result.steps for result in results) / count, 2),
        "tokens_each": round(sum(result.tokens for result in results) / count, 1),
        "usd_each": round(sum(result.usd for result in results) / count, 6),
    }


@asynccontextmanager
async def _place() -> AsyncIterator[Place]:
    home = Path(tempfile.mkdtemp(prefix="cairn-evals-"))
    try:
        dsn = await start_embedded(home)
        await migrate(dsn)
        async with opened(dsn) as place:
            yield place
    finally:
        await stop_embedded(home)
        shutil.rmtree(home, ignore_errors=True)


async def _run(talker: str, played: Callable[[Conversation], Played], wanted: Sequence[str], as_json: bool) -> int:
    chosen = [each for each in load() if not wanted or each.id in wanted or each.subject in wanted]
    if talker == "scripted":
        chosen = [each for each in chosen if each.is_scripted]
    results = []
    async with _place() as place:
        for conversation in chosen:
            result = await result_of(place, conversation, played)
            results.append(result)
            print(json.dumps(result.document()) if as_json else _line(result), flush=True)
    total = summary(results)
    print(json.dumps(total) if as_json else _last_line(talker, total))
    return int(talker == "scripted" and total["passed"] < total["total"])


def _line(result: Result) -> str:
    head = f"{'passed' if result.passed else 'FAILED'}  {result.conversation.id}: {result.conversation.title}"
    spent = f" ({result.turns} turns, {result.steps} steps, {result.tokens} tokens, {result.usd:.4f} USD)"
    return "\n".join([head + spent, *(f"        {rule}" for rule in result.broken_rules)])


def _last_line(talker: str, total: dict[str, Any]) -> str:
    share = total["passed"] / (total["total"] or 1)
    return (
        f"{talker}: {total['passed']} of {total['total']} passed ({share:.0%}), "
        f"{total['kept_back_passed']} of the {total['kept_back_total']} kept back; a conversation took "
        f"{total['turns_each']} turns, {total['steps_each']} steps, {total['tokens_each']} tokens and "
        f"{total['usd_each']} USD"
    )


def main() -> int:
    """Play the conversations named by id or subject on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.evals", description=__doc__)
    parser.add_argument("only", nargs="*", help="ids or subjects; all without")
    parser.add_argument("--talker", choices=sorted([*TALKERS, MODEL]), required=True)
    parser.add_argument("--base-url", help="where the Messages API of the model is; Anthropic's without")
    parser.add_argument("--model", default=LARGE_MODEL, help="%(default)s without")
    parser.add_argument("--small-model", help="fills slots before the model talks, as CAIRN_SMALL_MODEL; none without")
    parser.add_argument("--timeout", type=float, default=600, help="seconds that one answer may take")
    parser.add_argument("--json", action="store_true", help="one JSON object per conversation")
    given = parser.parse_args()
    if given.talker != MODEL:
        return asyncio.run(_run(given.talker, TALKERS[given.talker], given.only, given.json))
    key = os.environ.get("ANTHROPIC_API_KEY", "" if given.base_url is None else "none")
    if not key:
        parser.error("--talker claude needs ANTHROPIC_API_KEY, or the --base-url of a Messages API that takes any key")
    backend = Backend(
        model=given.model,
        context_tokens=200_000,
        max_tokens=2_048,
        base_url=given.base_url,
        first_event_s=given.timeout,
        call_s=given.timeout,
    )
    return asyncio.run(_run(given.talker, with_model(backend, key, given.small_model), given.only, given.json))


if __name__ == "__main__":
    sys.exit(main())
