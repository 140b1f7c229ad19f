-- name: enter_thread
-- Hold the thread until the transaction ends: a turn in it comes to its end first, and none begins.
SELECT set_config('lock_timeout', '60s', true), pg_advisory_xact_lock(hashtextextended(%(thread_id)s, 0));

-- name: find
-- The conversation of a thread.
SELECT c.id, c.channel, c.thread_ts, c.started_by, c.created_at
FROM app.conversation c
WHERE c.team_id = %(team_id)s AND c.channel = %(channel)s AND c.thread_ts = %(thread_ts)s;

-- name: started_by
-- The conversations that somebody began, oldest first.
SELECT c.id, c.channel, c.thread_ts, c.started_by, c.created_at
FROM app.conversation c
WHERE c.team_id = %(team_id)s AND c.started_by = %(who)s
ORDER BY c.created_at, c.id;

-- name: of_conversation
-- How much is kept of a conversation, and of what stays when it is forgotten.
SELECT
    (SELECT count(*) FROM app.fact f WHERE f.team_id = %(team_id)s AND f.conversation_id = %(id)s) AS answers,
    (SELECT count(*) FROM app.verdict v WHERE v.team_id = %(team_id)s AND v.conversation_id = %(id)s) AS verdicts,
    (SELECT count(*) FROM app.question q WHERE q.team_id = %(team_id)s AND q.conversation_id = %(id)s) AS questions,
    (SELECT count(*) FROM app.comparison m WHERE m.team_id = %(team_id)s AND m.conversation_id = %(id)s)
    + (SELECT count(*) FROM app.cost_scenario s WHERE s.team_id = %(team_id)s AND s.conversation_id = %(id)s)
    AS comparisons,
    (SELECT count(*) FROM app.watch w
     WHERE w.team_id = %(team_id)s AND w.conversation_id = %(id)s AND w.stopped_at IS NULL) AS watches,
    (SELECT count(*) FROM app.proposal p WHERE p.team_id = %(team_id)s AND p.conversation_id = %(id)s) AS proposals,
    (SELECT count(*) FROM app.model_call l WHERE l.team_id = %(team_id)s AND l.conversation_id = %(id)s) AS calls;

-- name: of_person
-- How much is kept of what somebody said.
SELECT
    (SELECT count(*) FROM app.conversation c WHERE c.team_id = %(team_id)s AND c.started_by = %(who)s)
    AS conversations,
    (SELECT count(*) FROM app.fact f JOIN app.conversation c ON c.team_id = f.team_id AND c.id = f.conversation_id
     WHERE f.team_id = %(team_id)s AND f.who = %(who)s AND c.started_by <> %(who)s) AS answers_elsewhere,
    (SELECT count(*) FROM app.workspace_default d
     WHERE d.team_id = %(team_id)s AND %(who)s IN (d.said_by, d.consented_by)) AS defaults,
    (SELECT count(*) FROM app.slack_event e
     WHERE e.team_id = %(team_id)s AND e.user_id = %(who)s AND e.body <> '{}') AS messages;

-- name: words_of_thread
-- What LangGraph keeps of a thread, which is what was said in it.
WITH writes AS (
    DELETE FROM langgraph.checkpoint_writes w WHERE w.thread_id = %(thread_id)s
), blobs AS (
    DELETE FROM langgraph.checkpoint_blobs b WHERE b.thread_id = %(thread_id)s
)
DELETE FROM langgraph.checkpoints c WHERE c.thread_id = %(thread_id)s;

-- name: events
-- What people did and wrote there; that it came in stays, so that Slack's repetitions are known for what they are.
UPDATE app.slack_event e
SET body = '{}'
WHERE e.team_id = %(team_id)s AND e.handled_at IS NOT NULL
  AND ((e.channel = %(channel)s AND e.thread_ts = %(thread_ts)s)
       OR strpos(e.body::text, %(id)s) > 0
       OR e.key IN (
           SELECT substr(c.key, length('opening:') + 1)
           FROM app.slack_card c JOIN app.slack_sent s USING (team_id, key)
           WHERE c.team_id = %(team_id)s AND c.kind = 'opening' AND s.ts = %(thread_ts)s));

-- name: opening
-- The message that a thread of Cairn's hangs on keeps its place, without what it was begun with.
UPDATE app.slack_card c
SET subject = c.subject || jsonb_build_object('text', %(text)s::text), version = c.version + 1
FROM app.slack_sent s
WHERE c.team_id = %(team_id)s AND c.kind = 'opening' AND c.channel IN (%(channel)s, %(started_by)s)
  AND s.team_id = c.team_id AND s.key = c.key AND s.ts = %(thread_ts)s;

-- name: withdraw_cards
-- Have messages taken back that stand in Slack, or may.
UPDATE app.slack_card c
SET kind = 'withdrawn', subject = '{}', version = c.version + 1
FROM app.slack_sent s
WHERE c.team_id = %(team_id)s AND c.kind <> ALL (%(kept)s) AND c.ephemeral_user IS NULL
  AND ((c.channel = %(channel)s AND c.thread_ts = %(thread_ts)s) OR c.subject ->> 'conversation_id' = %(id)s)
  AND s.team_id = c.team_id AND s.key = c.key AND (s.ts IS NOT NULL OR s.posting_since IS NOT NULL);

-- name: delete_cards
-- Those that were shown to one person, in a shell or to nobody yet.
DELETE FROM app.slack_card c
WHERE c.team_id = %(team_id)s AND c.kind <> ALL (%(kept)s)
  AND ((c.channel = %(channel)s AND c.thread_ts = %(thread_ts)s) OR c.subject ->> 'conversation_id' = %(id)s);

