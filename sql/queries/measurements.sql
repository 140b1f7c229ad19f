-- name: holding
-- The measurements that prices are made with, newest first.
SELECT m.id, m.kind, m.student, m.variant, m.gpu, m.gpus, m.fit, m.points, m.source, m.measured_on,
    m.loaded_by, m.loaded_at, m.ended_by, m.ended_at
FROM app.measurement m
WHERE m.team_id = %(team_id)s AND m.ended_at IS NULL
ORDER BY m.loaded_at DESC, m.id;

-- name: history
SELECT m.id, m.kind, m.student, m.variant, m.gpu, m.gpus, m.fit, m.points, m.source, m.measured_on,
    m.loaded_by, m.loaded_at, m.ended_by, m.ended_at
FROM app.measurement m
WHERE m.team_id = %(team_id)s
ORDER BY m.loaded_at DESC, m.id
LIMIT %(at_most)s;

-- name: end_like
-- End the measurement that one of the same kind, student, variant and GPU replaces.
UPDATE app.measurement
SET ended_by = %(who)s, ended_at = clock_timestamp()
WHERE team_id = %(team_id)s AND kind = %(kind)s AND student = %(student)s AND variant = %(variant)s AND gpu = %(gpu)s
  AND ended_at IS NULL;

-- name: end
UPDATE app.measurement
SET ended_by = %(who)s, ended_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(id)s AND ended_at IS NULL
RETURNING id;

-- name: add
INSERT INTO app.measurement (team_id, kind, student, variant, gpu, gpus, fit, points, source, measured_on, loaded_by)
VALUES (%(team_id)s, %(kind)s, %(student)s, %(variant)s, %(gpu)s, %(gpus)s, %(fit)s, %(points)s, %(source)s,
    %(measured_on)s, %(who)s)
RETURNING id;
