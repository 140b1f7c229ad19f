-- What runs leave, files and lines of a log, and the word that something of a run changed.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

-- The content lies elsewhere, under a key made of what it is; here is that a stage saved it, and when.
CREATE TABLE app.artifact (
    team_id text NOT NULL,
    run_id text NOT NULL,
    -- A name saved again is a newer version of it; the older ones stay.
    name text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    seq integer NOT NULL,
    attempt integer NOT NULL,
    -- Where artifacts were kept when it was saved, as a URL.
    place text NOT NULL,
    key text NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    -- The one worker that reaches the place; NULL where all of them do.
    host text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, run_id, name, version),
    FOREIGN KEY (team_id, run_id, seq) REFERENCES app.stage ON DELETE CASCADE
);
CALL app.protect('app.artifact', 'SELECT, INSERT');

-- The first lines of a stage and its last ones; what is in between is cleared away, see logs.trim.
CREATE TABLE app.stage_log (
    team_id text NOT NULL,
    run_id text NOT NULL,
    seq integer NOT NULL,
    attempt integer NOT NULL,
    -- Counted within the attempt, also those that were left out.
    n integer NOT NULL CHECK (n >= 0),
    at timestamptz NOT NULL,
    level text NOT NULL CHECK (level IN ('info', 'warning', 'error')),
    line text NOT NULL CHECK (length(line) <= 2000),
    PRIMARY KEY (team_id, run_id, seq, attempt, n),
    FOREIGN KEY (team_id, run_id, seq) REFERENCES app.stage ON DELETE CASCADE
);
CALL app.protect('app.stage_log', 'SELECT, INSERT, DELETE');

-- Whoever follows runs listens for 'team:run'. Within one transaction Postgres tells the same only once.
CREATE FUNCTION app.tell_run() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('run', NEW.team_id || ':' || NEW.id); RETURN NULL; END $$;
CREATE TRIGGER run_tells AFTER INSERT OR UPDATE ON app.run
FOR EACH ROW EXECUTE FUNCTION app.tell_run();

CREATE FUNCTION app.tell_stage() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('run', NEW.team_id || ':' || NEW.run_id); RETURN NULL; END $$;
-- A beat that brings no news, and a checkpoint, are no change that anybody would look at.
CREATE TRIGGER stage_tells AFTER UPDATE ON app.stage
FOR EACH ROW WHEN (
    OLD.state IS DISTINCT FROM NEW.state OR OLD.attempt IS DISTINCT FROM NEW.attempt
    OR OLD.progress IS DISTINCT FROM NEW.progress OR OLD.waits_for IS DISTINCT FROM NEW.waits_for)
EXECUTE FUNCTION app.tell_stage();
CREATE TRIGGER artifact_tells AFTER INSERT ON app.artifact
FOR EACH ROW EXECUTE FUNCTION app.tell_stage();

-- Lines come in batches.
CREATE FUNCTION app.tell_log() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('run', a.team_id || ':' || a.run_id) FROM (SELECT DISTINCT team_id, run_id FROM added) a;
    RETURN NULL;
END $$;
CREATE TRIGGER stage_log_tells AFTER INSERT ON app.stage_log
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION app.tell_log();
