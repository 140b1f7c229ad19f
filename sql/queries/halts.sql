-- name: current
SELECT h.who, h.reason, h.at
FROM app.halt h
WHERE h.team_id = %(team_id)s;

-- name: add
INSERT INTO app.halt (team_id, who, reason) VALUES (%(team_id)s, %(who)s, %(reason)s)
ON CONFLICT DO NOTHING;

-- name: remove
DELETE FROM app.halt WHERE team_id = %(team_id)s;

-- name: lock_runs
-- Every run that is not over, in one order, so that two who do this cannot block each other.
SELECT r.id
FROM app.run r
WHERE r.team_id = %(team_id)s AND r.state IN ('running', 'needs_attention')
ORDER BY r.id
FOR NO KEY UPDATE;

-- name: stop_stages
-- Those that wait are locked as well: a claim of one that is under way is waited for, and taken back. Should one slip
-- through behind this, its first beat fails, since a halted team has none.
UPDATE app.stage s
SET state = 'pending', owner = NULL, lease_until = NULL, gpus = '{}',
    attempt_limit = s.attempt_limit + (s.state = 'running')::integer
FROM app.run r
WHERE s.team_id = %(team_id)s AND s.job_id IS NOT NULL AND s.state IN ('pending', 'running')
  AND r.team_id = s.team_id AND r.id = s.run_id AND r.state = 'running';

-- name: cancel_jobs
-- Workers are told, and jobs that wait are not fetched in vain.
SELECT app.cancel_job(s.run_id, s.seq)
FROM app.stage s
JOIN app.run r ON r.team_id = s.team_id AND r.id = s.run_id
WHERE s.team_id = %(team_id)s AND s.state = 'pending' AND s.job_id IS NOT NULL AND r.state = 'running';

-- name: due_stages
-- Of each running run the stage whose turn it is; one that a worker still holds is found by the job in the end.
SELECT DISTINCT ON (s.run_id) s.run_id, s.seq
FROM app.stage s
JOIN app.run r ON r.team_id = s.team_id AND r.id = s.run_id
WHERE s.team_id = %(team_id)s AND r.state = 'running' AND s.state <> 'done'
ORDER BY s.run_id, s.seq;