-- name: proposals
-- Money hangs on a proposal: it stays.
UPDATE app.proposal SET conversation_id = NULL WHERE team_id = %(team_id)s AND conversation_id = %(id)s;

-- name: data_of_thread
-- Files that were dropped before the conversation began in their thread; the others go with it.
DELETE FROM app.data_copy d WHERE d.team_id = %(team_id)s AND d.channel = %(channel)s AND d.thread_ts = %(thread_ts)s;

-- name: conversation
-- All that refers to it goes as well, or loses the reference.
DELETE FROM app.conversation c WHERE c.team_id = %(team_id)s AND c.id = %(id)s;

-- name: threads_with
-- Where somebody took part in what others began.
SELECT DISTINCT c.id, c.channel, c.thread_ts
FROM app.conversation c
WHERE c.team_id = %(team_id)s AND (
    EXISTS (SELECT FROM app.slack_event e
            WHERE e.team_id = c.team_id AND e.channel = c.channel AND e.thread_ts = c.thread_ts
              AND e.user_id = %(who)s)
    OR EXISTS (SELECT FROM app.fact f
               WHERE f.team_id = c.team_id AND f.conversation_id = c.id AND f.who = %(who)s)
    OR EXISTS (SELECT FROM app.cost_setting s
               WHERE s.team_id = c.team_id AND s.conversation_id = c.id AND s.who = %(who)s)
    OR EXISTS (SELECT FROM app.contradiction t
               WHERE t.team_id = c.team_id AND t.conversation_id = c.id AND %(who)s IN (t.who, t.decided_by))
    OR EXISTS (SELECT FROM app.delegation d
               WHERE d.team_id = c.team_id AND d.conversation_id = c.id AND %(who)s IN (d.asked_of, d.asked_by))
    OR EXISTS (SELECT FROM app.watch w
               WHERE w.team_id = c.team_id AND w.conversation_id = c.id AND %(who)s IN (w.saved_by, w.stopped_by)))
ORDER BY c.id;

-- name: name_in_facts
UPDATE app.fact SET who = %(nobody)s WHERE team_id = %(team_id)s AND who = %(who)s;

-- name: name_in_settings
UPDATE app.cost_setting SET who = %(nobody)s WHERE team_id = %(team_id)s AND who = %(who)s;

-- name: name_in_scenarios
UPDATE app.cost_scenario SET saved_by = %(nobody)s WHERE team_id = %(team_id)s AND saved_by = %(who)s;

-- name: name_in_contradictions
UPDATE app.contradiction
SET who = CASE WHEN who = %(who)s THEN %(nobody)s ELSE who END,
    decided_by = CASE WHEN decided_by = %(who)s THEN %(nobody)s ELSE decided_by END
WHERE team_id = %(team_id)s AND %(who)s IN (who, decided_by);

-- name: name_in_delegations
UPDATE app.delegation
SET asked_of = CASE WHEN asked_of = %(who)s THEN %(nobody)s ELSE asked_of END,
    asked_by = CASE WHEN asked_by = %(who)s THEN %(nobody)s ELSE asked_by END
WHERE team_id = %(team_id)s AND %(who)s IN (asked_of, asked_by);

-- name: name_in_watches
-- What a verdict rests on says who gave each answer.
UPDATE app.watch
SET saved_by = CASE WHEN saved_by = %(who)s THEN %(nobody)s ELSE saved_by END,
    stopped_by = CASE WHEN stopped_by = %(who)s THEN %(nobody)s ELSE stopped_by END,
    basis = replace(replace(basis::text, '<@' || %(who)s || '>', %(nobody)s), %(who)s, %(nobody)s)::jsonb
WHERE team_id = %(team_id)s
  AND (%(who)s IN (saved_by, stopped_by) OR strpos(basis::text, %(who)s) > 0);

-- name: name_in_flips
UPDATE app.watch_flip
SET was = replace(replace(was::text, '<@' || %(who)s || '>', %(nobody)s), %(who)s, %(nobody)s)::jsonb,
    became = replace(replace(became::text, '<@' || %(who)s || '>', %(nobody)s), %(who)s, %(nobody)s)::jsonb,
    because = replace(replace(because, '<@' || %(who)s || '>', %(nobody)s), %(who)s, %(nobody)s)
WHERE team_id = %(team_id)s AND strpos(was::text || became::text || because, %(who)s) > 0;

-- name: events_of
UPDATE app.slack_event SET body = '{}', user_id = %(nobody)s
WHERE team_id = %(team_id)s AND user_id = %(who)s AND handled_at IS NOT NULL;

-- name: notes_to
-- What was shown to one person alone.
DELETE FROM app.slack_card WHERE team_id = %(team_id)s AND ephemeral_user = %(who)s;

-- name: show_anew
-- Cards of a conversation name people.
UPDATE app.slack_card c
SET version = c.version + 1
WHERE c.team_id = %(team_id)s AND c.subject ->> 'conversation_id' = %(id)s
  AND c.kind IN ('answers', 'verdict', 'costs', 'question', 'contradiction', 'delegation');

-- name: defaults_of
-- Values that somebody gave, or agreed to be remembered.
DELETE FROM app.workspace_default d
WHERE d.team_id = %(team_id)s AND %(who)s IN (d.said_by, d.consented_by)
RETURNING d.name;

-- name: clear_old
SELECT events, threads, cards FROM app.clear_old(now() - %(age)s::interval, %(at_most)s);
