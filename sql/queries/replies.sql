-- name: begin
-- Add the card of a reply that is about to be streamed, unless it exists or one of its thread waits to be posted.
INSERT INTO app.slack_card (team_id, key, channel, thread_ts, kind, subject)
SELECT %(team_id)s, %(key)s, %(channel)s, %(thread_ts)s, 'say', %(subject)s
WHERE NOT EXISTS (
    SELECT
    FROM app.slack_card c
    JOIN app.slack_sent s USING (team_id, key)
    WHERE c.team_id = %(team_id)s AND c.channel = %(channel)s AND c.thread_ts = %(thread_ts)s
      AND c.ephemeral_user IS NULL AND s.ts IS NULL AND s.wanted_version > s.sent_version
)
ON CONFLICT (team_id, key) DO NOTHING;

-- name: claim
-- Claim the card that was just added, in the same transaction, as a poster would: no other sends it meanwhile.
UPDATE app.slack_sent
SET claimed_until = clock_timestamp() + make_interval(secs => %(claim_s)s), posting_since = now(), made = %(made)s
WHERE team_id = %(team_id)s AND key = %(key)s
RETURNING claimed_until;

-- name: stands
SELECT FROM app.slack_card c WHERE c.team_id = %(team_id)s AND c.key = %(key)s;

-- name: keep
-- Renew the claim, with what is known of the messages; no row where another has taken the card.
UPDATE app.slack_sent
SET claimed_until = clock_timestamp() + make_interval(secs => %(claim_s)s),
    ts = coalesce(ts, %(ts)s),
    made = made || %(made)s
WHERE team_id = %(team_id)s AND key = %(key)s AND claimed_until = %(claimed_until)s
RETURNING claimed_until;

-- name: grow
-- Renew the claim, with the text that is about to stand in Slack; no row where another has taken the card.
WITH mine AS (
    UPDATE app.slack_sent
    SET claimed_until = clock_timestamp() + make_interval(secs => %(claim_s)s), made = made || %(made)s
    WHERE team_id = %(team_id)s AND key = %(key)s AND claimed_until = %(claimed_until)s
    RETURNING team_id, key, claimed_until
)
UPDATE app.slack_card c
SET subject = %(subject)s, version = c.version + 1
FROM mine
WHERE c.team_id = mine.team_id AND c.key = mine.key
RETURNING c.version, mine.claimed_until;

-- name: settle
-- The version stands in Slack as a whole: give the claim back, and let the thread's next card go out.
WITH settled AS (
    UPDATE app.slack_sent
    SET sent_version = %(version)s, posting_since = NULL, claimed_until = NULL, failures = 0, error = NULL,
        made = made || %(made)s
    WHERE team_id = %(team_id)s AND key = %(key)s AND claimed_until = %(claimed_until)s
    RETURNING key
)
SELECT pg_notify('slack_card', '') FROM settled;

-- name: release
-- Give the claim back before the reply stands as a whole: a poster brings it to what its card says.
WITH released AS (
    UPDATE app.slack_sent
    SET claimed_until = NULL
    WHERE team_id = %(team_id)s AND key = %(key)s AND claimed_until = %(claimed_until)s
    RETURNING key
)
SELECT pg_notify('slack_card', '') FROM released;

-- name: people
-- Who takes part in a thread: whoever wrote or pressed something in it, and the colleagues who were asked there.
SELECT e.user_id AS who
FROM app.slack_event e
WHERE e.team_id = %(team_id)s AND e.channel = %(channel)s AND e.thread_ts = %(thread_ts)s
UNION
SELECT d.asked_of
FROM app.conversation c
JOIN app.delegation d ON d.team_id = c.team_id AND d.conversation_id = c.id
WHERE c.team_id = %(team_id)s AND c.channel = %(channel)s AND c.thread_ts = %(thread_ts)s;
