-- name: add
-- A message contradicts an answer once; what it raised before is found by `same`.
INSERT INTO app.contradiction (team_id, conversation_id, slot, fact_id, value, who, source)
VALUES (%(team_id)s, %(conversation_id)s, %(slot)s, %(fact_id)s, %(value)s, %(who)s, %(source)s)
ON CONFLICT (team_id, conversation_id, slot, fact_id, source, value) DO NOTHING
RETURNING id, conversation_id, slot, fact_id, value, who, source, raised_at, state, decided_by, decided_at;

-- name: same
-- The contradiction of the same two answers: of the same message, or open.
SELECT c.id, c.conversation_id, c.slot, c.fact_id, c.value, c.who, c.source, c.raised_at, c.state, c.decided_by,
    c.decided_at
FROM app.contradiction c
WHERE c.team_id = %(team_id)s AND c.conversation_id = %(conversation_id)s AND c.slot = %(slot)s
  AND c.fact_id = %(fact_id)s AND c.value = %(value)s AND (c.source = %(source)s OR c.state = 'open')
ORDER BY c.source = %(source)s DESC, c.raised_at, c.id
LIMIT 1;

-- name: open
-- Of a conversation, in the order they were raised.
SELECT c.id, c.conversation_id, c.slot, c.fact_id, c.value, c.who, c.source, c.raised_at, c.state, c.decided_by,
    c.decided_at
FROM app.contradiction c
WHERE c.team_id = %(team_id)s AND c.conversation_id = %(conversation_id)s AND c.state = 'open'
ORDER BY c.raised_at, c.id;

-- name: get
SELECT c.id, c.conversation_id, c.slot, c.fact_id, c.value, c.who, c.source, c.raised_at, c.state, c.decided_by,
    c.decided_at
FROM app.contradiction c
WHERE c.team_id = %(team_id)s AND c.id = %(id)s;

-- name: decide
UPDATE app.contradiction
SET state = %(state)s, decided_by = %(who)s, decided_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(id)s AND state = 'open';
