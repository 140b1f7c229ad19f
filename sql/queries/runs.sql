-- name: lock
-- Whoever changes a run and its stages takes the run first.
SELECT r.state
FROM app.run r
WHERE r.team_id = %(team_id)s AND r.id = %(run_id)s
FOR NO KEY UPDATE;

-- name: insert
INSERT INTO app.run (team_id, proposal_id, kind, params, requested_by, approved_by, channel, thread_ts, priority)
SELECT p.team_id, p.id, p.kind, p.params, p.requested_by, %(approved_by)s, p.channel, p.thread_ts,
    CASE p.params->>'priority' WHEN '1' THEN 1 WHEN '-1' THEN -1 ELSE 0 END
FROM app.proposal p
WHERE p.team_id = %(team_id)s AND p.id = %(proposal_id)s
RETURNING id, params;

-- name: done
UPDATE app.run
SET state = 'done', result = %(result)s, finished_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(run_id)s AND state = 'running';

-- name: failed
UPDATE app.run
SET state = 'failed', error = %(error)s, finished_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(run_id)s AND state = 'running';

-- name: needs_attention
UPDATE app.run
SET state = 'needs_attention'
WHERE team_id = %(team_id)s AND id = %(run_id)s AND state = 'running';

-- name: goes_on
UPDATE app.run
SET state = 'running'
WHERE team_id = %(team_id)s AND id = %(run_id)s AND state = 'needs_attention';

-- name: place
-- Where a run is followed; nowhere for one that was asked for in a shell.
SELECT r.channel, r.thread_ts
FROM app.run r
WHERE r.team_id = %(team_id)s AND r.id = %(run_id)s AND r.channel IS NOT NULL;

-- name: cancel
UPDATE app.run
SET state = 'cancelled', error = %(error)s, finished_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(run_id)s AND state IN ('running', 'needs_attention');

-- name: retry
UPDATE app.run
SET state = 'running', error = NULL, finished_at = NULL
WHERE team_id = %(team_id)s AND id = %(run_id)s AND state = 'failed';

-- name: get
SELECT r.id, r.proposal_id, r.kind, r.state, r.params, r.requested_by, r.approved_by, r.channel, r.thread_ts, r.error,
       r.result, r.created_at, r.finished_at, p.estimate, b.approved_usd, s.spent_usd, s.reserved_usd,
       -- All whose approvals counted; whoever approved last is the only one known of a run from before they were kept.
       ARRAY(
           SELECT a.who
           FROM app.approval a
           WHERE a.team_id = p.team_id AND a.proposal_id = p.id AND a.lost IS NULL
               AND (p.approvals_needed = 1 OR a.who <> p.requested_by) AND a.who <> r.approved_by
           ORDER BY a.at, a.who
       ) || r.approved_by AS approvers
FROM app.run r
JOIN app.proposal p ON p.team_id = r.team_id AND p.id = r.proposal_id
LEFT JOIN app.run_budget b ON b.team_id = r.team_id AND b.run_id = r.id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(s.actual_usd), 0) AS spent_usd,
        coalesce(sum(s.reserved_usd) FILTER (WHERE s.state = 'reserved'), 0) AS reserved_usd
    FROM app.spend s
    WHERE s.team_id = r.team_id AND s.run_id = r.id
) s
WHERE r.team_id = %(team_id)s AND r.id = %(run_id)s;

-- name: newest
SELECT r.id
FROM app.run r
WHERE r.team_id = %(team_id)s
ORDER BY r.created_at DESC, r.id
LIMIT %(at_most)s;

-- name: find
SELECT r.id
FROM app.run r
WHERE r.team_id = %(team_id)s AND starts_with(r.id, %(prefix)s)
ORDER BY r.created_at DESC, r.id
LIMIT %(at_most)s;
