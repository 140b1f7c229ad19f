"""How long after its last token a reply's first sentence stands in Slack, beside the same without checks.

The model sends a token every 20 ms. The way is whole: the sentence is recognised, its figures and quotes are traced,
the reply's card is written down in Postgres, and a stream is started in a local Slack.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from tests.benchmarks.talking import TalkingBot, percentile, talking_bot
from tests.fakes.messages_api import say

TOKEN_EVERY_S = 0.02
REPLIES = 40
ASKED = "We answer 40,000 tickets a day with Sonnet, the bill hurts, and the format is off in 3% of replies."
FIRST = "You answer 40,000 tickets a day, and the format is off in 3% of replies."
REPLY = f"{FIRST} That is what I note. Is the style of the answers fine as it is?"


async def run() -> AsyncIterator[Mapping[str, Any]]:
    """Yield p50 and p95 of the wait, with checks and without."""
    waits_ms: dict[bool, list[float]] = {True: [], False: []}
    async with talking_bot(lambda _: say(REPLY, token_delay_s=TOKEN_EVERY_S)) as bot:
        for number in range(REPLIES + 2):
            # Neither always goes first.
            for checks in (True, False) if number % 2 else (False, True):
                wait_ms = await _wait_ms(bot, checks=checks)
                if number >= 2:
                    waits_ms[checks].append(wait_ms)
    for share in (0.5, 0.95):
        checked, unchecked = (percentile(waits_ms[checks], share) for checks in (True, False))
        yield {
            "suite": "first_sentence",
            "case": f"a token every {TOKEN_EVERY_S * 1000:.0f} ms",
            "metric": f"wait_p{share * 100:.0f}",
            "value": round(checked, 2),
            "unit": "ms",
            "reference": f"without checks: {unchecked:.4g} ms",
            "ratio": round(checked / unchecked, 3),
        }


async def _wait_ms(bot: TalkingBot, *, checks: bool) -> float:
    bot.api.sender.sent.clear()
    bot.slack.workspace.calls.clear()
    await bot.turn("stream" if checks else "stream without checks", await bot.thread(ASKED), ASKED)
    sent_at, said = 0.0, ""
    for sent_at, token in bot.api.sender.sent:  # noqa: B007  # the time of the last token is what is looked for
        said += token
        if FIRST in said:
            break
    shown = [
        call["at"]
        for call in bot.slack.workspace.calls
        if call["method"] == "chat.startStream" and FIRST in call["arguments"]["markdown_text"]
    ]
    if len(shown) != 1:
        raise RuntimeError(f"the first sentence was begun {len(shown)} times: {list(bot.slack.workspace.calls)}")
    return 1_000 * (float(shown[0]) - sent_at)
