"""What a lease says of the progress of its stage."""

from datetime import timedelta

import pytest

from agents.engine.lease import Lease
from agents.store.db import Database
from agents.store.stages import Claim, StageKey

pytestmark = pytest.mark.integration


async def test_another_unit_has_a_pace_of_its_own(database: Database) -> None:
    key = StageKey(team_id="T0LOCAL", run_id="r0000001", seq=0)
    claim = Claim(key, "train", "distil", 1, 3, params={}, checkpoint={}, previous={})
    lease = Lease(database, claim, timedelta(seconds=30), 0.0)
    for done in (0.0, 800.0, 1_600.0):
        lease.report(done, 1_600.0, "MB", "downloading")
    assert (lease.progress() or {})["rate"] is not None
    lease.report(0, 12, "steps", "")
    assert (lease.progress() or {})["rate"] is None, "no step was done yet, at whatever pace megabytes came"
