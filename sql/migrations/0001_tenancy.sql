-- One schema for Cairn's own state, and the rule that teams do not meet.
SET lock_timeout = '4s';

CREATE SCHEMA IF NOT EXISTS app;
GRANT USAGE ON SCHEMA app TO cairn_app, cairn_engine;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The team of this transaction; NULL, which matches no row, where none is set.
CREATE FUNCTION app.current_team() RETURNS text
LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('cairn.team_id', true), '') $$;
GRANT EXECUTE ON FUNCTION app.current_team() TO cairn_app, cairn_engine;

-- Twelve hexadecimal characters: short enough to type, unique within a team by primary key.
CREATE FUNCTION app.short_id() RETURNS text
LANGUAGE sql VOLATILE AS $$ SELECT substr(replace(gen_random_uuid()::text, '-', ''), 1, 12) $$;
GRANT EXECUTE ON FUNCTION app.short_id() TO cairn_app, cairn_engine;

-- Turn on row level security for a table with team_id: the app sees its own team, the engine sees all.
CREATE PROCEDURE app.protect(target regclass, app_privileges text, engine_privileges text DEFAULT '')
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY team ON %s TO cairn_app USING (team_id = app.current_team()) '
        'WITH CHECK (team_id = app.current_team())', target);
    EXECUTE format('GRANT %s ON %s TO cairn_app', app_privileges, target);
    IF engine_privileges <> '' THEN
        EXECUTE format('CREATE POLICY engine ON %s TO cairn_engine USING (true) WITH CHECK (true)', target);
        EXECUTE format('GRANT %s ON %s TO cairn_engine', engine_privileges, target);
    END IF;
END $$;

-- Defer a procrastinate job in the caller's transaction; the app role has no other way into the queue.
CREATE FUNCTION app.defer_job(
    queue text, task text, arguments jsonb, job_lock text DEFAULT NULL, job_queueing_lock text DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, job_priority integer DEFAULT 0
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (procrastinate_defer_jobs_v1(ARRAY[
        ROW(queue, task, job_priority, job_lock, job_queueing_lock, arguments, run_at)::procrastinate_job_to_defer_v1
    ]))[1];
END $$;
GRANT EXECUTE ON FUNCTION app.defer_job TO cairn_app, cairn_engine;
