-- Run after every migration: the engine works procrastinate's queue; the app only defers through functions of ours.
-- Both may know what was applied, so that a login that may do no more says when the schema is behind.

DO $$
DECLARE
    thing record;
BEGIN
    FOR thing IN
        SELECT c.relname, c.relkind FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname LIKE 'procrastinate%' AND c.relkind IN ('r', 'S')
    LOOP
        IF thing.relkind = 'S' THEN
            EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE public.%I TO cairn_engine', thing.relname);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO cairn_engine', thing.relname);
        END IF;
    END LOOP;
    FOR thing IN
        SELECT p.oid::regprocedure AS signature FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'procrastinate%'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', thing.signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO cairn_engine', thing.signature);
    END LOOP;
END $$;

GRANT SELECT ON public.cairn_migration TO cairn_app, cairn_engine;
