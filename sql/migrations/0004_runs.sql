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
CALL app.protect('app.proposal', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');

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
CALL app.protect('app.run', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');

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
CALL app.protect('app.stage', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');
