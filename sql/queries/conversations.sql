-- name: open
-- The conversation of a thread, made where there is none; `is_new` says which.
INSERT INTO app.conversation (team_id, channel, thread_ts, started_by)
VALUES (%(team_id)s, %(channel)s, %(thread_ts)s, %(started_by)s)
ON CONFLICT (team_id, channel, thread_ts) DO UPDATE SET updated_at = now()
RETURNING id, channel, thread_ts, started_by, created_at, xmax = 0 AS is_new;

-- name: load
SELECT id, channel, thread_ts, started_by, created_at, false AS is_new
FROM app.conversation
WHERE team_id = %(team_id)s AND id = %(id)s;

-- name: lock
-- Hold the conversation until the transaction ends, so that answers and the question they open change together.
SELECT id
FROM app.conversation
WHERE team_id = %(team_id)s AND id = %(id)s
FOR UPDATE;

-- name: ask
INSERT INTO app.question (team_id, conversation_id, slot)
VALUES (%(team_id)s, %(conversation_id)s, %(slot)s)
RETURNING id, slot, status, fact_id;

-- name: open_question
SELECT id, slot, status, fact_id
FROM app.question
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s AND status = 'open';

-- name: question
SELECT id, slot, status, fact_id
FROM app.question
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s AND id = %(id)s;

-- name: close_question
UPDATE app.question
SET status = CASE WHEN %(fact_id)s::bigint IS NULL THEN 'withdrawn' ELSE 'answered' END,
    fact_id = %(fact_id)s,
    closed_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(id)s AND status = 'open';
