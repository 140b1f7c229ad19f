-- What costs money or is visible outside: each submission written down before it is made, and what may be spent.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

-- One submission of something outside. A generation is one call: it is written as `intent` and committed before the
-- call, and nothing but its own generation fences what the call brought, so that no external id is ever lost. A new
-- generation follows only where the last one surely did nothing, or where a person approved a second submission.
CREATE TABLE app.effect (
    team_id text NOT NULL,
    run_id text NOT NULL,
    -- What the stage calls it; its own within the run.
    key text NOT NULL,
    generation integer NOT NULL DEFAULT 1 CHECK (generation > 0),
    -- Whose account of what exists would name it, such as 'anthropic_batch'.
    kind text NOT NULL,
    -- refused: surely nothing happened. abandoned: a person gave it up, or its run was cancelled; what it may have
    -- made outside is nobody's.
    state text NOT NULL DEFAULT 'intent' CHECK (state IN ('intent', 'done', 'unclear', 'refused', 'abandoned')),
    request jsonb NOT NULL,
    request_hash text NOT NULL,
    external_id text,
    result jsonb NOT NULL DEFAULT '{}',
    -- It goes on outside after the call, until the stage says that it is over.
    is_open boolean NOT NULL DEFAULT false,
    -- Who recognised it afterwards, where the call's own answer was lost.
    adopted_by text,
    error text,
    seq integer NOT NULL,
    attempt integer NOT NULL,
    intended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    PRIMARY KEY (team_id, run_id, key, generation),
    FOREIGN KEY (team_id, run_id, seq) REFERENCES app.stage ON DELETE CASCADE,
    CHECK ((state = 'done') = (external_id IS NOT NULL)),
    CHECK ((state IN ('intent', 'unclear')) = (ended_at IS NULL))
);
CREATE INDEX effect_external ON app.effect (kind, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX effect_unsettled ON app.effect (kind) WHERE state IN ('intent', 'unclear', 'abandoned');
CREATE INDEX effect_open ON app.effect (team_id) WHERE is_open OR state IN ('intent', 'unclear');
-- What was asked for never changes.
CALL app.protect(
    'app.effect',
    'SELECT, INSERT, UPDATE (state, external_id, result, is_open, adopted_by, error, ended_at)');
CREATE TRIGGER effect_moves BEFORE UPDATE OF state ON app.effect
FOR EACH ROW EXECUTE FUNCTION app.check_move(
    'intent>done', 'intent>unclear', 'intent>refused', 'intent>abandoned',
    'unclear>done', 'unclear>refused', 'unclear>abandoned',
    -- A call that was given up can come back after all.
    'abandoned>done', 'abandoned>refused');

-- What a team's admins allow; no row means no limit. 'run' is the most that any one run may spend.
CREATE TABLE app.budget (
    team_id text NOT NULL,
    scope text NOT NULL CHECK (scope IN ('run', 'day', 'workspace')),
    limit_usd numeric(16, 6) NOT NULL CHECK (limit_usd >= 0 AND limit_usd <> 'NaN'),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, scope)
);
CALL app.protect('app.budget', 'SELECT, INSERT, UPDATE (limit_usd, set_by, set_at), DELETE');

-- What was approved for one run: the high end of its estimate, and what was added in its middle.
CREATE TABLE app.run_budget (
    team_id text NOT NULL,
    run_id text NOT NULL,
    approved_usd numeric(16, 6) NOT NULL CHECK (approved_usd >= 0 AND approved_usd <> 'NaN'),
    PRIMARY KEY (team_id, run_id),
    FOREIGN KEY (team_id, run_id) REFERENCES app.run ON DELETE CASCADE
);
CALL app.protect('app.run_budget', 'SELECT, INSERT, UPDATE (approved_usd)');

