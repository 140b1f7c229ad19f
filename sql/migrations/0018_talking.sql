-- What talking costs: each call of a model written down before it is made, what may be spent, and who talks.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

-- One call of a model that talks. The most that it can cost is reserved and committed before it is made; what it did
-- cost takes its place afterwards. A call whose process died, or whose cost nobody knows, keeps its reservation.
CREATE TABLE app.model_call (
    team_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    -- NULL once the conversation is forgotten; what it cost counts all the same.
    conversation_id text,
    user_id text NOT NULL,
    turn_id text NOT NULL,
    step integer NOT NULL CHECK (step >= 0),
    model text NOT NULL,
    -- rewrite: a sentence was withheld, and the reply is asked for once more.
    purpose text NOT NULL CHECK (purpose IN ('talk', 'rewrite')),
    -- The most that it can use.
    request_tokens bigint NOT NULL CHECK (request_tokens >= 0),
    max_tokens bigint NOT NULL CHECK (max_tokens >= 0),
    -- What it used. Input is what was neither read from the cache nor written to it.
    input_tokens bigint CHECK (input_tokens >= 0),
    cache_read_tokens bigint CHECK (cache_read_tokens >= 0),
    cache_write_tokens bigint CHECK (cache_write_tokens >= 0),
    output_tokens bigint CHECK (output_tokens >= 0),
    reserved_usd numeric(16, 6) NOT NULL CHECK (reserved_usd >= 0 AND reserved_usd <> 'NaN'),
    actual_usd numeric(16, 6) CHECK (actual_usd >= 0 AND actual_usd <> 'NaN'),
    -- The list of the price and its day, or 'self-hosted'.
    price_source text NOT NULL,
    price_as_of date,
    stop_reason text,
    -- The kind of ModelFailure; 'budget' is a call that was not made.
    failure text,
    refusal_category text,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE SET NULL (conversation_id),
    CHECK (num_nonnulls(input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, actual_usd) IN (0, 5)),
    CHECK (ended_at IS NOT NULL OR num_nonnulls(actual_usd, stop_reason, failure, refusal_category) = 0)
);
-- With what the limits count, so that they are summed from the index alone.
CREATE INDEX model_call_period ON app.model_call (team_id, started_at) INCLUDE (user_id, reserved_usd, actual_usd);
CREATE INDEX model_call_conversation ON app.model_call (team_id, conversation_id) INCLUDE (reserved_usd, actual_usd);
-- What a call was begun with never changes.
CALL app.protect(
    'app.model_call',
    'SELECT, INSERT, DELETE, UPDATE (input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, actual_usd, '
    'price_source, price_as_of, stop_reason, failure, refusal_category, ended_at)');

-- What a team's admins allow talking to cost: each thread, each person in a day, the workspace in a day and in a
-- calendar month. NULL is no limit; without a row the default holds, which is in agents/services/talk_limits.py.
CREATE TABLE app.talk_budget (
    team_id text NOT NULL,
    scope text NOT NULL CHECK (scope IN ('thread', 'user', 'day', 'workspace')),
    limit_usd numeric(16, 6) CHECK (limit_usd >= 0 AND limit_usd <> 'NaN'),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, scope)
);
CALL app.protect('app.talk_budget', 'SELECT, INSERT, UPDATE (limit_usd, set_by, set_at), DELETE');

-- Who talks in a workspace, where an admin has chosen; without a row whom the settings name.
CREATE TABLE app.talker_choice (
    team_id text PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL app.protect('app.talker_choice', 'SELECT, INSERT, UPDATE (name, set_by, set_at), DELETE');

-- What talking has cost and what is reserved, under each limit; a limit of NULL means none. A call counts on the day
-- on which it was begun; days and months are those of UTC. Of a thread or a person that is NULL nothing counts.
CREATE FUNCTION app.talk_caps(p_team_id text, p_conversation_id text, p_user_id text, p_defaults jsonb)
RETURNS TABLE (scope text, limit_usd numeric, spent_usd numeric, reserved_usd numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
WITH period AS (
    SELECT date_trunc('month', now(), 'UTC') AS month, date_trunc('day', now(), 'UTC') AS day
), recent AS (
    SELECT c.actual_usd,
        CASE WHEN c.actual_usd IS NULL THEN c.reserved_usd END AS reserved_usd,
        c.started_at >= period.day AS is_today,
        c.user_id = p_user_id AS is_own
    FROM app.model_call c, period
    WHERE c.team_id = p_team_id AND c.started_at >= period.month
), counted (scope, spent_usd, reserved_usd) AS (
    SELECT 'thread', sum(c.actual_usd), sum(c.reserved_usd) FILTER (WHERE c.actual_usd IS NULL)
    FROM app.model_call c
    WHERE c.team_id = p_team_id AND c.conversation_id = p_conversation_id
    UNION ALL
    SELECT scoped.scope, scoped.spent_usd, scoped.reserved_usd
    FROM (
        SELECT sum(r.actual_usd) AS month_spent, sum(r.reserved_usd) AS month_reserved,
            sum(r.actual_usd) FILTER (WHERE r.is_today) AS day_spent,
            sum(r.reserved_usd) FILTER (WHERE r.is_today) AS day_reserved,
            sum(r.actual_usd) FILTER (WHERE r.is_today AND r.is_own) AS own_spent,
            sum(r.reserved_usd) FILTER (WHERE r.is_today AND r.is_own) AS own_reserved
        FROM recent r
    ) s
    CROSS JOIN LATERAL (VALUES
        ('user', s.own_spent, s.own_reserved),
        ('day', s.day_spent, s.day_reserved),
        ('workspace', s.month_spent, s.month_reserved)
    ) scoped (scope, spent_usd, reserved_usd)
)
SELECT c.scope,
    CASE WHEN b.scope IS NULL THEN (p_defaults->>c.scope)::numeric ELSE b.limit_usd END,
    coalesce(c.spent_usd, 0), coalesce(c.reserved_usd, 0)
FROM counted c
LEFT JOIN app.talk_budget b ON b.team_id = p_team_id AND b.scope = c.scope
$$;
GRANT EXECUTE ON FUNCTION app.talk_caps TO cairn_app;

-- Return what keeps a call from being made: 'halt', or the limit that it would pass by most; no row where nothing does.
-- One call of a team at a time until the transaction ends, in which the caller writes it down.
CREATE FUNCTION app.talk_refusal(
    p_team_id text, p_conversation_id text, p_user_id text, p_usd numeric, p_defaults jsonb
) RETURNS TABLE (scope text, limit_usd numeric, spent_usd numeric, reserved_usd numeric)
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    -- What costs nothing is kept by no limit.
    IF p_usd = 0 THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('cairn talking ' || p_team_id, 0));
    IF app.is_halted(p_team_id) THEN
        RETURN QUERY SELECT 'halt', NULL::numeric, 0::numeric, 0::numeric;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT c.scope, c.limit_usd, c.spent_usd, c.reserved_usd
        FROM app.talk_caps(p_team_id, p_conversation_id, p_user_id, p_defaults) c
        WHERE c.spent_usd + c.reserved_usd + p_usd > c.limit_usd
        ORDER BY c.limit_usd - c.spent_usd - c.reserved_usd
        LIMIT 1;
END $$;
GRANT EXECUTE ON FUNCTION app.talk_refusal TO cairn_app;
