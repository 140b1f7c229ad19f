-- The owner's functions that are told a team believe it only where it is the caller's own, or the caller has none yet.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

-- As before, and nobody at work for one team defers a job of another.
CREATE OR REPLACE FUNCTION app.defer_job(
    queue text, task text, arguments jsonb, job_lock text DEFAULT NULL, job_queueing_lock text DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, job_priority integer DEFAULT 0
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF arguments->>'team_id' <> app.current_team() THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'the job is of another team';
    END IF;
    RETURN (procrastinate_defer_jobs_v1(ARRAY[
        ROW(queue, task, job_priority, job_lock, job_queueing_lock, arguments, run_at)::procrastinate_job_to_defer_v1
    ]))[1];
END $$;

-- As before, and nobody at work for one team plants an event in another. Events come in before there is a team.
CREATE OR REPLACE FUNCTION app.receive_event(
    p_team_id text, p_key text, p_kind text, p_channel text, p_thread_ts text, p_message_ts text, p_user_id text,
    p_body jsonb, p_only_in_own_thread boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF p_team_id <> app.current_team() THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'the event is of another team';
    END IF;
    IF p_only_in_own_thread AND NOT EXISTS (
        SELECT FROM app.conversation c
        WHERE c.team_id = p_team_id AND c.channel = p_channel AND c.thread_ts = p_thread_ts
        UNION ALL
        SELECT FROM app.slack_card c
        WHERE c.team_id = p_team_id AND c.channel = p_channel AND c.thread_ts = p_thread_ts
          AND c.ephemeral_user IS NULL
        UNION ALL
        SELECT FROM app.slack_sent s JOIN app.slack_card c USING (team_id, key)
        WHERE s.team_id = p_team_id AND s.ts = p_thread_ts AND c.channel = p_channel AND c.ephemeral_user IS NULL
    ) THEN
        RETURN false;
    END IF;
    INSERT INTO app.slack_event (team_id, key, kind, channel, thread_ts, message_ts, user_id, body)
    VALUES (p_team_id, p_key, p_kind, p_channel, p_thread_ts, p_message_ts, p_user_id, p_body)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM app.defer_job(
        'turn', 'turn', jsonb_build_object('team_id', p_team_id, 'key', p_key),
        format('thread:%s:%s:%s', p_team_id, coalesce(p_channel, p_user_id), coalesce(p_thread_ts, p_key)));
    RETURN true;
END $$;

-- As before; of another team nobody learns it.
CREATE OR REPLACE FUNCTION app.is_halted(p_team_id text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT EXISTS (
    SELECT FROM app.halt h WHERE h.team_id = p_team_id AND h.team_id = coalesce(app.current_team(), p_team_id))
$$;