-- Money: reserved before a call, then spent or released. It counts on the day on which it was reserved.
CREATE TABLE app.spend (
    team_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    run_id text NOT NULL,
    effect_key text NOT NULL,
    generation integer NOT NULL DEFAULT 1,
    state text NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'spent', 'released')),
    reserved_usd numeric(16, 6) NOT NULL CHECK (reserved_usd >= 0 AND reserved_usd <> 'NaN'),
    actual_usd numeric(16, 6) CHECK (actual_usd >= 0 AND actual_usd <> 'NaN'),
    -- Where the actual figure is from: 'reported' by the call or its stage, or 'assumed', which is all that was
    -- reserved, where nobody knows.
    source text CHECK (source IN ('reported', 'assumed')),
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, id),
    UNIQUE (team_id, run_id, effect_key, generation),
    FOREIGN KEY (team_id, run_id) REFERENCES app.run ON DELETE CASCADE,
    CHECK ((state = 'spent') = (actual_usd IS NOT NULL AND source IS NOT NULL))
);
CREATE INDEX spend_period ON app.spend (team_id, at);
CALL app.protect('app.spend', 'SELECT, INSERT, UPDATE (state, actual_usd, source)');
CREATE TRIGGER spend_moves BEFORE UPDATE OF state ON app.spend
FOR EACH ROW EXECUTE FUNCTION app.check_move('reserved>spent', 'reserved>released', 'spent>released');

