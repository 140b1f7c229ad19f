-- name: ask
SELECT app.ask_watch_check(%(team_id)s, %(cause)s) AS is_watched;

-- name: ask_all
SELECT app.ask_watch_checks(%(cause)s, false) AS teams;

-- name: ask_daily
SELECT app.ask_watch_checks(%(cause)s, true) AS teams;

-- name: ask_one
-- Have the watch of one conversation checked.
UPDATE app.watch
SET due_because = %(cause)s
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s AND stopped_at IS NULL;

-- name: defer
SELECT app.defer_watch_check(%(team_id)s);

-- name: hold
-- Lock the team's row: whoever changes what verdicts rest on has committed, or waits for this transaction.
INSERT INTO app.watch_check AS c (team_id) VALUES (%(team_id)s)
ON CONFLICT (team_id) DO UPDATE SET asked = c.asked
RETURNING c.asked;

-- name: add
INSERT INTO app.watch (team_id, conversation_id, title, saved_by, basis, version, outlook, seen, checked_at,
    checked_because)
VALUES (%(team_id)s, %(conversation_id)s, %(title)s, %(who)s, %(basis)s, %(version)s, %(outlook)s, %(seen)s,
    clock_timestamp(), 'it was saved')
RETURNING id;

-- name: title
-- What was written first in the thread of a conversation, where that is still kept.
SELECT coalesce(
    (SELECT e.body->>'text' FROM app.slack_event e
     WHERE e.team_id = c.team_id AND e.channel = c.channel AND e.message_ts = c.thread_ts),
    (SELECT k.subject->>'text' FROM app.slack_sent s JOIN app.slack_card k USING (team_id, key)
     WHERE s.team_id = c.team_id AND s.ts = c.thread_ts AND k.kind = 'opening')) AS text
FROM app.conversation c
WHERE c.team_id = %(team_id)s AND c.id = %(conversation_id)s;

-- name: of_conversation
SELECT w.id, w.conversation_id, w.title, w.saved_by, w.saved_at, w.basis, w.since, w.flips, w.version, w.outlook,
    w.checked_at, w.checked_because, w.stopped_at, w.stopped_by
FROM app.watch w
WHERE w.team_id = %(team_id)s AND w.conversation_id = %(conversation_id)s AND w.stopped_at IS NULL;

-- name: get
SELECT w.id, w.conversation_id, w.title, w.saved_by, w.saved_at, w.basis, w.since, w.flips, w.version, w.outlook,
    w.checked_at, w.checked_because, w.stopped_at, w.stopped_by
FROM app.watch w
WHERE w.team_id = %(team_id)s AND w.id = %(id)s;

-- name: active
SELECT w.id, w.conversation_id, w.title, w.saved_by, w.saved_at, w.basis, w.since, w.flips, w.version, w.outlook,
    w.checked_at, w.checked_because, w.stopped_at, w.stopped_by
FROM app.watch w
WHERE w.team_id = %(team_id)s AND w.stopped_at IS NULL
ORDER BY w.saved_at DESC, w.id
LIMIT %(at_most)s;

-- name: find
SELECT w.id
FROM app.watch w
WHERE w.team_id = %(team_id)s AND w.stopped_at IS NULL AND starts_with(w.id, %(prefix)s)
ORDER BY w.saved_at DESC, w.id
LIMIT %(at_most)s;

-- name: due
-- Those that have not seen the newest request of the team, or have one of their own.
SELECT w.id, w.conversation_id
FROM app.watch w
JOIN app.watch_check c ON c.team_id = w.team_id
WHERE w.team_id = %(team_id)s AND w.stopped_at IS NULL AND (w.seen < c.asked OR w.due_because IS NOT NULL)
ORDER BY w.seen, w.id
LIMIT %(at_most)s;

-- name: take
-- Lock a watch that is still due; the conversation is locked before it.
SELECT w.id, w.conversation_id, w.title, w.saved_by, w.saved_at, w.basis, w.since, w.flips, w.version, w.outlook,
    w.checked_at, w.checked_because, w.stopped_at, w.stopped_by,
    c.asked, CASE WHEN w.seen < c.asked THEN c.cause ELSE w.due_because END AS cause
FROM app.watch w
JOIN app.watch_check c ON c.team_id = w.team_id
WHERE w.team_id = %(team_id)s AND w.id = %(id)s AND w.stopped_at IS NULL
  AND (w.seen < c.asked OR w.due_because IS NOT NULL)
FOR UPDATE OF w;

-- name: checked
UPDATE app.watch
SET seen = greatest(seen, %(asked)s), due_because = NULL, checked_at = clock_timestamp(), checked_because = %(cause)s,
    version = %(version)s, outlook = coalesce(%(outlook)s::jsonb, outlook)
WHERE team_id = %(team_id)s AND id = %(id)s;

-- name: flipped
-- The next flip of a watch: its number is that of its reply.
UPDATE app.watch
SET flips = flips + 1, basis = %(basis)s,
    since = CASE WHEN %(is_verdict)s THEN clock_timestamp() ELSE since END
WHERE team_id = %(team_id)s AND id = %(id)s
RETURNING flips AS n;

-- name: add_flip
INSERT INTO app.watch_flip (team_id, watch_id, n, was, became, because)
VALUES (%(team_id)s, %(id)s, %(n)s, %(was)s, %(became)s, %(because)s);

-- name: flip
SELECT f.watch_id, f.n, f.was, f.became, f.because, f.at, w.conversation_id, w.title, w.stopped_at, w.stopped_by
FROM app.watch_flip f
JOIN app.watch w ON w.team_id = f.team_id AND w.id = f.watch_id
WHERE f.team_id = %(team_id)s AND f.watch_id = %(id)s AND f.n = %(n)s;

-- name: stop
UPDATE app.watch
SET stopped_at = clock_timestamp(), stopped_by = %(who)s
WHERE team_id = %(team_id)s AND id = %(id)s AND stopped_at IS NULL
RETURNING flips;
