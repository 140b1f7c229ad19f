-- Students: what distillation runs made, and which version each alias stands for.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

CREATE TABLE app.student (
    team_id text NOT NULL,
    name text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
    version integer NOT NULL CHECK (version > 0),
    run_id text NOT NULL,
    -- As agents/evaluation/tasks.py writes it, and the instructions that it was trained with.
    task jsonb NOT NULL,
    instructions text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('causal', 'encoder')),
    method text NOT NULL CHECK (method IN ('lora', 'qlora', 'full')),
    base text NOT NULL,
    base_fingerprint text NOT NULL,
    -- Of an adapter; NULL where all weights are the student's own.
    rank integer CHECK (rank > 0),
    -- Name in the run's artifacts to SHA-256.
    files jsonb NOT NULL CHECK (jsonb_typeof(files) = 'object' AND files <> '{}'),
    -- Scores by candidate, with intervals, and what the gate said.
    scores jsonb NOT NULL,
    passed boolean NOT NULL,
    -- Who let it pass all the same, and why.
    overridden_by text,
    override_reason text,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_by text,
    retired_at timestamptz,
    PRIMARY KEY (team_id, name, version),
    UNIQUE (team_id, run_id),
    FOREIGN KEY (team_id, run_id) REFERENCES app.run,
    CHECK (num_nonnulls(overridden_by, override_reason) IN (0, 2)),
    CHECK (num_nonnulls(retired_by, retired_at) IN (0, 2)),
    CHECK ((kind = 'causal' AND method <> 'full') = (rank IS NOT NULL))
);
CALL app.protect('app.student', 'SELECT, INSERT, UPDATE (retired_by, retired_at)');

-- Where an alias has pointed, the newest last: what it points to now is its newest move. Nothing is ever changed here, so
-- that going back is one more move.
CREATE TABLE app.alias_move (
    team_id text NOT NULL,
    alias text NOT NULL CHECK (alias ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
    n integer NOT NULL CHECK (n > 0),
    name text NOT NULL,
    -- NULL: it points to nothing any more.
    version integer,
    moved_by text NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text NOT NULL DEFAULT '',
    event_key text,
    PRIMARY KEY (team_id, alias, n),
    FOREIGN KEY (team_id, name, version) REFERENCES app.student
);
CALL app.protect('app.alias_move', 'SELECT, INSERT');

-- What a server of models serves for a team, as the worker beside it saw it last.
CREATE TABLE app.served (
    team_id text NOT NULL,
    -- Where it answers.
    server text NOT NULL,
    -- What callers name.
    served_as text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    -- Why it is not served; NULL where it is.
    error text,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, server, served_as),
    FOREIGN KEY (team_id, name, version) REFERENCES app.student
);
CALL app.protect('app.served', 'SELECT, INSERT, UPDATE, DELETE');

-- The teams that have aliases, for the workers that keep a server.
CREATE FUNCTION app.teams_with_students() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT DISTINCT m.team_id FROM app.alias_move m
$$;
GRANT EXECUTE ON FUNCTION app.teams_with_students TO cairn_engine;

-- Who keeps a server listens for 'student:team'.
CREATE FUNCTION app.tell_student() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('student', NEW.team_id); RETURN NULL; END $$;
CREATE TRIGGER alias_move_tells AFTER INSERT ON app.alias_move
FOR EACH ROW EXECUTE FUNCTION app.tell_student();
