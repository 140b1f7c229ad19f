-- name: upsert_card
-- Add a card, or say that what it shows has changed; the subject given last is the one shown.
INSERT INTO app.slack_card (team_id, key, channel, thread_ts, ephemeral_user, kind, subject)
VALUES (%(team_id)s, %(key)s, %(channel)s, %(thread_ts)s, %(ephemeral_user)s, %(kind)s, %(subject)s)
ON CONFLICT (team_id, key) DO UPDATE
SET subject = EXCLUDED.subject, version = slack_card.version + 1;

-- name: touch_card
-- Say that what a card shows has changed, where there is such a card.
UPDATE app.slack_card
SET version = version + 1
WHERE team_id = %(team_id)s AND key = %(key)s;

-- name: claim
-- Take the due card that has waited longest. A card posted for the first time keeps the moment its first
-- attempt began: where a former attempt left one, the message may stand in Slack already.
UPDATE app.slack_sent s
SET claimed_until = clock_timestamp() + make_interval(secs => %(claim_s)s),
    posting_since = CASE WHEN s.ts IS NULL THEN coalesce(s.posting_since, now()) END
FROM app.slack_card c
WHERE c.team_id = s.team_id AND c.key = s.key
  AND (s.team_id, s.key) = (
    SELECT due.team_id, due.key
    FROM app.slack_sent due
    JOIN app.slack_card card USING (team_id, key)
    WHERE due.wanted_version > due.sent_version
      AND due.not_before <= now()
      AND (due.claimed_until IS NULL OR due.claimed_until < now())
      -- What is said in a shell has been printed there.
      AND card.channel <> 'shell'
      -- A message seen by one person is posted once; Slack cannot edit it.
      AND (card.ephemeral_user IS NULL OR due.ts IS NULL)
      -- Cards of one thread go out one after the other, in their order.
      AND NOT EXISTS (
        SELECT
        FROM app.slack_sent busy
        JOIN app.slack_card other USING (team_id, key)
        WHERE busy.team_id = due.team_id AND busy.claimed_until >= now() AND busy.key <> due.key
          AND other.channel = card.channel AND other.thread_ts IS NOT DISTINCT FROM card.thread_ts
      )
    ORDER BY due.not_before, card.created_at
    LIMIT 1
    FOR UPDATE OF due SKIP LOCKED
  )
RETURNING s.team_id, s.key, s.ts, s.made, s.failures, s.claimed_until, s.posting_since,
    s.posting_since < now() AS may_be_posted,
    c.channel, c.thread_ts, c.ephemeral_user, c.kind, c.subject, c.version;

-- name: sent
-- Record a version as shown. A poster that lost its claim meanwhile may have shown an older version over a newer
-- one: the card is then due again.
UPDATE app.slack_sent
SET ts = coalesce(ts, %(ts)s),
    posting_since = NULL,
    sent_version = CASE WHEN claimed_until = %(claimed_until)s THEN %(version)s
                        ELSE least(sent_version, %(version)s - 1) END,
    not_before = now() + make_interval(secs => %(interval_s)s),
    claimed_until = nullif(claimed_until, %(claimed_until)s),
    failures = 0,
    error = NULL
WHERE team_id = %(team_id)s AND key = %(key)s;

-- name: made
-- Remember an id that Slack gave for something this card needs, so that another try reuses it.
UPDATE app.slack_sent
SET made = made || %(made)s
WHERE team_id = %(team_id)s AND key = %(key)s;

-- name: lost
-- The message is gone from Slack: forget it, so that it is posted anew.
UPDATE app.slack_sent
SET ts = NULL, sent_version = 0, posting_since = NULL, claimed_until = NULL, made = made - 'stream'
WHERE team_id = %(team_id)s AND key = %(key)s AND claimed_until = %(claimed_until)s;

-- name: later
-- Try again after a while. `is_refused` says that Slack took nothing, so a new message needs no looking for.
UPDATE app.slack_sent
SET not_before = now() + make_interval(secs => %(wait_s)s),
    claimed_until = NULL,
    posting_since = CASE WHEN %(is_refused)s AND NOT %(may_be_posted)s THEN NULL ELSE posting_since END,
    failures = failures + %(failures)s,
    error = %(error)s
WHERE team_id = %(team_id)s AND key = %(key)s AND claimed_until = %(claimed_until)s;

-- name: gave_up
-- This version cannot be shown, and why; a newer one is tried again.
UPDATE app.slack_sent
SET sent_version = %(version)s, posting_since = NULL, claimed_until = NULL, error = %(error)s
WHERE team_id = %(team_id)s AND key = %(key)s AND claimed_until = %(claimed_until)s;

-- name: posted
-- Where a card stands in Slack, or why it does not.
SELECT s.ts, coalesce(s.made ->> 'channel', c.channel) AS channel, s.error, s.sent_version = s.wanted_version AS is_settled
FROM app.slack_sent s
JOIN app.slack_card c USING (team_id, key)
WHERE s.team_id = %(team_id)s AND s.key = %(key)s;

-- name: next_due
-- Seconds until the next card may be sent, the claims in its thread over; NULL where none is due.
SELECT extract(epoch FROM min(greatest(s.not_before, s.claimed_until, (
    SELECT max(busy.claimed_until)
    FROM app.slack_sent busy
    JOIN app.slack_card other USING (team_id, key)
    WHERE busy.team_id = s.team_id AND busy.key <> s.key AND busy.claimed_until >= now()
      AND other.channel = c.channel AND other.thread_ts IS NOT DISTINCT FROM c.thread_ts
))) - now())::float8 AS wait_s
FROM app.slack_sent s
JOIN app.slack_card c USING (team_id, key)
WHERE s.wanted_version > s.sent_version AND c.channel <> 'shell' AND (c.ephemeral_user IS NULL OR s.ts IS NULL);
