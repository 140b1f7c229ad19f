-- What a workspace usually has, remembered where somebody agreed; and what lets a conversation be forgotten.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

CREATE TABLE app.workspace_default (
    team_id text NOT NULL,
    -- A slot of the interview, or an input of the cost core, such as 'models'.
    name text NOT NULL,
    -- As a fact or a setting holds it.
    value jsonb NOT NULL,
    -- Who gave the answer, when, and in which conversation; NULL where it was set by hand, or that was forgotten.
    said_by text NOT NULL,
    said_at timestamptz NOT NULL,
    conversation_id text,
    -- Who agreed that it is remembered, by pressing the button or typing the command.
    consented_by text NOT NULL,
    consented_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    event_key text,
    PRIMARY KEY (team_id, name),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE SET NULL (conversation_id)
);
CREATE INDEX workspace_default_conversation ON app.workspace_default (team_id, conversation_id);
CALL app.protect('app.workspace_default', 'SELECT, INSERT, UPDATE, DELETE');

-- A proposal outlives the conversation that it came from, since money hangs on it.
GRANT UPDATE (conversation_id) ON app.proposal TO cairn_app;

-- Somebody who is forgotten loses their name in what others go on with.
GRANT UPDATE (who) ON app.contradiction TO cairn_app;
GRANT UPDATE (was, became, because) ON app.watch_flip TO cairn_app;

-- Delete what is older than p_before, for every team: events that were handled, the words of threads in which nobody
-- said anything since, and notes that one person saw; and cards whose message has been taken back. At most p_at_most
-- of each; what is left waits for the next call.
CREATE FUNCTION app.clear_old(p_before timestamptz, p_at_most integer)
RETURNS TABLE (events bigint, threads bigint, cards bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_thread text;
BEGIN
    DELETE FROM app.slack_event e
    WHERE (e.team_id, e.key) IN (
        SELECT o.team_id, o.key FROM app.slack_event o WHERE o.handled_at < p_before LIMIT p_at_most);
    GET DIAGNOSTICS events = ROW_COUNT;
    threads := 0;
    FOR v_thread IN
        SELECT c.thread_id FROM langgraph.checkpoints c
        GROUP BY c.thread_id HAVING max((c.checkpoint ->> 'ts')::timestamptz) < p_before
        LIMIT p_at_most
    LOOP
        -- The lock that a turn holds: a thread in which somebody speaks just now is left alone.
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(hashtextextended(v_thread, 0));
        CONTINUE WHEN EXISTS (
            SELECT FROM langgraph.checkpoints c
            WHERE c.thread_id = v_thread AND (c.checkpoint ->> 'ts')::timestamptz >= p_before);
        DELETE FROM langgraph.checkpoint_writes w WHERE w.thread_id = v_thread;
        DELETE FROM langgraph.checkpoint_blobs b WHERE b.thread_id = v_thread;
        DELETE FROM langgraph.checkpoints c WHERE c.thread_id = v_thread;
        threads := threads + 1;
    END LOOP;
    DELETE FROM app.slack_card k
    WHERE (k.team_id, k.key) IN (
        SELECT o.team_id, o.key FROM app.slack_card o JOIN app.slack_sent s USING (team_id, key)
        WHERE s.sent_version = s.wanted_version
          AND (o.kind = 'withdrawn' OR (o.ephemeral_user IS NOT NULL AND o.created_at < p_before))
        LIMIT p_at_most);
    GET DIAGNOSTICS cards = ROW_COUNT;
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION app.clear_old TO cairn_engine;
