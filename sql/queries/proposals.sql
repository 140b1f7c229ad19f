-- name: insert
INSERT INTO app.proposal (
    team_id, conversation_id, kind, params, params_hash, estimate, requested_by, channel, thread_ts, expires_at,
    approvals_needed, terms
)
VALUES (
    %(team_id)s, %(conversation_id)s, %(kind)s, %(params)s, %(params_hash)s, %(estimate)s, %(requested_by)s,
    %(channel)s, %(thread_ts)s, clock_timestamp() + %(valid_for)s, %(needed)s, %(terms)s
)
RETURNING id;

-- name: get
SELECT p.id, p.kind, p.params, p.params_hash, p.estimate, p.state, p.requested_by, p.conversation_id, p.channel,
       p.thread_ts, p.created_at, p.expires_at, p.decided_by, p.decided_at, p.reason, p.replaced_by,
       p.approvals_needed AS needed, p.terms, r.id AS run_id
FROM app.proposal p
LEFT JOIN app.run r ON r.team_id = p.team_id AND r.proposal_id = p.id
WHERE p.team_id = %(team_id)s AND p.id = %(proposal_id)s;

-- name: lock
-- Two people who decide at once take turns, and the second sees what the first decided.
SELECT p.state, p.expires_at <= clock_timestamp() AS is_due
FROM app.proposal p
WHERE p.team_id = %(team_id)s AND p.id = %(proposal_id)s
FOR NO KEY UPDATE;

-- name: decide
UPDATE app.proposal
SET state = %(state)s, decided_by = %(who)s, decided_at = clock_timestamp(), reason = %(reason)s,
    replaced_by = %(replaced_by)s
WHERE team_id = %(team_id)s AND id = %(proposal_id)s AND state = 'pending' AND expires_at > clock_timestamp();

-- name: expire
UPDATE app.proposal
SET state = 'expired'
WHERE team_id = %(team_id)s AND state = 'pending' AND expires_at <= clock_timestamp()
RETURNING id, params_hash;

-- name: teams_with_due
SELECT DISTINCT p.team_id
FROM app.proposal p
WHERE p.state = 'pending' AND p.expires_at <= clock_timestamp();

-- name: pending
SELECT p.id
FROM app.proposal p
WHERE p.team_id = %(team_id)s AND p.state = 'pending' AND p.expires_at > clock_timestamp()
ORDER BY p.created_at DESC, p.id
LIMIT %(at_most)s;

-- name: find
SELECT p.id
FROM app.proposal p
WHERE p.team_id = %(team_id)s AND starts_with(p.id, %(prefix)s)
ORDER BY p.created_at DESC, p.id
LIMIT %(at_most)s;
