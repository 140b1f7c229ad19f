-- name: receive
-- Store the event and defer its turn, once; a plain channel message only in a thread of Cairn's.
SELECT app.receive_event(
    %(team_id)s, %(key)s, %(kind)s, %(channel)s, %(thread_ts)s, %(message_ts)s, %(user_id)s, %(body)s,
    %(only_in_own_thread)s
) AS is_new;

-- name: begin
-- Count an attempt at an event that is not handled yet, and return it.
UPDATE app.slack_event
SET attempts = attempts + 1
WHERE team_id = %(team_id)s AND key = %(key)s AND handled_at IS NULL
RETURNING team_id, key, kind, channel, thread_ts, message_ts, user_id, body, received_at, attempts;

-- name: body_of
-- What somebody's event held.
SELECT body FROM app.slack_event WHERE team_id = %(team_id)s AND key = %(key)s AND user_id = %(user_id)s;

-- name: mark_handled
UPDATE app.slack_event
SET handled_at = now(), error = %(error)s
WHERE team_id = %(team_id)s AND key = %(key)s AND handled_at IS NULL;

-- name: conversation_of_thread
SELECT id
FROM app.conversation
WHERE team_id = %(team_id)s AND channel = %(channel)s AND thread_ts = %(thread_ts)s;

-- name: newest_conversation
-- The conversation that somebody started last in a channel.
SELECT id
FROM app.conversation
WHERE team_id = %(team_id)s AND channel = %(channel)s AND started_by = %(started_by)s
ORDER BY created_at DESC
LIMIT 1;
