-- name: give
-- Once per person; an approval that was lost with the role counts again when it is given again.
INSERT INTO app.approval (team_id, proposal_id, who, event_key, params_hash, role, terms)
VALUES (%(team_id)s, %(proposal_id)s, %(who)s, %(event_key)s, %(params_hash)s, %(role)s, %(terms)s)
ON CONFLICT (team_id, proposal_id, who) DO UPDATE
SET at = clock_timestamp(), event_key = EXCLUDED.event_key, params_hash = EXCLUDED.params_hash, role = EXCLUDED.role,
    terms = EXCLUDED.terms, lost = NULL
WHERE approval.lost IS NOT NULL;

-- name: judge
-- Record whether an approval still counts; touches nothing where that is known.
UPDATE app.approval
SET lost = %(lost)s
WHERE team_id = %(team_id)s AND proposal_id = %(proposal_id)s AND who = %(who)s AND lost IS DISTINCT FROM %(lost)s;

-- name: of_proposal
SELECT a.who, a.at, a.role, a.terms, a.lost
FROM app.approval a
WHERE a.team_id = %(team_id)s AND a.proposal_id = %(proposal_id)s
ORDER BY a.at, a.who;
