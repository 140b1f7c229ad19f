-- Workers belong to no team: the engine keeps their rows, every team may read them.

-- name: lock_names
-- One worker takes a name at a time.
SELECT pg_advisory_xact_lock(hashtextextended('cairn worker names', 0));

-- name: names
SELECT w.id, w.name, w.place, w.pid, w.seen_at > clock_timestamp() - make_interval(secs => w.lease_s) AS is_live
FROM app.worker w;

-- name: insert
INSERT INTO app.worker (
    name, host, place, pid, version, queues, concurrency, gpus, memory_bytes, disk_bytes, cores, lease_s
)
VALUES (
    %(name)s, %(host)s, %(place)s, %(pid)s, %(version)s, %(queues)s, %(concurrency)s, %(gpus)s, %(memory_bytes)s,
    %(disk_bytes)s, %(cores)s, %(lease_s)s
)
RETURNING id;

-- name: beat
UPDATE app.worker
SET seen_at = clock_timestamp(), disk_bytes = %(disk_bytes)s,
    draining_since = CASE WHEN %(is_draining)s THEN coalesce(draining_since, clock_timestamp()) END
WHERE id = %(id)s;

-- name: delete
DELETE FROM app.worker
WHERE id = ANY (%(ids)s);

-- name: delete_silent
DELETE FROM app.worker
WHERE seen_at < now() - interval '1 day';

-- name: live
-- The workers that take new stages.
SELECT w.name, w.queues, w.gpus, w.memory_bytes, w.disk_bytes
FROM app.worker w
WHERE w.seen_at > clock_timestamp() - make_interval(secs => w.lease_s) AND w.draining_since IS NULL
ORDER BY w.name;

-- name: all
SELECT w.name, w.host, w.version, w.queues, w.concurrency, w.gpus, w.memory_bytes, w.disk_bytes, w.cores,
    w.started_at, w.seen_at, w.draining_since, clock_timestamp() - w.seen_at AS silent_for,
    w.seen_at > clock_timestamp() - make_interval(secs => w.lease_s) AS is_live
FROM app.worker w
ORDER BY w.name;

-- name: in_hand
-- What workers do for a team.
SELECT s.owner, s.run_id, r.kind, coalesce(r.params->>'name', '') AS subject, s.name, s.gpus
FROM app.stage s
JOIN app.run r ON r.team_id = s.team_id AND r.id = s.run_id
WHERE s.team_id = %(team_id)s AND s.state = 'running' AND s.lease_until > clock_timestamp()
ORDER BY s.started_at, s.run_id;

-- name: waiting
SELECT s.run_id, r.kind, coalesce(r.params->>'name', '') AS subject, s.name, s.queue, s.waits_for AS reason
FROM app.stage s
JOIN app.run r ON r.team_id = s.team_id AND r.id = s.run_id
WHERE s.team_id = %(team_id)s AND s.state = 'pending' AND s.waits_for IS NOT NULL AND r.state = 'running'
ORDER BY r.created_at, s.run_id
LIMIT %(at_most)s;

-- name: gpus_in_use
SELECT u.gpu, u.run_id
FROM app.gpus_in_use() u;

-- name: gpus_in_use_by_all
SELECT u.gpu, u.team_id, u.run_id
FROM app.gpu_in_use u;

-- name: unplaced
-- What may have to be told why it waits, or that it need not any more, in the order in which it would be picked up:
-- stages that were told, that need something in particular, or whose queue no worker serves.
WITH RECURSIVE line AS (
    -- The queues that have something waiting, found by one look each rather than by reading all that waits.
    (
        SELECT j.queue_name FROM procrastinate_jobs j
        WHERE j.status = 'todo' AND j.task_name = 'stage'
        ORDER BY j.queue_name LIMIT 1)
    UNION ALL
    SELECT (
        SELECT j.queue_name FROM procrastinate_jobs j
        WHERE j.status = 'todo' AND j.task_name = 'stage' AND j.queue_name > l.queue_name
        ORDER BY j.queue_name LIMIT 1)
    FROM line l
    WHERE l.queue_name IS NOT NULL
), particular AS (
    SELECT s.team_id, s.run_id, s.seq, s.queue, s.needs, s.waits_for, j.priority, j.id
    FROM app.stage s
    JOIN procrastinate_jobs j ON j.id = s.job_id
    WHERE s.state = 'pending' AND (s.waits_for IS NOT NULL OR s.needs <> '{}') AND j.status = 'todo'
      AND (s.waits_for IS NOT NULL OR j.scheduled_at IS NULL OR j.scheduled_at <= clock_timestamp())
    ORDER BY j.priority DESC, j.id
    LIMIT 1000
), unserved AS (
    SELECT s.team_id, s.run_id, s.seq, s.queue, s.needs, s.waits_for, h.priority, h.id
    FROM line l
    CROSS JOIN LATERAL (
        SELECT j.id, j.priority, j.args
        FROM procrastinate_jobs j
        WHERE j.status = 'todo' AND j.task_name = 'stage' AND j.queue_name = l.queue_name
          AND (j.scheduled_at IS NULL OR j.scheduled_at <= clock_timestamp())
        ORDER BY j.priority DESC
        LIMIT 1000
    ) h
    JOIN app.stage s ON s.team_id = h.args->>'team_id' AND s.run_id = h.args->>'run_id'
        AND s.seq = (h.args->>'seq')::integer
    WHERE l.queue_name <> ALL (%(served)s) AND s.job_id = h.id
      AND s.state = 'pending' AND s.waits_for IS NULL AND s.needs = '{}'
), left_behind AS (
    -- A dead worker's: its job comes back only when another one serves the queue.
    SELECT s.team_id, s.run_id, s.seq, s.queue, s.needs, s.waits_for, 0 AS priority, 0 AS id
    FROM app.stage s
    WHERE s.state = 'running' AND s.lease_until < clock_timestamp() AND s.queue <> ALL (%(served)s)
)
SELECT u.team_id, u.run_id, u.seq, u.queue, u.needs, u.waits_for
FROM (
    SELECT p.* FROM particular p UNION ALL SELECT n.* FROM unserved n UNION ALL SELECT b.* FROM left_behind b
) u
JOIN app.run r ON r.team_id = u.team_id AND r.id = u.run_id
WHERE r.state = 'running' AND NOT app.is_halted(u.team_id)
ORDER BY u.priority DESC, u.id;
