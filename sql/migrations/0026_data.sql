-- The data of students: copies of what people dropped in threads and of what queries returned, and the databases that
-- may be asked.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

CREATE TABLE app.data_copy (
    team_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    -- Of the text, in hexadecimal.
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    -- What people call it: a file's name, or whose query it was.
    name text NOT NULL,
    -- The text in UTF-8, compressed by zlib.
    content bytea NOT NULL,
    -- What it holds, for forms and cards: rows, rows with outputs, labels.
    summary jsonb NOT NULL DEFAULT '{}',
    -- Where it was dropped or asked for; NULL at a shell.
    channel text,
    thread_ts text,
    -- Its conversation, with which it is forgotten.
    conversation_id text,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, id),
    UNIQUE NULLS NOT DISTINCT (team_id, sha256, channel, thread_ts),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE
);
-- It is compressed already.
ALTER TABLE app.data_copy ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX data_copy_conversation ON app.data_copy (team_id, conversation_id);
CREATE INDEX data_copy_kept_at ON app.data_copy (kept_at);
CALL app.protect('app.data_copy', 'SELECT, INSERT, UPDATE (name, summary, conversation_id, kept_at), DELETE');

-- A database that a team's students may learn from. Where it is and the login stand in the environment of the process
-- that asks it, never here.
CREATE TABLE app.data_database (
    team_id text NOT NULL,
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    registered_by text NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, name)
);
CALL app.protect('app.data_database', 'SELECT, INSERT, UPDATE, DELETE');

-- Delete copies older than p_before, of every team, p_at_most of them; return how many. Runs have their own by then.
CREATE FUNCTION app.clear_old_data(p_before timestamptz, p_at_most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_cleared bigint;
BEGIN
    DELETE FROM app.data_copy d
    WHERE (d.team_id, d.id) IN (SELECT o.team_id, o.id FROM app.data_copy o WHERE o.kept_at < p_before LIMIT p_at_most);
    GET DIAGNOSTICS v_cleared = ROW_COUNT;
    RETURN v_cleared;
END $$;
GRANT EXECUTE ON FUNCTION app.clear_old_data TO cairn_engine;
