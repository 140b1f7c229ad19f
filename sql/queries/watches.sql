-- name: ask
SELECT app.ask_watch_check(%(team_id)s, %(cause)s) AS is_watched;

-- name: ask_all
SELECT app.ask_watch_checks(%(cause)s, false) AS teams;

-- name: ask_daily
SELECT app.ask_watch_checks(%(cause)s, true) AS teams;

-- name: hold
-- Lock the team's row: whoever changes what verdicts rest on has committed, or waits for this transaction.
INSERT INTO app.watch_check AS c (team_id) VALUES (%(team_id)s)
ON CONFLICT (team_id) DO UPDATE SET asked = c.asked
RETURNING c.asked;

-- name: ask_one
-- Have the watch of one conversation checked.
UPDATE app.watch
SET due_because = %(cause)s
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s AND stopped_at IS NULL;

-- name: defer
SELECT app.defer_watch_check(%(team_id)s);
