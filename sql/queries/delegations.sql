-- name: add
INSERT INTO app.delegation (team_id, conversation_id, question_id, slot, asked_of, asked_by)
VALUES (%(team_id)s, %(conversation_id)s, %(question_id)s, %(slot)s, %(asked_of)s, %(asked_by)s)
RETURNING id, conversation_id, question_id, slot, asked_of, asked_by, asked_at, reminders, reminded_at, state, closed_at;

-- name: open
-- Of a conversation, the ones asked first before the others.
SELECT d.id, d.conversation_id, d.question_id, d.slot, d.asked_of, d.asked_by, d.asked_at, d.reminders, d.reminded_at,
    d.state, d.closed_at
FROM app.delegation d
WHERE d.team_id = %(team_id)s AND d.conversation_id = %(conversation_id)s AND d.state = 'open'
ORDER BY d.asked_at, d.id;

-- name: get
SELECT d.id, d.conversation_id, d.question_id, d.slot, d.asked_of, d.asked_by, d.asked_at, d.reminders, d.reminded_at,
    d.state, d.closed_at
FROM app.delegation d
WHERE d.team_id = %(team_id)s AND d.id = %(id)s;

-- name: of_question
-- The newest of a question.
SELECT d.id, d.conversation_id, d.question_id, d.slot, d.asked_of, d.asked_by, d.asked_at, d.reminders, d.reminded_at,
    d.state, d.closed_at
FROM app.delegation d
WHERE d.team_id = %(team_id)s AND d.question_id = %(question_id)s
ORDER BY d.asked_at DESC, d.id
LIMIT 1;

-- name: close
UPDATE app.delegation
SET state = %(state)s, closed_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(id)s AND state = 'open';

-- name: answer_question
-- A question that was put to a colleague stands withdrawn in the interview until its answer comes.
UPDATE app.question
SET status = 'answered', fact_id = %(fact_id)s, closed_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(question_id)s AND status = 'withdrawn';

-- name: remind
-- Count a reminder, where the last word to this person is at least a day old.
UPDATE app.delegation
SET reminders = reminders + 1, reminded_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(id)s AND state = 'open'
  AND coalesce(reminded_at, asked_at) <= clock_timestamp() - %(after)s::interval
RETURNING reminders;
