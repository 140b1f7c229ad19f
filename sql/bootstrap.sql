-- What must exist before the first migration; safe to run again. Needs a login that may create roles.
--
-- cairn_owner migrates and owns everything; cairn_app does the work of one team at a time under row level
-- security; cairn_engine claims, posts and reaps across teams. None of them logs in: the DSN's user is a
-- member and takes the role when it connects.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['cairn_owner', 'cairn_app', 'cairn_engine'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
        -- Who creates a role without being superuser may grant it, but not yet take it.
        IF NOT pg_has_role(current_user, wanted, 'SET') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER WITH SET TRUE', wanted);
        END IF;
    END LOOP;
END $$;

CREATE EXTENSION IF NOT EXISTS vector;

DO $$
BEGIN
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO cairn_owner', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO cairn_app, cairn_engine', current_database());
END $$;

-- procrastinate's tables and functions stay where its own migrations put them.
GRANT USAGE, CREATE ON SCHEMA public TO cairn_owner;
GRANT USAGE ON SCHEMA public TO cairn_app, cairn_engine;
