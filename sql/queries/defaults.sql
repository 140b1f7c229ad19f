-- name: all
SELECT d.name, d.value, d.said_by, d.said_at, d.conversation_id, d.consented_by, d.consented_at, now() - d.said_at AS age
FROM app.workspace_default d
WHERE d.team_id = %(team_id)s
ORDER BY d.name;

-- name: keep
-- One value of each name: a newer one takes the place of the older.
INSERT INTO app.workspace_default AS d (
    team_id, name, value, said_by, said_at, conversation_id, consented_by, event_key
)
VALUES (
    %(team_id)s, %(name)s, %(value)s, %(said_by)s, coalesce(%(said_at)s, clock_timestamp()), %(conversation_id)s,
    %(who)s, %(event_key)s
)
ON CONFLICT (team_id, name) DO UPDATE
SET value = EXCLUDED.value, said_by = EXCLUDED.said_by, said_at = EXCLUDED.said_at,
    conversation_id = EXCLUDED.conversation_id, consented_by = EXCLUDED.consented_by,
    consented_at = EXCLUDED.consented_at, event_key = EXCLUDED.event_key;

-- name: forget
DELETE FROM app.workspace_default d
WHERE d.team_id = %(team_id)s AND d.name = ANY (%(names)s)
RETURNING d.name;
