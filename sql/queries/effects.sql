-- A call is fenced by its own generation, never by the attempt that made it: see agents/engine/effects.py.

-- name: settled_or_newest
-- The generation that counts: one that is done, which a call that came back late can be, else the newest.
SELECT e.key, e.generation, e.kind, e.state, e.request, e.request_hash, e.external_id, e.result, e.seq, e.attempt,
       e.is_open, e.intended_at, coalesce(s.reserved_usd, 0) AS reserved_usd,
       CASE WHEN s.source = 'reported' THEN s.actual_usd END AS actual_usd
FROM app.effect e
LEFT JOIN app.spend s
    ON s.team_id = e.team_id AND s.run_id = e.run_id AND s.effect_key = e.key AND s.generation = e.generation
WHERE e.team_id = %(team_id)s AND e.run_id = %(run_id)s AND e.key = %(key)s
ORDER BY e.state = 'done' DESC, e.generation DESC
LIMIT 1;

-- name: next_generation
SELECT coalesce(max(e.generation), 0) + 1 AS generation
FROM app.effect e
WHERE e.team_id = %(team_id)s AND e.run_id = %(run_id)s AND e.key = %(key)s;

-- name: intend
INSERT INTO app.effect (
    team_id, run_id, key, generation, kind, request, request_hash, is_open, seq, attempt
)
VALUES (
    %(team_id)s, %(run_id)s, %(key)s, %(generation)s, %(kind)s, %(request)s, %(request_hash)s, %(is_open)s,
    %(seq)s, %(attempt)s
);

-- name: done
UPDATE app.effect
SET state = 'done', external_id = %(external_id)s, result = %(result)s, adopted_by = %(adopted_by)s,
    ended_at = clock_timestamp()
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND key = %(key)s AND generation = %(generation)s
  AND state IN ('intent', 'unclear', 'abandoned');

-- name: end_without
-- Refused or abandoned: there is nothing outside, or nothing that is this effect's any more.
UPDATE app.effect
SET state = %(state)s, is_open = false, error = %(error)s, ended_at = clock_timestamp()
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND key = %(key)s AND generation = %(generation)s
  AND state IN ('intent', 'unclear', 'abandoned') AND state <> %(state)s;

-- name: unclear
UPDATE app.effect
SET state = 'unclear'
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND key = %(key)s AND generation = %(generation)s
  AND state = 'intent';

-- name: closed
UPDATE app.effect
SET is_open = false
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND key = %(key)s AND generation = %(generation)s;

-- name: adoption_turn
-- Adoptions of a kind take turns until their transactions end, so that two never take the same thing.
SELECT pg_advisory_xact_lock(hashtextextended('cairn adopt ' || %(kind)s, 0));

-- name: rivals
SELECT r.claimed, r.rivals
FROM app.effect_rivals(%(kind)s, %(ids)s, %(run_id)s, %(key)s, %(generation)s) r;

-- name: outside
-- What goes on, or may go on, outside of a team's runs.
SELECT e.run_id, e.key, e.kind, e.external_id
FROM app.effect e
WHERE e.team_id = %(team_id)s AND ((e.is_open AND e.state = 'done') OR e.state IN ('intent', 'unclear'))
ORDER BY e.intended_at
LIMIT %(at_most)s;

-- name: cancelled_batches
SELECT b.team_id, b.run_id, b.key, b.generation, b.external_id, b.teacher
FROM app.cancelled_batches() b;
