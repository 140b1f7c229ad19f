"""What a turn takes beside the bare call of the model: graph, checkpoint, Postgres and the stream into Slack.

The model answers at once, so that what is left is Cairn's. Each way of making the turn has a part more than the one
before; what a part takes is the difference of two medians. The ways are gone in turn, so that what else the machine
does meets all of them.
"""

import statistics
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from tests.benchmarks.talking import Taken, TalkingBot, talking_bot
from tests.fakes.messages_api import say

WAYS = ("talker and graph", "bare", "checkpoint", "Postgres", "stream")
# Each way goes through as many threads, and in each through as many turns, so that there is a history.
THREADS, TURNS = 6, 10
ASKED = "And if the style of the answers does not matter, what would you ask next?"
REPLY = "Then the style decides nothing. I would ask how often the facts change. Do they change every week?"


async def run() -> AsyncIterator[Mapping[str, Any]]:
    """Yield the time and CPU that each part adds."""
    taken: dict[str, list[Taken]] = {way: [] for way in WAYS}
    postgres_s: dict[str, list[float]] = {way: [] for way in WAYS}
    async with talking_bot(lambda _: say(REPLY)) as bot:
        for number in range(THREADS + 1):
            roots = {way: await bot.thread() for way in WAYS}
            for _ in range(TURNS):
                for way in WAYS:
                    took, server_s = await _turn(bot, way, roots[way])
                    if number:
                        taken[way].append(took)
                        postgres_s[way].append(server_s)
    cpu_ms = {way: _median_ms([each.cpu_s for each in taken[way]]) for way in WAYS}
    wall_ms = {way: _median_ms([each.wall_s for each in taken[way]]) for way in WAYS}
    server_ms = {way: 1_000 * statistics.fmean(postgres_s[way]) for way in WAYS}
    for metric, each in (("cpu", cpu_ms), ("time", wall_ms)):
        for figure in _figures(metric, each):
            yield figure
    yield _figure("cpu_of_the_server", "whole turn", server_ms["stream"], None, "")


async def _turn(bot: TalkingBot, way: str, root: str) -> tuple[Taken, float]:
    before_s = bot.postgres.cpu_s()
    took = await bot.turn(way, root, ASKED)
    return took, bot.postgres.cpu_s() - before_s


def _figures(metric: str, ms: Mapping[str, float]) -> Sequence[Mapping[str, Any]]:
    """Return what the whole turn adds to the bare call, and each part's share of that."""
    bare = ms["bare"]
    added = ms["stream"] - bare
    parts = {
        "talker and graph": ms["talker and graph"] - bare,
        "checkpoint": ms["checkpoint"] - ms["talker and graph"],
        "Postgres": ms["Postgres"] - ms["checkpoint"],
        "stream": ms["stream"] - ms["Postgres"],
    }
    whole = _figure(f"added_{metric}", "whole turn", added, added / bare, f"the bare call: {bare:.4g} ms")
    named = f"all that is added: {added:.4g} ms"
    return [whole, *(_figure(f"added_{metric}", part, took, took / added, named) for part, took in parts.items())]


def _figure(metric: str, case: str, value_ms: float, ratio: float | None, reference: str) -> Mapping[str, Any]:
    figure = {"suite": "turn", "case": case, "metric": metric, "value": round(value_ms, 3), "unit": "ms"}
    return figure if ratio is None else figure | {"reference": reference, "ratio": round(ratio, 3)}


def _median_ms(seconds: Sequence[float]) -> float:
    return 1_000 * statistics.median(seconds)
