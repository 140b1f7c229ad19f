-- Prices: what public lists said and when, what teams pay themselves, and the throughput that they measured.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

-- The lists that are fetched. Public prices belong to no team and hold nothing of one: the app reads them, the engine
-- writes them.
CREATE TABLE app.price_source (
    name text PRIMARY KEY,
    -- When somebody last set out to fetch it, which keeps others from doing so as well.
    tried_at timestamptz NOT NULL,
    -- Why the last try brought nothing; NULL where it did.
    error text,
    fetched_at timestamptz,
    version text,
    -- Lists that were kept. It only grows, so that whoever holds prices sees that there are newer ones.
    fetches bigint NOT NULL DEFAULT 0,
    CHECK ((fetched_at IS NULL) = (version IS NULL))
);
GRANT SELECT ON app.price_source TO cairn_app;
GRANT SELECT, INSERT, UPDATE ON app.price_source TO cairn_engine;

-- One row for as long as a price stayed the same; the one with the newest first_at is the last known. Where last_at is
-- before the newest fetch, the list no longer has it.
CREATE TABLE app.listed_price (
    source text NOT NULL REFERENCES app.price_source,
    kind text NOT NULL CHECK (kind IN ('model', 'gpu')),
    name text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    version text NOT NULL,
    price jsonb NOT NULL,
    PRIMARY KEY (source, kind, name, first_at),
    CHECK (last_at >= first_at)
);
GRANT SELECT ON app.listed_price TO cairn_app;
GRANT SELECT, INSERT, UPDATE (last_at, version) ON app.listed_price TO cairn_engine;

-- What a team pays. A price that was replaced or removed stays as history.
CREATE TABLE app.own_price (
    team_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('model', 'gpu')),
    name text NOT NULL,
    -- As in a cost file: i, o, cr, cw, tier, i_hi, o_hi of a model; usd, lo, hi, mem, flops, bw of a GPU.
    price jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_by text,
    ended_at timestamptz,
    PRIMARY KEY (team_id, id),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX own_price_holds ON app.own_price (team_id, kind, name) WHERE ended_at IS NULL;
CALL app.protect('app.own_price', 'SELECT, INSERT, UPDATE (ended_by, ended_at)');

-- Throughput that a team measured, of serving or training a student on a kind of GPU; replaced ones stay as history.
CREATE TABLE app.measurement (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    kind text NOT NULL CHECK (kind IN ('serving', 'training')),
    student text NOT NULL,
    -- The precision it was served in, or the method it was trained by.
    variant text NOT NULL,
    gpu text NOT NULL,
    gpus integer NOT NULL CHECK (gpus > 0),
    -- What prices are made with: prefill, decode, context; or mfu, tokens_per_second.
    fit jsonb NOT NULL,
    -- What was measured, one object for each run.
    points jsonb NOT NULL DEFAULT '[]',
    source text NOT NULL,
    measured_on date NOT NULL,
    loaded_by text NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_by text,
    ended_at timestamptz,
    PRIMARY KEY (team_id, id),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX measurement_holds ON app.measurement (team_id, kind, student, variant, gpu) WHERE ended_at IS NULL;
CALL app.protect('app.measurement', 'SELECT, INSERT, UPDATE (ended_by, ended_at)');

-- Grows with each change of a team's prices and measurements, so that whoever holds them sees it in one row.
CREATE TABLE app.price_version (
    team_id text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 1
);
CALL app.protect('app.price_version', 'SELECT, INSERT, UPDATE (version)');

CREATE FUNCTION app.prices_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO app.price_version AS v (team_id) VALUES (NEW.team_id)
    ON CONFLICT (team_id) DO UPDATE SET version = v.version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER own_price_changed AFTER INSERT OR UPDATE ON app.own_price
FOR EACH ROW EXECUTE FUNCTION app.prices_changed();
CREATE TRIGGER measurement_changed AFTER INSERT OR UPDATE ON app.measurement
FOR EACH ROW EXECUTE FUNCTION app.prices_changed();
