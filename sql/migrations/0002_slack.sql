-- The inbox, the outbox and the conversations between them.
SET lock_timeout = '4s';

CREATE TABLE app.conversation (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    channel text NOT NULL,
    thread_ts text NOT NULL,
    started_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, id),
    UNIQUE (team_id, channel, thread_ts)
);
CALL app.protect('app.conversation', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT');

CREATE TABLE app.slack_event (
    team_id text NOT NULL,
    -- event_id of an event, trigger_id of a command, action or view.
    key text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('message', 'mention', 'command', 'action', 'view', 'home')),
    channel text,
    thread_ts text,
    message_ts text,
    user_id text NOT NULL,
    body jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    handled_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    error text,
    PRIMARY KEY (team_id, key)
);
-- A mention arrives both as message and as app_mention.
CREATE UNIQUE INDEX slack_event_message ON app.slack_event (team_id, channel, message_ts) WHERE message_ts IS NOT NULL;
CREATE INDEX slack_event_unhandled ON app.slack_event (received_at) WHERE handled_at IS NULL;
CALL app.protect('app.slack_event', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, DELETE');

-- Store an event and defer its turn, once; turns of one thread run one at a time, in order.
-- A plain channel message is kept only in a thread of Cairn's: a conversation, or one in which it showed a card to
-- everybody. Returns whether it was stored now.
CREATE FUNCTION app.receive_event(
    p_team_id text, p_key text, p_kind text, p_channel text, p_thread_ts text, p_message_ts text, p_user_id text,
    p_body jsonb, p_only_in_own_thread boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF p_only_in_own_thread AND NOT EXISTS (
        SELECT FROM app.conversation c
        WHERE c.team_id = p_team_id AND c.channel = p_channel AND c.thread_ts = p_thread_ts
        UNION ALL
        SELECT FROM app.slack_card c
        WHERE c.team_id = p_team_id AND c.channel = p_channel AND c.thread_ts = p_thread_ts
          AND c.ephemeral_user IS NULL
        UNION ALL
        SELECT FROM app.slack_sent s JOIN app.slack_card c USING (team_id, key)
        WHERE s.team_id = p_team_id AND s.ts = p_thread_ts AND c.channel = p_channel AND c.ephemeral_user IS NULL
    ) THEN
        RETURN false;
    END IF;
    INSERT INTO app.slack_event (team_id, key, kind, channel, thread_ts, message_ts, user_id, body)
    VALUES (p_team_id, p_key, p_kind, p_channel, p_thread_ts, p_message_ts, p_user_id, p_body)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM app.defer_job(
        'turn', 'turn', jsonb_build_object('team_id', p_team_id, 'key', p_key),
        format('thread:%s:%s:%s', p_team_id, coalesce(p_channel, p_user_id), coalesce(p_thread_ts, p_key)));
    RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION app.receive_event TO cairn_app;

-- A card holds what it is about, never blocks: whoever posts it renders the newest state.
CREATE TABLE app.slack_card (
    team_id text NOT NULL,
    key text NOT NULL,
    channel text NOT NULL,
    thread_ts text,
    -- Seen by this person alone; posted once, never edited.
    ephemeral_user text,
    kind text NOT NULL,
    subject jsonb NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, key)
);
CREATE INDEX slack_card_thread ON app.slack_card (team_id, channel, thread_ts);
-- A run's change and its card are one transaction of the engine.
CALL app.protect('app.slack_card', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE app.slack_sent (
    team_id text NOT NULL,
    key text NOT NULL,
    ts text,
    -- External ids made for this card, such as an uploaded file, so that a second try reuses them.
    made jsonb NOT NULL DEFAULT '{}',
    -- The card's version, and the one that Slack shows: due where they differ.
    wanted_version bigint NOT NULL DEFAULT 1,
    sent_version bigint NOT NULL DEFAULT 0,
    posting_since timestamptz,
    not_before timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,
    failures integer NOT NULL DEFAULT 0,
    error text,
    PRIMARY KEY (team_id, key),
    FOREIGN KEY (team_id, key) REFERENCES app.slack_card ON DELETE CASCADE
);
CREATE INDEX slack_sent_due ON app.slack_sent (not_before) WHERE wanted_version > sent_version;
CREATE INDEX slack_sent_claimed ON app.slack_sent (claimed_until) WHERE claimed_until IS NOT NULL;
CREATE INDEX slack_sent_message ON app.slack_sent (team_id, ts) WHERE ts IS NOT NULL;
CALL app.protect('app.slack_sent', 'SELECT', 'SELECT, INSERT, UPDATE');

CREATE FUNCTION app.slack_card_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO app.slack_sent (team_id, key, wanted_version) VALUES (NEW.team_id, NEW.key, NEW.version)
    ON CONFLICT (team_id, key) DO UPDATE SET wanted_version = EXCLUDED.wanted_version;
    PERFORM pg_notify('slack_card', '');
    RETURN NULL;
END $$;
CREATE TRIGGER slack_card_changed AFTER INSERT OR UPDATE ON app.slack_card
FOR EACH ROW EXECUTE FUNCTION app.slack_card_changed();
