-- name: add
-- A newer version of the name; who adds one holds the stage.
INSERT INTO app.artifact (team_id, run_id, name, version, seq, attempt, place, key, size, sha256, host)
SELECT %(team_id)s, %(run_id)s, %(name)s, coalesce(max(a.version), 0) + 1, %(seq)s, %(attempt)s, %(place)s, %(key)s,
    %(size)s, %(sha256)s, %(host)s
FROM app.artifact a
WHERE a.team_id = %(team_id)s AND a.run_id = %(run_id)s AND a.name = %(name)s
RETURNING name, version, seq, attempt, place, key, size, sha256, host, created_at;

-- name: of_run
-- The newest version of each name, by stage.
SELECT n.name, n.version, n.seq, n.attempt, n.place, n.key, n.size, n.sha256, n.host, n.created_at
FROM (
    SELECT DISTINCT ON (a.name)
        a.name, a.version, a.seq, a.attempt, a.place, a.key, a.size, a.sha256, a.host, a.created_at
    FROM app.artifact a
    WHERE a.team_id = %(team_id)s AND a.run_id = %(run_id)s
    ORDER BY a.name, a.version DESC
) n
ORDER BY n.seq, n.name;

-- name: newest
SELECT a.name, a.version, a.seq, a.attempt, a.place, a.key, a.size, a.sha256, a.host, a.created_at
FROM app.artifact a
WHERE a.team_id = %(team_id)s AND a.run_id = %(run_id)s AND a.name = %(name)s
ORDER BY a.version DESC
LIMIT 1;
