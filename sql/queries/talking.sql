-- name: refusal
SELECT r.scope, r.limit_usd, r.spent_usd, r.reserved_usd
FROM app.talk_refusal(%(team_id)s, %(conversation_id)s, %(user_id)s, %(usd)s, %(defaults)s) r;

-- name: begin
INSERT INTO app.model_call (
    team_id, conversation_id, user_id, turn_id, step, model, purpose, request_tokens, max_tokens, reserved_usd,
    price_source, price_as_of)
VALUES (
    %(team_id)s, %(conversation_id)s, %(user_id)s, %(turn_id)s, %(step)s, %(model)s, %(purpose)s,
    %(request_tokens)s, %(max_tokens)s, %(usd)s, %(price_source)s, %(price_as_of)s)
RETURNING id;

-- name: not_made
-- A call that a limit kept from being made: it used nothing and costs nothing.
INSERT INTO app.model_call (
    team_id, conversation_id, user_id, turn_id, step, model, purpose, request_tokens, max_tokens, input_tokens,
    cache_read_tokens, cache_write_tokens, output_tokens, reserved_usd, actual_usd, price_source, price_as_of, failure,
    ended_at)
VALUES (
    %(team_id)s, %(conversation_id)s, %(user_id)s, %(turn_id)s, %(step)s, %(model)s, %(purpose)s,
    %(request_tokens)s, %(max_tokens)s, 0, 0, 0, 0, 0, 0, %(price_source)s, %(price_as_of)s, 'budget',
    clock_timestamp());

-- name: of_call
SELECT c.model
FROM app.model_call c
WHERE c.team_id = %(team_id)s AND c.id = %(call_id)s AND c.ended_at IS NULL;

-- name: settle
UPDATE app.model_call
SET input_tokens = %(input_tokens)s, cache_read_tokens = %(cache_read_tokens)s,
    cache_write_tokens = %(cache_write_tokens)s, output_tokens = %(output_tokens)s, actual_usd = %(actual_usd)s,
    price_source = coalesce(%(price_source)s, price_source), price_as_of = coalesce(%(price_as_of)s, price_as_of),
    stop_reason = %(stop_reason)s, failure = %(failure)s, refusal_category = %(refusal_category)s,
    ended_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(call_id)s AND ended_at IS NULL;

-- name: drop_old
DELETE FROM app.model_call
WHERE team_id = %(team_id)s AND started_at < now() - %(kept)s::interval;

-- name: caps
SELECT c.scope, c.limit_usd, c.spent_usd, c.reserved_usd
FROM app.talk_caps(%(team_id)s, %(conversation_id)s::text, %(user_id)s::text, %(defaults)s) c
ORDER BY array_position(ARRAY['thread', 'user', 'day', 'workspace'], c.scope);

