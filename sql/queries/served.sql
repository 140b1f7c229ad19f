-- name: teams
SELECT t AS team_id FROM app.teams_with_students() t ORDER BY t;

-- name: saw
INSERT INTO app.served AS s (team_id, server, served_as, name, version, error)
VALUES (%(team_id)s, %(server)s, %(served_as)s, %(name)s, %(version)s, %(error)s)
ON CONFLICT (team_id, server, served_as) DO UPDATE
SET name = EXCLUDED.name, version = EXCLUDED.version, error = EXCLUDED.error, seen_at = clock_timestamp()
WHERE (s.name, s.version, s.error) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.version, EXCLUDED.error)
   OR s.seen_at < clock_timestamp() - interval '1 minute';

-- name: gone
DELETE FROM app.served s
WHERE s.team_id = %(team_id)s AND s.server = %(server)s AND s.served_as <> ALL (%(wanted)s);

-- name: all
SELECT s.server, s.served_as, s.name, s.version, s.error, s.seen_at
FROM app.served s
WHERE s.team_id = %(team_id)s
ORDER BY s.server, s.served_as;