-- What a team has spent and what is reserved, under each limit that there is; 'approved' is the run's own. A limit
-- of NULL means none. Days and months are those of UTC.
CREATE FUNCTION app.caps(p_team_id text, p_run_id text DEFAULT NULL)
RETURNS TABLE (scope text, limit_usd numeric, spent_usd numeric, reserved_usd numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
WITH period AS (
    SELECT date_trunc('month', now(), 'UTC') AS month, date_trunc('day', now(), 'UTC') AS day
), counted AS (
    SELECT s.run_id, s.at, s.actual_usd,
        CASE s.state WHEN 'reserved' THEN s.reserved_usd END AS reserved_usd
    FROM app.spend s, period
    WHERE s.team_id = p_team_id AND s.state <> 'released' AND (s.at >= period.month OR s.run_id = p_run_id)
), summed AS (
    SELECT w.scope, coalesce(sum(c.actual_usd), 0) AS spent_usd, coalesce(sum(c.reserved_usd), 0) AS reserved_usd
    FROM (VALUES ('workspace'), ('day'), ('run'), ('approved')) w (scope)
    CROSS JOIN period
    LEFT JOIN counted c ON CASE w.scope
        WHEN 'workspace' THEN c.at >= period.month
        WHEN 'day' THEN c.at >= period.day
        ELSE c.run_id = p_run_id
    END
    GROUP BY w.scope
)
SELECT m.scope, coalesce(b.limit_usd, r.approved_usd), m.spent_usd, m.reserved_usd
FROM summed m
LEFT JOIN app.budget b ON b.team_id = p_team_id AND b.scope = m.scope
LEFT JOIN app.run_budget r ON r.team_id = p_team_id AND r.run_id = p_run_id AND m.scope = 'approved'
WHERE m.scope <> 'approved' OR p_run_id IS NOT NULL
$$;
GRANT EXECUTE ON FUNCTION app.caps TO cairn_app;

-- Reserve money for a call, or say why not: 'halt', or the limit that it would pass. The limits that only an admin
-- may raise come first, since an approval of more for the run alone would not help there.
CREATE FUNCTION app.reserve(
    p_team_id text, p_run_id text, p_key text, p_generation integer, p_usd numeric, p_approved_usd numeric
) RETURNS TABLE (spend_id bigint, refused_by text, limit_usd numeric, spent_usd numeric, reserved_usd numeric)
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    cap record;
    made bigint;
BEGIN
    -- One reservation of a team at a time: each sees what the others took. Held until the transaction ends.
    PERFORM pg_advisory_xact_lock(hashtextextended('cairn budget ' || p_team_id, 0));
    IF app.is_halted(p_team_id) THEN
        RETURN QUERY SELECT NULL::bigint, 'halt', NULL::numeric, NULL::numeric, NULL::numeric;
        RETURN;
    END IF;
    INSERT INTO app.run_budget (team_id, run_id, approved_usd) VALUES (p_team_id, p_run_id, p_approved_usd)
    ON CONFLICT DO NOTHING;
    SELECT c.scope, c.limit_usd, c.spent_usd, c.reserved_usd INTO cap
    FROM app.caps(p_team_id, p_run_id) c
    WHERE c.spent_usd + c.reserved_usd + p_usd > c.limit_usd
    ORDER BY c.scope = 'approved', c.limit_usd - c.spent_usd - c.reserved_usd
    LIMIT 1;
    IF FOUND THEN
        RETURN QUERY SELECT NULL::bigint, cap.scope, cap.limit_usd, cap.spent_usd, cap.reserved_usd;
        RETURN;
    END IF;
    INSERT INTO app.spend (team_id, run_id, effect_key, generation, reserved_usd)
    VALUES (p_team_id, p_run_id, p_key, p_generation, p_usd)
    RETURNING id INTO made;
    RETURN QUERY SELECT made, NULL::text, NULL::numeric, NULL::numeric, NULL::numeric;
END $$;
GRANT EXECUTE ON FUNCTION app.reserve TO cairn_app;

-- What keeps a thing that was found outside from being taken for this effect's own: ids that an effect of any team
-- has, and how many other calls of the kind may have made it. One statement, so that a call which is recorded
-- meanwhile counts on one side or the other. Teams may share an account, hence across them; it tells of ids that
-- the caller already knows, and a number.
CREATE FUNCTION app.effect_rivals(p_kind text, p_ids text[], p_run_id text, p_key text, p_generation integer)
RETURNS TABLE (claimed text[], rivals bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH own AS (
    SELECT e.team_id, e.intended_at FROM app.effect e
    WHERE e.team_id = app.current_team() AND e.run_id = p_run_id AND e.key = p_key AND e.generation = p_generation
)
SELECT
    ARRAY(SELECT DISTINCT e.external_id FROM app.effect e WHERE e.kind = p_kind AND e.external_id = ANY (p_ids)),
    (SELECT count(*) FROM app.effect e, own
     WHERE e.kind = p_kind
       AND (e.team_id, e.run_id, e.key, e.generation)
           IS DISTINCT FROM (own.team_id, p_run_id, p_key, p_generation)
       AND (e.state IN ('intent', 'unclear')
            -- A call may outlast its being given up by as much as a worker waits for one.
            OR (e.state = 'abandoned' AND e.ended_at > own.intended_at - interval '1 minute')))
$$;
GRANT EXECUTE ON FUNCTION app.effect_rivals TO cairn_app;

-- With its stage an unsettled effect is given up. Nobody knows whether it cost anything, so all of it counts. On the
-- stage and not on the run: who writes an intent holds the stage's row, so that none slips in behind this.
CREATE FUNCTION app.abandon_effects() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE app.spend s SET state = 'spent', actual_usd = s.reserved_usd, source = 'assumed'
    FROM app.effect e
    WHERE e.team_id = NEW.team_id AND e.run_id = NEW.run_id AND e.seq = NEW.seq AND e.state IN ('intent', 'unclear')
      AND s.team_id = e.team_id AND s.run_id = e.run_id AND s.effect_key = e.key AND s.generation = e.generation
      AND s.state = 'reserved';
    UPDATE app.effect e SET state = 'abandoned', ended_at = clock_timestamp()
    WHERE e.team_id = NEW.team_id AND e.run_id = NEW.run_id AND e.seq = NEW.seq AND e.state IN ('intent', 'unclear');
    RETURN NULL;
END $$;
CREATE TRIGGER stage_abandons_effects AFTER UPDATE OF state ON app.stage
FOR EACH ROW WHEN (NEW.state = 'cancelled' AND OLD.state <> 'cancelled') EXECUTE FUNCTION app.abandon_effects();
