"""Whatever happens to the processes under a run: nothing is lost, nothing is doubled, nothing is left behind."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.chaos.arena import Figures
from tests.chaos.cases import CASES
from tests.conftest import SAID_AT_THE_END

pytestmark = pytest.mark.chaos


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("case", list(CASES))
async def test_a_run_survives(
    case: str,
    outcomes: Mapping[str, "asyncio.Task[None]"],
    figures: Figures,
    record_property: Callable[[str, object], None],
) -> None:
    await outcomes[case]
    # As measured so far: what the last of them records is said in the end.
    record_property(SAID_AT_THE_END, ("chaos", figures.text))
