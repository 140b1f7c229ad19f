-- Verdicts that people watch, what asks for them to be checked anew, and questions put to a colleague.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

CREATE TABLE app.watch (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    conversation_id text NOT NULL,
    -- What the decision is about, in the words it was asked with.
    title text NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The verdict and what it rests on: answers, prices, throughput, facts. Replaced when it flips, and only then, so
    -- that a flip is told against what people last read.
    basis jsonb NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    flips integer NOT NULL DEFAULT 0,
    -- Of all that it rested on at the last check: where it is the same, there is nothing to show anew.
    version text NOT NULL DEFAULT '',
    -- What would flip it and how far away that is, as of the last check.
    outlook jsonb NOT NULL DEFAULT '[]',
    -- The newest request of the team that was heeded, and one for this watch alone.
    seen bigint NOT NULL DEFAULT 0,
    due_because text,
    checked_at timestamptz,
    checked_because text,
    stopped_at timestamptz,
    stopped_by text,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE,
    CHECK ((stopped_at IS NULL) = (stopped_by IS NULL))
);
CREATE UNIQUE INDEX watch_of_conversation ON app.watch (team_id, conversation_id) WHERE stopped_at IS NULL;
CREATE INDEX watch_seen ON app.watch (team_id, seen) WHERE stopped_at IS NULL;
CALL app.protect('app.watch', 'SELECT, INSERT, UPDATE, DELETE');

-- Each flip that was told: one row, one reply.
CREATE TABLE app.watch_flip (
    team_id text NOT NULL,
    watch_id text NOT NULL,
    n integer NOT NULL,
    was jsonb NOT NULL,
    became jsonb NOT NULL,
    because text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, watch_id, n),
    FOREIGN KEY (team_id, watch_id) REFERENCES app.watch ON DELETE CASCADE
);
CALL app.protect('app.watch_flip', 'SELECT, INSERT');

-- How often a check was asked for in a team: a watch that has seen fewer is due. Requests coalesce into the job that
-- still waits.
CREATE TABLE app.watch_check (
    team_id text NOT NULL PRIMARY KEY,
    asked bigint NOT NULL DEFAULT 0,
    cause text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The day (UTC) of the last daily request.
    daily_on date,
    job_id bigint
);
CALL app.protect('app.watch_check', 'SELECT, INSERT, UPDATE');

-- Have the watches that are due checked, by the job that still waits or by a new one. The caller holds the team's row,
-- and a job locks it before it looks for what is due: one that has been taken up by now may have looked already.
-- No queueing lock: it would keep the reaper from putting a dead worker's job back while another waits.
CREATE FUNCTION app.defer_watch_check(p_team_id text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF p_team_id <> app.current_team() THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'the check is of another team';
    END IF;
    UPDATE app.watch_check c
    SET job_id = app.defer_job(
        'watch', 'watch', jsonb_build_object('team_id', p_team_id), format('watch:%s', p_team_id))
    WHERE c.team_id = p_team_id
      AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.id = c.job_id AND j.status = 'todo');
END $$;
GRANT EXECUTE ON FUNCTION app.defer_watch_check TO cairn_app, cairn_engine;

-- Something that verdicts of the team rest on has changed; returns whether anybody watches one.
CREATE FUNCTION app.ask_watch_check(p_team_id text, p_cause text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF p_team_id <> app.current_team() THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'the check is of another team';
    END IF;
    -- Counted though nobody watches yet: whoever is about to save a verdict holds this row, and sees the change or is
    -- seen here.
    INSERT INTO app.watch_check AS c (team_id, asked, cause) VALUES (p_team_id, 1, p_cause)
    ON CONFLICT (team_id) DO UPDATE SET asked = c.asked + 1, cause = EXCLUDED.cause, asked_at = clock_timestamp();
    IF NOT EXISTS (SELECT FROM app.watch w WHERE w.team_id = p_team_id AND w.stopped_at IS NULL) THEN
        RETURN false;
    END IF;
    PERFORM app.defer_watch_check(p_team_id);
    RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION app.ask_watch_check TO cairn_app, cairn_engine;

-- The same for every team in which somebody watches; with p_daily for those that were not asked today.
CREATE FUNCTION app.ask_watch_checks(p_cause text, p_daily boolean) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    v_team_id text;
    asked integer := 0;
BEGIN
    FOR v_team_id IN
        SELECT DISTINCT w.team_id
        FROM app.watch w
        LEFT JOIN app.watch_check c ON c.team_id = w.team_id
        WHERE w.stopped_at IS NULL AND (NOT p_daily OR c.daily_on IS DISTINCT FROM today)
        ORDER BY 1
    LOOP
        PERFORM app.ask_watch_check(v_team_id, p_cause);
        IF p_daily THEN
            UPDATE app.watch_check c SET daily_on = today WHERE c.team_id = v_team_id;
        END IF;
        asked := asked + 1;
    END LOOP;
    RETURN asked;
END $$;
GRANT EXECUTE ON FUNCTION app.ask_watch_checks TO cairn_engine;

-- A question that a colleague is asked. The question itself is withdrawn from the interview, which goes on, and
-- becomes answered when the answer comes.
CREATE TABLE app.delegation (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    conversation_id text NOT NULL,
    question_id text NOT NULL,
    slot text NOT NULL,
    asked_of text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reminders integer NOT NULL DEFAULT 0,
    reminded_at timestamptz,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'withdrawn')),
    closed_at timestamptz,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE,
    FOREIGN KEY (team_id, question_id) REFERENCES app.question ON DELETE CASCADE,
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CHECK ((reminders > 0) = (reminded_at IS NOT NULL))
);
-- One person is asked one thing at a time.
CREATE UNIQUE INDEX delegation_open ON app.delegation (team_id, conversation_id, slot) WHERE state = 'open';
CREATE INDEX delegation_question ON app.delegation (team_id, question_id);
CALL app.protect('app.delegation', 'SELECT, INSERT, UPDATE, DELETE');
