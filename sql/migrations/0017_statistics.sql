-- What the planner knows of the tables that a burst fills. Until the autovacuum comes, up to a minute later, it plans
-- for tables as small as they were, and reads and sorts the whole queue for every job: over a hundred times as long
-- with 100,000 jobs.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

CREATE FUNCTION app.refresh_statistics() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changed regclass;
    refreshed integer := 0;
BEGIN
    FOR changed IN
        SELECT c.oid
        FROM pg_class c
        WHERE c.oid IN ('public.procrastinate_jobs'::regclass, 'app.run'::regclass, 'app.stage'::regclass)
          AND pg_stat_get_mod_since_analyze(c.oid) > 1000 + greatest(c.reltuples, 0) / 2
    LOOP
        EXECUTE format('ANALYZE %s', changed);
        refreshed := refreshed + 1;
    END LOOP;
    RETURN refreshed;
END $$;
REVOKE ALL ON FUNCTION app.refresh_statistics FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.refresh_statistics TO cairn_engine;
COMMENT ON FUNCTION app.refresh_statistics IS 'Look anew at the tables of which half has changed; how many there were';
