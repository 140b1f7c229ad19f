-- A proposal precedes a run; a run is a list of stages; a stage is one durable job.
SET lock_timeout = '4s';

CREATE TABLE app.proposal (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    conversation_id text,
    kind text NOT NULL,
    params jsonb NOT NULL,
    params_hash text NOT NULL,
    estimate jsonb NOT NULL,
    requested_by text NOT NULL,
    channel text,
    thread_ts text,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'denied', 'expired')),
    decided_by text,
    decided_at timestamptz,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation,
    CHECK ((state IN ('approved', 'denied')) = (decided_by IS NOT NULL))
);
CREATE INDEX proposal_pending ON app.proposal (expires_at) WHERE state = 'pending';
-- What was proposed never changes: an edit is a new proposal.
CALL app.protect(
    'app.proposal', 'SELECT, INSERT, UPDATE (state, decided_by, decided_at, reason)', 'SELECT');

CREATE TABLE app.run (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    proposal_id text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'running'
        CHECK (state IN ('running', 'done', 'failed', 'cancelled', 'needs_attention')),
    params jsonb NOT NULL,
    requested_by text NOT NULL,
    approved_by text NOT NULL,
    channel text,
    thread_ts text,
    error text,
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, proposal_id) REFERENCES app.proposal,
    -- A proposal approved twice starts one run.
    UNIQUE (team_id, proposal_id),
    CHECK ((state IN ('running', 'needs_attention')) = (finished_at IS NULL))
);
CREATE INDEX run_newest ON app.run (team_id, created_at DESC);
CALL app.protect('app.run', 'SELECT, INSERT, UPDATE (state, error, result, finished_at)', 'SELECT');

CREATE TABLE app.stage (
    team_id text NOT NULL,
    run_id text NOT NULL,
    seq integer NOT NULL CHECK (seq >= 0),
    name text NOT NULL,
    queue text NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'waiting', 'running', 'done', 'failed', 'cancelled')),
    -- Raised by each claim; every later write carries it, so that a worker that lost its lease changes nothing.
    attempt integer NOT NULL DEFAULT 0,
    -- The attempt after which it has failed, so that a stage that takes its worker down does not do so for ever.
    -- A worker that hands over on purpose, and a person's retry, raise it.
    attempt_limit integer NOT NULL DEFAULT 10,
    owner text,
    lease_until timestamptz,
    job_id bigint,
    progress jsonb NOT NULL DEFAULT '{}',
    checkpoint jsonb NOT NULL DEFAULT '{}',
    result jsonb,
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (team_id, run_id, seq),
    FOREIGN KEY (team_id, run_id) REFERENCES app.run ON DELETE CASCADE,
    CHECK ((state = 'running') <= (lease_until IS NOT NULL AND owner IS NOT NULL))
);
CREATE INDEX stage_open ON app.stage (lease_until) WHERE state IN ('pending', 'running');
-- The engine's sweep looks for stages that no job points to; all else happens as the team.
CALL app.protect('app.stage', 'SELECT, INSERT, UPDATE', 'SELECT');

-- Refuse a change of state that is not among the trigger's arguments, each as 'from>to'.
CREATE FUNCTION app.check_move() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> NEW.state AND NOT (OLD.state || '>' || NEW.state) = ANY (TG_ARGV) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            MESSAGE = format('a %s does not go from %s to %s', TG_TABLE_NAME, OLD.state, NEW.state);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proposal_moves BEFORE UPDATE OF state ON app.proposal
FOR EACH ROW EXECUTE FUNCTION app.check_move('pending>approved', 'pending>denied', 'pending>expired');
CREATE TRIGGER run_moves BEFORE UPDATE OF state ON app.run
FOR EACH ROW EXECUTE FUNCTION app.check_move(
    'running>needs_attention', 'running>done', 'running>failed', 'running>cancelled',
    'needs_attention>running', 'needs_attention>failed', 'needs_attention>cancelled',
    'failed>running');
CREATE TRIGGER stage_moves BEFORE UPDATE OF state ON app.stage
FOR EACH ROW EXECUTE FUNCTION app.check_move(
    'pending>waiting', 'pending>running', 'pending>cancelled',
    'waiting>pending', 'waiting>done', 'waiting>cancelled',
    'running>pending', 'running>waiting', 'running>done', 'running>failed', 'running>cancelled',
    'failed>pending');

-- Withdraw a stage's job: one that waits is never fetched, and the worker of one in hand is told at once.
CREATE FUNCTION app.cancel_job(p_run_id text, p_seq integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted bigint;
BEGIN
    SELECT s.job_id INTO wanted FROM app.stage s
    WHERE s.team_id = app.current_team() AND s.run_id = p_run_id AND s.seq = p_seq;
    IF wanted IS NOT NULL THEN
        PERFORM procrastinate_cancel_job_v1(wanted, true, false);
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION app.cancel_job TO cairn_app;

-- Stages of running runs that nobody holds and no job points to, across teams: what a worker that was thawed, or a
-- queue that was emptied by hand, can leave behind.
CREATE FUNCTION app.stray_stages() RETURNS TABLE (team_id text, run_id text, seq integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT s.team_id, s.run_id, s.seq
    FROM app.stage s
    JOIN app.run r ON r.team_id = s.team_id AND r.id = s.run_id
    LEFT JOIN procrastinate_jobs j ON j.id = s.job_id
    WHERE r.state = 'running'
      AND (s.state = 'pending' OR (s.state = 'running' AND s.lease_until < now()))
      AND s.job_id IS NOT NULL
      AND (j.id IS NULL OR j.status NOT IN ('todo', 'doing'));
END $$;
GRANT EXECUTE ON FUNCTION app.stray_stages TO cairn_engine;