-- name: usage
-- What talking used in this day and this calendar month (UTC), of all threads or one, of everybody or one person. A
-- turn whose last call failed was answered without a model.
WITH period (name, since) AS (
    VALUES ('day', date_trunc('day', now(), 'UTC')), ('month', date_trunc('month', now(), 'UTC'))
), counted AS (
    SELECT p.name, c.id, c.turn_id, c.failure, c.refusal_category, c.input_tokens, c.cache_read_tokens,
        c.cache_write_tokens, c.output_tokens, c.actual_usd,
        CASE WHEN c.actual_usd IS NULL THEN c.reserved_usd END AS reserved_usd
    FROM period p
    JOIN app.model_call c ON c.team_id = %(team_id)s AND c.started_at >= p.since
    WHERE (%(conversation_id)s::text IS NULL OR c.conversation_id = %(conversation_id)s)
      AND (%(user_id)s::text IS NULL OR c.user_id = %(user_id)s)
), ended AS (
    SELECT DISTINCT ON (c.name, c.turn_id) c.name, c.turn_id, c.failure
    FROM counted c
    ORDER BY c.name, c.turn_id, c.id DESC
), turned AS (
    SELECT e.name, count(*) AS turns, count(*) FILTER (WHERE e.failure IS NOT NULL) AS degraded_turns
    FROM ended e
    GROUP BY e.name
), refused AS (
    SELECT r.name, jsonb_object_agg(r.category, r.n) AS refusals
    FROM (
        SELECT c.name, coalesce(c.refusal_category, 'unnamed') AS category, count(*) AS n
        FROM counted c
        WHERE c.failure = 'refused'
        GROUP BY c.name, coalesce(c.refusal_category, 'unnamed')
    ) r
    GROUP BY r.name
), summed AS (
    SELECT c.name, count(*) FILTER (WHERE c.failure IS DISTINCT FROM 'budget') AS calls,
        sum(c.input_tokens) AS input_tokens, sum(c.cache_read_tokens) AS cache_read_tokens,
        sum(c.cache_write_tokens) AS cache_write_tokens, sum(c.output_tokens) AS output_tokens,
        sum(c.actual_usd) AS spent_usd, sum(c.reserved_usd) AS reserved_usd
    FROM counted c
    GROUP BY c.name
)
SELECT p.name, coalesce(s.calls, 0) AS calls, coalesce(s.input_tokens, 0)::bigint AS input_tokens,
    coalesce(s.cache_read_tokens, 0)::bigint AS cache_read_tokens,
    coalesce(s.cache_write_tokens, 0)::bigint AS cache_write_tokens,
    coalesce(s.output_tokens, 0)::bigint AS output_tokens,
    coalesce(s.spent_usd, 0) AS spent_usd, coalesce(s.reserved_usd, 0) AS reserved_usd,
    coalesce(t.turns, 0) AS turns, coalesce(t.degraded_turns, 0) AS degraded_turns,
    coalesce(r.refusals, '{}') AS refusals
FROM period p
LEFT JOIN summed s ON s.name = p.name
LEFT JOIN turned t ON t.name = p.name
LEFT JOIN refused r ON r.name = p.name
ORDER BY p.name;

-- name: lapse
-- The newest call of a model that ended. A refusal says nothing of the next message, and what a limit kept from being
-- made nothing of the model.
SELECT c.failure, c.ended_at
FROM app.model_call c
WHERE c.team_id = %(team_id)s AND c.model = %(model)s AND c.ended_at IS NOT NULL
  AND (c.failure IS NULL OR c.failure NOT IN ('refused', 'budget'))
ORDER BY c.started_at DESC, c.id DESC
LIMIT 1;

-- name: conversation_of
SELECT c.id
FROM app.conversation c
WHERE c.team_id = %(team_id)s AND c.channel = %(channel)s AND c.thread_ts = %(thread_ts)s;

-- name: budgets
SELECT b.scope, b.limit_usd, b.set_by, b.set_at
FROM app.talk_budget b
WHERE b.team_id = %(team_id)s;

-- name: set_budget
INSERT INTO app.talk_budget (team_id, scope, limit_usd, set_by)
VALUES (%(team_id)s, %(scope)s, %(limit_usd)s, %(who)s)
ON CONFLICT (team_id, scope) DO UPDATE
SET limit_usd = EXCLUDED.limit_usd, set_by = EXCLUDED.set_by, set_at = clock_timestamp();

-- name: remove_budget
DELETE FROM app.talk_budget
WHERE team_id = %(team_id)s AND scope = %(scope)s;

-- name: chosen
SELECT t.name, t.set_by, t.set_at
FROM app.talker_choice t
WHERE t.team_id = %(team_id)s;

-- name: choose
INSERT INTO app.talker_choice (team_id, name, set_by)
VALUES (%(team_id)s, %(name)s, %(who)s)
ON CONFLICT (team_id) DO UPDATE
SET name = EXCLUDED.name, set_by = EXCLUDED.set_by, set_at = clock_timestamp();

-- name: unchoose
DELETE FROM app.talker_choice
WHERE team_id = %(team_id)s;
