-- name: add
INSERT INTO app.audit (team_id, who, action, subject, event_key, params_hash, details)
VALUES (%(team_id)s, %(who)s, %(action)s, %(subject)s, %(event_key)s, %(params_hash)s, %(details)s);

-- name: of_subject
SELECT a.at, a.who, a.action, a.subject, a.event_key, a.params_hash, a.details
FROM app.audit a
WHERE a.team_id = %(team_id)s AND a.subject = %(subject)s
ORDER BY a.id;

-- name: of_event
-- What was done for an event, so that its repetition finds it.
SELECT a.subject
FROM app.audit a
WHERE a.team_id = %(team_id)s AND a.event_key = %(event_key)s AND a.action = %(action)s
ORDER BY a.id
LIMIT 1;
