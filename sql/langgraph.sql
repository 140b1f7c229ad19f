-- Run after LangGraph's own setup: a thread's id begins with its team, and a team sees its own threads.

DO $$
DECLARE
    held text;
BEGIN
    FOREACH held IN ARRAY ARRAY['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'] LOOP
        -- Where it holds already, nobody is kept waiting for it.
        IF NOT (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = ('langgraph.' || held)::regclass) THEN
            EXECUTE format('ALTER TABLE langgraph.%I ENABLE ROW LEVEL SECURITY', held);
        END IF;
        IF NOT EXISTS (
            SELECT FROM pg_policies WHERE schemaname = 'langgraph' AND tablename = held AND policyname = 'team'
        ) THEN
            EXECUTE format(
                'CREATE POLICY team ON langgraph.%I TO cairn_app '
                'USING (split_part(thread_id, '':'', 1) = app.current_team()) '
                'WITH CHECK (split_part(thread_id, '':'', 1) = app.current_team())', held);
        END IF;
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON langgraph.%I TO cairn_app', held);
    END LOOP;
END $$;

GRANT SELECT ON langgraph.checkpoint_migrations TO cairn_app;
