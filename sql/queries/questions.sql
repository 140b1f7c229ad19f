-- name: insert
INSERT INTO app.stage_question (team_id, run_id, seq, kind, text, details, choices)
VALUES (%(team_id)s, %(run_id)s, %(seq)s, %(kind)s, %(text)s, %(details)s, %(choices)s)
RETURNING id;

-- name: answer_to
-- The answer to the newest question of the stage that is the same but for its words; no row while there is none.
SELECT q.choice, q.value, q.answered_by AS who
FROM app.stage_question q
WHERE q.team_id = %(team_id)s AND q.run_id = %(run_id)s AND q.seq = %(seq)s AND q.state = 'answered'
  AND q.id = (
    SELECT newest.id
    FROM app.stage_question newest
    WHERE newest.team_id = %(team_id)s AND newest.run_id = %(run_id)s AND newest.seq = %(seq)s
      AND newest.kind = %(kind)s AND newest.details = %(details)s::jsonb
    ORDER BY newest.asked_at DESC, newest.id
    LIMIT 1
  );

-- name: get
SELECT q.id, q.run_id, q.seq, q.kind, q.text, q.details, q.choices, q.state, q.asked_at, q.choice, q.value,
       q.answered_by, q.answered_at
FROM app.stage_question q
WHERE q.team_id = %(team_id)s AND q.id = %(question_id)s;

-- name: open
-- The open questions of the team, or of one run, oldest first.
SELECT q.id, q.run_id, q.seq, q.kind, q.text, q.details, q.choices, q.state, q.asked_at, q.choice, q.value,
       q.answered_by, q.answered_at
FROM app.stage_question q
WHERE q.team_id = %(team_id)s AND q.state = 'open' AND (%(run_id)s::text IS NULL OR q.run_id = %(run_id)s)
ORDER BY q.asked_at, q.id;

-- name: find
-- Open ones first: they are what somebody who types the beginning of an id means.
SELECT q.id
FROM app.stage_question q
WHERE q.team_id = %(team_id)s AND starts_with(q.id, %(prefix)s)
ORDER BY q.state <> 'open', q.asked_at DESC, q.id
LIMIT %(at_most)s;

-- name: answer
UPDATE app.stage_question
SET state = 'answered', choice = %(choice)s, value = %(value)s, answered_by = %(who)s,
    answered_at = clock_timestamp()
WHERE team_id = %(team_id)s AND id = %(question_id)s AND state = 'open';

-- name: withdraw
UPDATE app.stage_question
SET state = 'withdrawn'
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND state = 'open'
RETURNING id;

-- name: is_halted
SELECT app.is_halted(%(team_id)s) AS is_halted;
