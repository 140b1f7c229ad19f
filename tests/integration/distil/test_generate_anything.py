"""Whatever a batch brings: counts add up, and nothing is asked again that has come to an end."""

import datetime as dt
import random
from collections import Counter
from pathlib import Path

import pytest

from agents.runs import RunState
from agents.store.db import Database
from tests.fakes.messages_api import Answer, Break, fail, refuse, say
from tests.fakes.messages_api.script import Turn
from tests.integration.distil.conftest import settled, working
from tests.integration.distil.desk import TEAM, asked_texts, labelled, make_api, make_runs, require_sums, start_run
from tests.integration.engine.conftest import eventually

pytestmark = pytest.mark.integration

INPUTS, GOLDEN, SAMPLES, ROUNDS = 12, 3, 2, 3


class Fickle:
    """A teacher that does anything; `ended` counts what must not be asked again, by input."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)  # noqa: S311  # variety, no secrets
        self.ended: Counter[str] = Counter()

    def __call__(self, text: str) -> Turn:
        what = self._draw.choice(["labelled", "labelled", "refused", "cut", "rubbish", "invalid", "passes", "stuck"])
        if what == "passes":
            return fail(self._draw.choice([429, 500, 529]))
        if what == "stuck":
            return Answer(broken=Break("hang"))
        self.ended[text] += 1
        ends: dict[str, Turn] = {
            "refused": refuse(self._draw.choice(["bio", "cyber", None])),
            "cut": Answer([{"type": "text", "text": '{"la'}], stop_reason="max_tokens"),
            "rubbish": say("[1, 2"),
            "invalid": fail(400),
        }
        return ends.get(what) or labelled(text)


@pytest.mark.parametrize("seed", range(6))
async def test_counts_add_up_whatever_comes_back(seed: int, database: Database, tmp_path: Path) -> None:
    runs, fickle = make_runs(database), Fickle(seed)
    async with make_api(fickle) as api, working(database, tmp_path, api.url, shard_requests=7):
        run_id = await start_run(runs, inputs=INPUTS, golden=GOLDEN, samples=SAMPLES)

        async def is_over() -> bool:
            # Whatever is stuck expires.
            api.clock.advance(dt.timedelta(hours=5))
            return (await runs.view(TEAM, run_id)).state is not RunState.RUNNING

        await eventually(is_over, within_s=90)
        view = await settled(runs, run_id)

    assert view.state is RunState.DONE, view.error
    assert view.result is not None
    require_sums(view.result)
    assert view.result["asked"] == INPUTS * SAMPLES + GOLDEN
    assert view.result["rounds"] <= ROUNDS
    for text, asked in Counter(asked_texts(api)).items():
        samples = 1 if text.startswith("golden") else SAMPLES
        assert fickle.ended[text] <= samples
        assert asked <= samples * ROUNDS
    assert view.spend is not None
    assert view.spend.reserved_usd == 0
    assert float(view.spend.spent_usd) == pytest.approx(view.result["usd"], abs=1e-4)
