"""Every query is tried by one team with the ids of another: nothing is told, nothing is changed."""

import pytest

from tests.integration.store.attack import QUERIES, Caller, ids_of, leaks, session_of
from tests.integration.store.test_tenancy import OTHER

pytestmark = pytest.mark.integration

# Those that the engine asks across teams; the app role is refused.
ENGINE = {
    "datasets.clear_old": "what is too old goes for every team",
    "forgetting.clear_old": "as above",
    "outbox.claim": "posters serve every team",
    "outbox.sent": "as above",
    "outbox.made": "as above",
    "outbox.lost": "as above",
    "outbox.later": "as above",
    "outbox.gave_up": "as above",
    "prices.claim_source": "public prices belong to no team, and the app only reads them",
    "prices.keep_listed": "as above",
    "prices.source_failed": "as above",
    "prices.source_fetched": "as above",
    "replies.claim": "who streams a reply does what a poster does",
    "replies.keep": "as above",
    "replies.grow": "as above",
    "replies.settle": "as above",
    "replies.release": "as above",
    "stage.refresh_statistics": "the queue is of every team",
    "served.teams": "a worker keeps its server in line with the aliases of every team",
    "effects.cancelled_batches": "finds batches that are then closed as their teams",
    "stage.strays": "finds the stages that the sweep then defers as their teams",
    "watches.ask_all": "prices may change for every team",
    "watches.ask_daily": "as above, and the date changes for all",
    "workers.insert": "workers serve every team",
    "workers.beat": "as above",
    "workers.delete": "as above",
    "workers.delete_silent": "as above",
    "workers.gpus_in_use_by_all": "GPUs are shared, and placed across teams",
    "workers.unplaced": "as above",
}
# Sent by COPY, into a temporary table of the session's own.
COPIED = {"rag.copy_in"}


def test_no_query_tells_or_changes_anything_of_another_team(seeded: str, without: str) -> None:
    tried = {name: text for name, text in QUERIES.items() if name not in COPIED}
    found = leaks(seeded, without, tried)
    assert found == [], "\n".join(found)


PEEK = """
CREATE FUNCTION app.peek(p_id text) RETURNS SETOF text LANGUAGE sql SECURITY DEFINER
AS $$ SELECT params_hash FROM app.proposal WHERE id = p_id $$;
GRANT EXECUTE ON FUNCTION app.peek TO cairn_app
"""
POKE = """
CREATE FUNCTION app.poke(p_run text) RETURNS void LANGUAGE sql SECURITY DEFINER
AS $$ UPDATE app.run SET error = 'poked' WHERE id = p_run $$;
GRANT EXECUTE ON FUNCTION app.poke TO cairn_app
"""


@pytest.mark.parametrize(
    ("opened", "query"),
    [
        (PEEK, "SELECT * FROM app.peek(%(whatever)s)"),
        (POKE, "SELECT app.poke(%(run_id)s)"),
        ("ALTER TABLE app.audit DISABLE ROW LEVEL SECURITY", "SELECT who FROM app.audit WHERE team_id = %(team_id)s"),
    ],
    ids=["a function that reads", "a function that writes", "a table without its policy"],
)
def test_a_query_that_leaks_would_be_found(seeded: str, without: str, opened: str, query: str) -> None:
    for dsn in (seeded, without):
        with session_of(dsn, "cairn_owner") as owner:
            owner.execute(opened.encode())
    assert leaks(seeded, without, {"temporary.leak": query}) != []


def test_every_query_is_asked_as_it_is_meant_by_the_app_or_by_the_engine_alone(seeded: str) -> None:
    refused, reached, faulty = set(), set(), []
    with session_of(seeded) as session:
        caller = Caller(session, OTHER, ids_of(session, OTHER))
        for name, text in QUERIES.items():
            outcomes = caller.outcomes(name, text) if name not in COPIED else []
            codes = {outcome.error for outcome in outcomes}
            if codes == {"42501"}:
                refused.add(name)
            if any(outcome.touched > 0 for outcome in outcomes):
                reached.add(name)
            # A value of the wrong type, or a column that is not there, would try nothing.
            faulty += [f"{name}: {code}" for code in codes - {"42501"} if code and code[:2] in {"22", "42"}]
    assert faulty == [], faulty
    assert refused == set(ENGINE)
    # Others need rows in a state that one row of each table cannot be in at once.
    assert len(reached) > 0.6 * len(QUERIES), f"of their own team these find: {sorted(reached)}"
