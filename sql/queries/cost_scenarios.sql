-- name: settings
-- The settings that hold in a conversation, those set back to what is assumed included.
SELECT key, value, who, source, set_at
FROM app.cost_setting
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s AND superseded_at IS NULL
ORDER BY id;

-- name: supersede
UPDATE app.cost_setting
SET superseded_at = clock_timestamp()
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s AND key = %(key)s AND superseded_at IS NULL;

-- name: set
INSERT INTO app.cost_setting (team_id, conversation_id, key, value, who, source)
VALUES (%(team_id)s, %(conversation_id)s, %(key)s, %(value)s, %(who)s, %(source)s);

-- name: scenarios
-- The scenarios of a conversation, oldest first.
SELECT id, name, document, saved_by, saved_at
FROM app.cost_scenario
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s
ORDER BY saved_at, id;

-- name: save
-- Keep inputs under a name; saved again under that name, by a turn that is repeated, they take the place of the older.
INSERT INTO app.cost_scenario (team_id, conversation_id, name, document, saved_by)
VALUES (%(team_id)s, %(conversation_id)s, %(name)s, %(document)s, %(who)s)
ON CONFLICT (team_id, conversation_id, lower(name)) DO UPDATE
SET name = EXCLUDED.name, document = EXCLUDED.document, saved_by = EXCLUDED.saved_by, saved_at = now()
RETURNING id;

-- name: rename
UPDATE app.cost_scenario
SET name = %(name)s
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s AND id = %(id)s;

-- name: delete
DELETE FROM app.cost_scenario
WHERE team_id = %(team_id)s AND conversation_id = %(conversation_id)s AND id = %(id)s;
