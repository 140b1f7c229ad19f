-- name: add
INSERT INTO app.comparison (team_id, conversation_id, inputs, result)
VALUES (%(team_id)s, %(conversation_id)s, %(inputs)s, %(result)s);

-- name: newest
SELECT inputs, result, made_at
FROM app.comparison
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s
ORDER BY made_at DESC
LIMIT 1;
