-- name: schema
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS conversation (id TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS member (
    conversation TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (conversation, account)
);
CREATE TABLE IF NOT EXISTS message (
    channel TEXT NOT NULL, ts TEXT NOT NULL, thread_ts TEXT, in_channel INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (channel, ts)
);
CREATE INDEX IF NOT EXISTS message_thread ON message (channel, thread_ts, ts) WHERE thread_ts IS NOT NULL;
CREATE TABLE IF NOT EXISTS file (id TEXT PRIMARY KEY, body TEXT NOT NULL, content BLOB);
CREATE TABLE IF NOT EXISTS read_mark (
    account TEXT NOT NULL, channel TEXT NOT NULL, ts TEXT NOT NULL, PRIMARY KEY (account, channel)
);
CREATE TABLE IF NOT EXISTS user_group (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS home (account TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS undelivered (event_id TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL);

-- name: put_account
INSERT INTO account (id, body) VALUES (:id, :body) ON CONFLICT (id) DO UPDATE SET body = excluded.body;

-- name: accounts
SELECT body FROM account ORDER BY rowid;

-- name: account
SELECT body FROM account WHERE id = :id;

-- name: put_user_group
INSERT INTO user_group (id, body) VALUES (:id, :body) ON CONFLICT (id) DO UPDATE SET body = excluded.body;

-- name: user_groups
SELECT body FROM user_group ORDER BY rowid;

-- name: user_group
SELECT body FROM user_group WHERE id = :id;

-- name: put_conversation
INSERT INTO conversation (id, kind, body) VALUES (:id, :kind, :body)
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, body = excluded.body;

-- name: conversation
SELECT body FROM conversation WHERE id = :id;

-- name: conversations
SELECT body FROM conversation ORDER BY rowid;

-- name: add_member
INSERT INTO member (conversation, account) VALUES (:conversation, :account) ON CONFLICT DO NOTHING;

-- name: members
SELECT account FROM member WHERE conversation = :conversation ORDER BY rowid;

-- name: put_message
INSERT INTO message (channel, ts, thread_ts, in_channel, body)
VALUES (:channel, :ts, :thread_ts, :in_channel, :body)
ON CONFLICT (channel, ts) DO UPDATE SET body = excluded.body;

-- name: message
SELECT body FROM message WHERE channel = :channel AND ts = :ts;

-- name: streaming
SELECT body FROM message WHERE json_extract(body, '$.streaming_state') = :streaming_state ORDER BY ts;

-- name: delete_message
DELETE FROM message WHERE channel = :channel AND ts = :ts;

-- name: newest_ts
SELECT max(ts) FROM message;

-- name: channel_messages
-- Newest first, the bounds exclusive; an inclusive one is widened by the caller.
SELECT body FROM message
WHERE channel = :channel AND in_channel = 1 AND ts > :after AND ts < :before
ORDER BY ts DESC LIMIT :count;

-- name: thread_messages
-- The newest of the root's replies, newest first.
SELECT body FROM message
WHERE channel = :channel AND thread_ts = :thread_ts AND ts > :after AND ts < :before
ORDER BY ts DESC LIMIT :count;

-- name: thread_messages_oldest_first
SELECT body FROM message
WHERE channel = :channel AND thread_ts = :thread_ts AND ts > :after AND ts < :before
ORDER BY ts LIMIT :count;

-- name: search_messages
SELECT body FROM message WHERE body LIKE :pattern ESCAPE '\' ORDER BY ts DESC LIMIT :count;

-- name: put_file
INSERT INTO file (id, body) VALUES (:id, :body) ON CONFLICT (id) DO UPDATE SET body = excluded.body;

-- name: put_content
UPDATE file SET content = :content WHERE id = :id;

-- name: file
SELECT body FROM file WHERE id = :id;

-- name: content
SELECT content FROM file WHERE id = :id;

-- name: mark_read
INSERT INTO read_mark (account, channel, ts) VALUES (:account, :channel, :ts)
ON CONFLICT (account, channel) DO UPDATE SET ts = max(ts, excluded.ts);

-- name: read_mark
SELECT ts FROM read_mark WHERE account = :account AND channel = :channel;

-- name: put_home
INSERT INTO home (account, body) VALUES (:account, :body) ON CONFLICT (account) DO UPDATE SET body = excluded.body;

-- name: home
SELECT body FROM home WHERE account = :account;

-- name: add_undelivered
INSERT INTO undelivered (event_id, position, body)
VALUES (:event_id, (SELECT coalesce(max(position), 0) + 1 FROM undelivered), :body);

-- name: delete_undelivered
DELETE FROM undelivered WHERE event_id = :event_id;

-- name: undelivered
SELECT body FROM undelivered ORDER BY position;
