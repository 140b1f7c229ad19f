-- The schema itself: whose turn it is to migrate, and what was applied.

-- name: try_turn
SELECT pg_try_advisory_lock(%(lock)s) AS is_ours;

-- name: end_turn
SELECT pg_advisory_unlock(%(lock)s);

-- name: pgvector
-- What the server has to offer, and what this database has of it.
SELECT
    (SELECT a.default_version FROM pg_available_extensions a WHERE a.name = 'vector') AS offered,
    (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'vector') AS installed;

-- name: is_made
SELECT to_regclass('public.cairn_migration') IS NOT NULL AS is_made;

-- name: applied
SELECT migration_hash FROM public.cairn_migration;

-- name: langgraph_is_made
SELECT to_regclass('langgraph.checkpoint_migrations') IS NOT NULL AS is_made;

-- name: langgraph_applied
SELECT coalesce(max(v), -1) + 1 AS applied FROM langgraph.checkpoint_migrations;

-- name: login
-- Who is logged in, where, and whether it may take both working roles already.
SELECT session_user AS name, current_database() AS database, pg_postmaster_start_time() AS started_at,
    pg_has_role(session_user, 'cairn_app', 'SET') AND pg_has_role(session_user, 'cairn_engine', 'SET') AS is_admitted;
