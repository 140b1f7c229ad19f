-- Every write to a running stage names its attempt: a worker that lost its lease touches no row.

-- name: claim
-- Take the stage if it is pending or its lease ran out, and this host has what it needs; GPUs are occupied with it.
UPDATE app.stage s
SET state = 'running', attempt = s.attempt + 1, owner = %(owner)s, error = NULL,
    lease_until = clock_timestamp() + %(lease)s, started_at = coalesce(s.started_at, clock_timestamp()),
    gpus = app.pick_gpus(s.needs, %(gpus)s)
FROM app.run r
WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s AND s.seq = %(seq)s
  AND r.team_id = s.team_id AND r.id = s.run_id AND r.state = 'running'
  AND (s.state = 'pending' OR (s.state = 'running' AND s.lease_until < clock_timestamp()))
  AND NOT EXISTS (
      SELECT FROM app.stage e
      WHERE e.team_id = s.team_id AND e.run_id = s.run_id AND e.seq < s.seq AND e.state <> 'done')
  AND NOT app.is_halted(s.team_id)
  AND coalesce(s.needs->>'on', %(owner)s) = %(owner)s
  AND app.fits(s.needs, %(gpus)s, %(memory_bytes)s, %(disk_bytes)s)
  AND app.pick_gpus(s.needs, %(gpus)s) IS NOT NULL
RETURNING s.name, s.attempt, s.attempt_limit, s.checkpoint, s.gpus, r.kind, r.params;

-- name: claimable
-- A stage that may be claimed now or later, as it stands; no row where it is not to be worked on any more, or not
-- before somebody lifts the halt.
SELECT s.queue, s.needs, s.waits_for,
    -- How long its attempt is held; NULL where nobody is at it.
    extract(epoch FROM s.lease_until - clock_timestamp())::float8 AS left_s
FROM app.stage s
JOIN app.run r ON r.team_id = s.team_id AND r.id = s.run_id
WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s AND s.seq = %(seq)s
  AND s.state IN ('pending', 'running') AND r.state = 'running' AND NOT app.is_halted(s.team_id)
  AND NOT EXISTS (
      SELECT FROM app.stage e
      WHERE e.team_id = s.team_id AND e.run_id = s.run_id AND e.seq < s.seq AND e.state <> 'done');

-- name: wait_for
-- Say why nobody takes the stage; an attempt whose lease ran out is over with it. NULL: somebody can take it.
UPDATE app.stage
SET state = 'pending', owner = NULL, lease_until = NULL, waits_for = %(reason)s::text
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND seq = %(seq)s
  AND (state = 'pending' AND waits_for IS DISTINCT FROM %(reason)s::text
       OR state = 'running' AND lease_until < clock_timestamp() AND %(reason)s::text IS NOT NULL);

-- name: wake
SELECT app.wake_stage(%(run_id)s, %(seq)s);

-- name: keep_on
-- Let this stage and those after it go on where the files of the run are.
UPDATE app.stage
SET needs = needs || jsonb_build_object('on', %(host)s::text)
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND seq >= %(seq)s
  AND needs->>'on' IS DISTINCT FROM %(host)s::text;

-- name: previous
SELECT s.name, s.result
FROM app.stage s
WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s AND s.seq < %(seq)s AND s.result IS NOT NULL
ORDER BY s.seq;

-- name: beat
UPDATE app.stage
SET lease_until = clock_timestamp() + %(lease)s, progress = coalesce(%(progress)s::jsonb, progress)
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND seq = %(seq)s AND attempt = %(attempt)s AND state = 'running'
  AND NOT app.is_halted(team_id);

-- name: save
UPDATE app.stage
SET checkpoint = %(checkpoint)s
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND seq = %(seq)s AND attempt = %(attempt)s AND state = 'running';

-- name: hold
-- Keep the attempt from ending before the caller's transaction does.
SELECT s.seq
FROM app.stage s
WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s AND s.seq = %(seq)s AND s.attempt = %(attempt)s
  AND s.state = 'running' AND NOT app.is_halted(s.team_id)
FOR NO KEY UPDATE;

-- name: done
UPDATE app.stage
SET state = 'done', result = %(result)s, progress = coalesce(%(progress)s::jsonb, progress), lease_until = NULL,
    finished_at = clock_timestamp()
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND seq = %(seq)s AND attempt = %(attempt)s AND state = 'running';

-- name: failed
UPDATE app.stage
SET state = 'failed', error = %(error)s, lease_until = NULL, finished_at = clock_timestamp()
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND seq = %(seq)s AND attempt = %(attempt)s AND state = 'running';

-- name: hand_over
-- Let go of the stage, for another worker to take from its checkpoint.
UPDATE app.stage
SET state = 'pending', owner = NULL, lease_until = NULL, error = %(reason)s,
    progress = coalesce(%(progress)s::jsonb, progress), attempt_limit = attempt_limit + %(forgiven)s
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND seq = %(seq)s AND attempt = %(attempt)s AND state = 'running';

-- name: asked
-- Let go of the stage until a person has answered; the attempt does not count, as nothing went wrong with it.
UPDATE app.stage
SET state = 'waiting', progress = coalesce(%(progress)s::jsonb, progress), owner = NULL, lease_until = NULL,
    attempt_limit = attempt_limit + 1
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND seq = %(seq)s AND attempt = %(attempt)s AND state = 'running';

-- name: answered
UPDATE app.stage
SET state = 'pending'
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND seq = %(seq)s AND state = 'waiting';

-- name: defer
-- No queueing lock: each move of a stage defers once, the claim settles any doubles, and a lock would keep the
-- reaper from putting a dead worker's job back while another waits.
UPDATE app.stage s
SET job_id = app.defer_stage(s.run_id, s.seq, s.queue, r.priority, clock_timestamp() + %(delay)s)
FROM app.run r
WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s AND s.seq = %(seq)s
  AND r.team_id = s.team_id AND r.id = s.run_id;

-- name: strays
SELECT s.team_id, s.run_id, s.seq
FROM app.stray_stages() s;

-- name: insert
INSERT INTO app.stage (team_id, run_id, seq, name, queue, needs)
VALUES (%(team_id)s, %(run_id)s, %(seq)s, %(name)s, %(queue)s, %(needs)s);

-- name: cancel
UPDATE app.stage
SET state = 'cancelled', lease_until = NULL, finished_at = clock_timestamp()
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND state IN ('pending', 'waiting', 'running')
RETURNING seq;

-- name: cancel_job
SELECT app.cancel_job(%(run_id)s, %(seq)s);

-- name: retry
-- Make the failed stage ready for another worker, with as many attempts as a new one has.
UPDATE app.stage
SET state = 'pending', error = NULL, finished_at = NULL, owner = NULL, attempt_limit = attempt + 10
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND state = 'failed'
RETURNING seq;

-- name: of_run
SELECT s.seq, s.name, s.queue, s.state, s.attempt, s.owner, s.progress, s.result, s.error, s.started_at, s.finished_at,
    s.waits_for
FROM app.stage s
WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s
ORDER BY s.seq;

-- name: now
SELECT clock_timestamp() AS now;

-- name: refresh_statistics
SELECT app.refresh_statistics() AS tables;

-- name: sweep_turn
SELECT pg_try_advisory_xact_lock(hashtext('cairn sweep')) AS is_ours;
