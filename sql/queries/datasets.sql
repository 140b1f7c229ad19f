-- name: keep
-- Keep a copy in a thread, once; the same content there again is the same copy, kept anew.
INSERT INTO app.data_copy AS d (team_id, sha256, name, content, summary, channel, thread_ts, conversation_id)
VALUES (
    %(team_id)s, %(sha256)s, %(name)s, %(content)s, %(summary)s, %(channel)s, %(thread_ts)s,
    coalesce(%(conversation_id)s, (
        SELECT c.id FROM app.conversation c
        WHERE c.team_id = %(team_id)s AND c.channel = %(channel)s AND c.thread_ts = %(thread_ts)s))
)
ON CONFLICT (team_id, sha256, channel, thread_ts) DO UPDATE
SET name = excluded.name, summary = excluded.summary, kept_at = clock_timestamp(),
    conversation_id = coalesce(excluded.conversation_id, d.conversation_id);

-- name: content
-- A copy by what it holds, wherever it was kept.
SELECT content FROM app.data_copy
WHERE team_id = %(team_id)s AND sha256 = %(sha256)s
LIMIT 1;

-- name: of_thread
-- What was dropped in a thread, or in that of a conversation, the newest first.
SELECT sha256, name, summary FROM app.data_copy
WHERE team_id = %(team_id)s AND summary <> '{}'
AND ((channel = %(channel)s AND thread_ts = %(thread_ts)s) OR conversation_id = %(conversation_id)s)
ORDER BY kept_at DESC
LIMIT %(at_most)s;

-- name: add_database
INSERT INTO app.data_database (team_id, name, registered_by)
VALUES (%(team_id)s, %(name)s, %(who)s)
ON CONFLICT (team_id, name) DO NOTHING;

-- name: databases
SELECT name FROM app.data_database WHERE team_id = %(team_id)s ORDER BY name;

-- name: clear_old
SELECT app.clear_old_data(now() - %(age)s::interval, %(at_most)s) AS cleared;
