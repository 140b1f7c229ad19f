"""The database's own rule for what fits a host agrees with the one that words are made from."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from agents.runs.needs import GIB, Gpu, Host, Needs, needs_document
from agents.runs.workers import gpu_documents
from agents.store.db import role_conninfo

pytestmark = pytest.mark.integration

# Around the sizes that matter: what is sold as 80 GB and shows a little less, and figures of no size at all.
SIZES = st.one_of(
    st.sampled_from([0, 24 * GIB, 48 * GIB, 80 * GIB]).flatmap(
        lambda size: st.integers(max(0, size - 2 * GIB), size + 1)
    ),
    st.integers(0, 2**62),
)
GPUS = st.lists(SIZES, max_size=5).map(
    lambda sizes: tuple(Gpu(f"gpu-{number}", "a card", size) for number, size in enumerate(sizes))
)


@st.composite
def needs(draw: st.DrawFn) -> Needs:
    count = draw(st.integers(0, 5))
    return Needs(count, draw(SIZES) if count else 0, draw(SIZES), draw(SIZES))


# One database serves all examples: nothing is written, and the locks end with the transaction of each.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(wanted=needs(), gpus=GPUS, memory=SIZES, disk=SIZES)
def test_what_fits_and_which_gpus_it_gets_is_the_same_in_both(
    dsn: str, wanted: Needs, gpus: tuple[Gpu, ...], memory: int, disk: int
) -> None:
    host = Host("box", frozenset({"gpu"}), gpus, memory, disk)
    given_ = {
        "needs": Jsonb(needs_document(wanted)),
        "gpus": Jsonb(gpu_documents(gpus)),
        "memory": memory,
        "disk": disk,
    }
    with psycopg.connect(role_conninfo(dsn, "cairn_app")) as connection:
        row = connection.execute(
            "SELECT app.fits(%(needs)s, %(gpus)s, %(memory)s, %(disk)s), app.pick_gpus(%(needs)s, %(gpus)s)", given_
        ).fetchone()
    picked = host.pick(wanted)
    assert row == (host.fits(wanted), None if picked is None else [gpu.id for gpu in picked])
