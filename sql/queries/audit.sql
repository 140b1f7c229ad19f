-- name: add
-- What is done to a run names the parameters that were approved for it.
INSERT INTO app.audit (team_id, who, action, subject, event_key, params_hash, details)
SELECT %(team_id)s, %(who)s, %(action)s, %(subject)s, %(event_key)s,
    coalesce(%(params_hash)s, (
        SELECT p.params_hash
        FROM app.run r
        JOIN app.proposal p ON p.team_id = r.team_id AND p.id = r.proposal_id
        WHERE r.team_id = %(team_id)s AND r.id = substr(%(subject)s, 5) AND starts_with(%(subject)s, 'run:')
    )),
    %(details)s;

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

-- name: newest
-- Of everybody or of one person, of everything or of what is about one thing: its subject, or the run it led to.
SELECT a.id, a.at, a.who, a.action, a.subject, a.event_key, a.params_hash, a.details
FROM app.audit a
WHERE a.team_id = %(team_id)s
  AND (a.at >= %(since)s OR %(since)s::timestamptz IS NULL)
  AND (a.who = %(who)s OR %(who)s::text IS NULL)
  AND (%(subject)s::text IS NULL OR starts_with(a.subject, %(subject)s)
       OR starts_with(split_part(a.subject, ':', 2), %(subject)s)
       OR starts_with(a.details ->> 'run_id', %(subject)s)
       OR a.subject IN (
           SELECT 'proposal:' || r.proposal_id FROM app.run r
           WHERE r.team_id = a.team_id AND starts_with(r.id, %(subject)s)))
ORDER BY a.id DESC
LIMIT %(at_most)s;

-- name: page
-- The same, oldest first, from after an entry that was read before.
SELECT a.id, a.at, a.who, a.action, a.subject, a.event_key, a.params_hash, a.details
FROM app.audit a
WHERE a.team_id = %(team_id)s AND a.id > %(after)s
  AND (a.at >= %(since)s OR %(since)s::timestamptz IS NULL)
  AND (a.who = %(who)s OR %(who)s::text IS NULL)
  AND (%(subject)s::text IS NULL OR starts_with(a.subject, %(subject)s)
       OR starts_with(split_part(a.subject, ':', 2), %(subject)s)
       OR starts_with(a.details ->> 'run_id', %(subject)s)
       OR a.subject IN (
           SELECT 'proposal:' || r.proposal_id FROM app.run r
           WHERE r.team_id = a.team_id AND starts_with(r.id, %(subject)s)))
ORDER BY a.id
LIMIT %(at_most)s;
