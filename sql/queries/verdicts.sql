-- name: add
INSERT INTO app.verdict (team_id, conversation_id, answers, facts, decision)
VALUES (%(team_id)s, %(conversation_id)s, %(answers)s, %(facts)s, %(decision)s);

-- name: newest
SELECT answers, facts, decision, decided_at
FROM app.verdict
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s
ORDER BY id DESC
LIMIT 1;
