-- name: all
-- Every answer of a conversation, replaced ones too, oldest first.
SELECT id, slot, value, who, source, said_at, superseded_at
FROM app.fact
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s
ORDER BY id;

-- name: supersede
UPDATE app.fact
SET superseded_at = clock_timestamp()
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s AND slot = %(slot)s AND superseded_at IS NULL;

-- name: add
INSERT INTO app.fact (team_id, conversation_id, slot, value, who, source)
VALUES (%(team_id)s, %(conversation_id)s, %(slot)s, %(value)s, %(who)s, %(source)s)
RETURNING id;
