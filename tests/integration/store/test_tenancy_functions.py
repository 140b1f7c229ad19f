"""Functions that run as the owner, past every policy: what keeps teams apart in each, and that it does."""

from dataclasses import dataclass

import pytest

from tests.integration.store.attack import leaks, session_of

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Definer:
    """What keeps teams apart in a function of the owner, and how one team tries it on another; None for a trigger."""

    by: str
    call: str | None = None


ROW = "a trigger: works for the team of the row, whose policy was passed"
BOUND = "works for the session's team alone"
ENGINE = "for the engine alone, which works across teams"
INSIDE = "granted to nobody; called by the functions above"

DEFINERS = {
    "app.ask_watch_check": Definer(
        "refuses a check of another team than the session's", "SELECT app.ask_watch_check(%(team_id)s, 'a price')"
    ),
    "app.ask_watch_checks": Definer(ENGINE, "SELECT app.ask_watch_checks('prices', false)"),
    "app.cancel_job": Definer(BOUND, "SELECT app.cancel_job(%(run_id)s, %(seq)s)"),
    "app.clear_old": Definer(ENGINE, "SELECT events FROM app.clear_old(now(), 10)"),
    "app.clear_old_data": Definer(ENGINE, "SELECT app.clear_old_data(now(), 10)"),
    "app.defer_job": Definer(
        "refuses a job of another team than the session's",
        "SELECT app.defer_job('cpu', 'stage', jsonb_build_object('team_id', %(team_id)s::text, 'run_id', 'r'))",
    ),
    "app.defer_watch_check": Definer(
        "refuses a check of another team than the session's", "SELECT app.defer_watch_check(%(team_id)s)"
    ),
    "app.defer_stage": Definer(BOUND, "SELECT app.defer_stage(%(run_id)s, %(seq)s, 'cpu', 0, now())"),
    "app.effect_rivals": Definer(
        "tells of external ids that the caller knows, and a number; only for an effect of the session's team",
        "SELECT claimed, rivals FROM app.effect_rivals('batch', ARRAY['x'], %(run_id)s, 'k', 1)",
    ),
    "app.gpus_in_use": Definer("tells that a GPU is in use; with which run, only of the session's team"),
    "app.is_halted": Definer("false of any other team than the session's", "SELECT app.is_halted(%(team_id)s)"),
    "app.pick_gpus": Definer("tells which GPUs are free, which every team may know"),
    "app.rag_build_indexes": Definer(BOUND, "SELECT app.rag_build_indexes(%(generation)s, 10)"),
    "app.rag_create_partition": Definer(BOUND, "SELECT app.rag_create_partition(%(generation)s)"),
    "app.rag_drop_generation": Definer(BOUND, "SELECT app.rag_drop_generation(%(generation)s)"),
    "app.rag_match": Definer(BOUND, "SELECT uri, ord FROM app.rag_match(%(generation)s, 'abc', 10, 10, 10)"),
    "app.receive_event": Definer(
        "refuses an event of another team than the session's",
        "SELECT app.receive_event(%(team_id)s, 'new', 'message', 'C', '1.1', '1.2', 'U', '{}', false)",
    ),
    "app.slack_card_changed": Definer(ROW),
    "app.refresh_statistics": Definer(ENGINE, "SELECT app.refresh_statistics()"),
    "app.cancelled_batches": Definer(ENGINE, "SELECT run_id FROM app.cancelled_batches()"),
    "app.stray_stages": Definer(ENGINE, "SELECT run_id FROM app.stray_stages()"),
    "app.teams_with_students": Definer(ENGINE, "SELECT app.teams_with_students()"),
    "app.wake_for_gpus": Definer("a trigger: has jobs that wait for GPUs looked at sooner, whoever's they are"),
    "app.wake_job": Definer(INSIDE, "SELECT app.wake_job(1, now())"),
    "app.wake_stage": Definer(BOUND, "SELECT app.wake_stage(%(run_id)s, %(seq)s)"),
}


def test_every_function_of_the_owner_is_listed_here(dsn: str) -> None:
    with session_of(dsn) as session:
        found = session.execute(
            "SELECT n.nspname || '.' || p.proname AS name, p.prorettype = 'trigger'::regtype AS is_trigger, "
            "  coalesce(array_to_string(p.proconfig, ' '), '') LIKE '%search_path=public, pg_temp%' AS is_fixed, "
            "  has_function_privilege('cairn_app', p.oid, 'EXECUTE') AS may_app "
            "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    assert {row["name"] for row in found} == set(DEFINERS)
    assert all(row["is_fixed"] for row in found), "whoever sets the search path would choose what the owner runs"
    assert {row["name"] for row in found if row["is_trigger"]} == {
        name for name, definer in DEFINERS.items() if definer.by.startswith(("a trigger", ROW))
    }
    closed = {name for name, definer in DEFINERS.items() if definer.by in {ENGINE, INSIDE}}
    assert {row["name"] for row in found if not row["may_app"] and not row["is_trigger"]} == closed


def test_no_function_of_the_owner_tells_or_changes_anything_of_another_team(seeded: str, without: str) -> None:
    calls = {name: definer.call for name, definer in DEFINERS.items() if definer.call is not None}
    found = leaks(seeded, without, calls)
    assert found == [], "\n".join(found)


def test_no_view_shows_the_app_what_a_policy_would_not(dsn: str) -> None:
    with session_of(dsn) as session:
        found = session.execute(
            "SELECT c.oid::regclass::text AS name FROM pg_class c "
            "WHERE c.relkind IN ('v', 'm') AND c.relnamespace = 'app'::regnamespace "
            "AND has_table_privilege('cairn_app', c.oid, 'SELECT') "
            "AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)"
        ).fetchall()
    assert found == [], "a view reads as its owner, past the policies, unless it is made to read as its caller"
