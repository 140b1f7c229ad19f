"""Whatever happens to the processes under a run: nothing is lost, nothing is doubled, nothing is left behind."""

import asyncio
from collections.abc import Mapping

import pytest

from tests.chaos.cases import CASES

pytestmark = pytest.mark.chaos


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("case", list(CASES))
async def test_a_run_survives(case: str, outcomes: Mapping[str, "asyncio.Task[None]"]) -> None:
    await outcomes[case]
