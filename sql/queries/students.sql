-- name: add
-- The next version of its name; the student of a run is added once.
INSERT INTO app.student (
    team_id, name, version, run_id, task, instructions, kind, method, base, base_fingerprint, rank, files, scores, passed,
    overridden_by, override_reason
)
SELECT %(team_id)s, %(name)s,
    coalesce((SELECT max(s.version) FROM app.student s WHERE s.team_id = %(team_id)s AND s.name = %(name)s), 0) + 1,
    %(run_id)s, %(task)s, %(instructions)s, %(kind)s, %(method)s, %(base)s, %(base_fingerprint)s, %(rank)s, %(files)s,
    %(scores)s, %(passed)s, %(overridden_by)s, %(override_reason)s
ON CONFLICT (team_id, run_id) DO NOTHING;

-- name: lock
-- One at a time of those that add, retire or point to students of a team, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('cairn students ' || %(team_id)s, 0)) IS NULL AS locked;

-- name: all
SELECT s.name, s.version, s.run_id, s.task, s.instructions, s.kind, s.method, s.base, s.base_fingerprint, s.rank, s.files,
    s.scores, s.passed, s.overridden_by, s.override_reason, s.made_at, s.retired_by, s.retired_at
FROM app.student s
WHERE s.team_id = %(team_id)s
ORDER BY s.name, s.version;

-- name: serving
-- What the report of each student's run says of serving it.
SELECT s.name, s.version, r.result #> '{report,serving}' AS serving
FROM app.student s
JOIN app.run r ON r.team_id = s.team_id AND r.id = s.run_id
WHERE s.team_id = %(team_id)s AND jsonb_typeof(r.result #> '{report,serving}') = 'object';

-- name: of_run
SELECT s.name, s.version, s.run_id, s.task, s.instructions, s.kind, s.method, s.base, s.base_fingerprint, s.rank, s.files,
    s.scores, s.passed, s.overridden_by, s.override_reason, s.made_at, s.retired_by, s.retired_at
FROM app.student s
WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s;

-- name: retire
UPDATE app.student
SET retired_by = %(who)s, retired_at = clock_timestamp()
WHERE team_id = %(team_id)s AND name = %(name)s AND version = %(version)s AND retired_at IS NULL;

-- name: move
INSERT INTO app.alias_move (team_id, alias, n, name, version, moved_by, reason, event_key)
SELECT %(team_id)s, %(alias)s,
    coalesce((SELECT max(m.n) FROM app.alias_move m WHERE m.team_id = %(team_id)s AND m.alias = %(alias)s), 0) + 1,
    %(name)s, %(version)s, %(who)s, %(reason)s, %(event_key)s;

-- name: moves
-- Every move of every alias, oldest first.
SELECT m.alias, m.n, m.name, m.version, m.moved_by, m.moved_at, m.reason, m.event_key
FROM app.alias_move m
WHERE m.team_id = %(team_id)s
ORDER BY m.alias, m.n;
