-- What a run asks people in its middle, and the switch that stops a whole workspace.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

-- A stage that asks is `waiting` and its run `needs_attention` until a person has chosen.
CREATE TABLE app.stage_question (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    run_id text NOT NULL,
    seq integer NOT NULL,
    -- What is asked, such as 'effect' or 'budget': the code that takes the answer goes by it.
    kind text NOT NULL,
    -- For people: what is known, and what each choice means.
    text text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    choices jsonb NOT NULL CHECK (jsonb_array_length(choices) > 0),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'withdrawn')),
    choice text,
    value jsonb,
    answered_by text,
    answered_at timestamptz,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, run_id, seq) REFERENCES app.stage ON DELETE CASCADE,
    CHECK ((state = 'answered') = (choice IS NOT NULL AND answered_by IS NOT NULL AND answered_at IS NOT NULL))
);
-- A stage asks one thing at a time.
CREATE UNIQUE INDEX stage_question_open ON app.stage_question (team_id, run_id, seq) WHERE state = 'open';
CREATE INDEX stage_question_run ON app.stage_question (team_id, run_id);
-- What was asked never changes.
CALL app.protect(
    'app.stage_question', 'SELECT, INSERT, UPDATE (state, choice, value, answered_by, answered_at)', 'SELECT');
CREATE TRIGGER stage_question_moves BEFORE UPDATE OF state ON app.stage_question
FOR EACH ROW EXECUTE FUNCTION app.check_move('open>answered', 'open>withdrawn');

-- While a team has a row here nothing of it is approved, claimed or paid for.
CREATE TABLE app.halt (
    team_id text NOT NULL PRIMARY KEY,
    who text NOT NULL,
    reason text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL app.protect('app.halt', 'SELECT, INSERT, DELETE', 'SELECT');

CREATE FUNCTION app.is_halted(p_team_id text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT EXISTS (SELECT FROM app.halt h WHERE h.team_id = p_team_id)
$$;
GRANT EXECUTE ON FUNCTION app.is_halted TO cairn_app, cairn_engine;

-- As before, and of a halted team none: its stages wait for the switch, not for a worker.
CREATE OR REPLACE FUNCTION app.stray_stages() RETURNS TABLE (team_id text, run_id text, seq integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT s.team_id, s.run_id, s.seq
    FROM app.stage s
    JOIN app.run r ON r.team_id = s.team_id AND r.id = s.run_id
    LEFT JOIN procrastinate_jobs j ON j.id = s.job_id
    WHERE r.state = 'running'
      AND (s.state = 'pending' OR (s.state = 'running' AND s.lease_until < now()))
      AND s.job_id IS NOT NULL
      AND (j.id IS NULL OR j.status NOT IN ('todo', 'doing'))
      AND NOT app.is_halted(s.team_id);
END $$;

-- What a stage needs of the worker that takes it, as agents.runs.needs writes it.
ALTER TABLE app.stage
    ADD COLUMN needs jsonb NOT NULL DEFAULT '{}',
    -- Why no worker takes it up, for people; NULL while one may.
    ADD COLUMN waits_for text,
    -- The GPUs that the attempt in hand occupies.
    ADD COLUMN gpus text[] NOT NULL DEFAULT '{}';
-- 1 before 0 before -1; within the same, teams take turns.
ALTER TABLE app.run ADD COLUMN priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1 AND 1);
