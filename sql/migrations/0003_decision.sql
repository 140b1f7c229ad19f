-- What people said, what followed from it, and who did what.
SET lock_timeout = '4s';

-- The one truth of answers. A changed answer ends the older row and adds one, so that who said what stays known.
CREATE TABLE app.fact (
    team_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id text NOT NULL,
    slot text NOT NULL,
    value jsonb NOT NULL,
    who text NOT NULL,
    -- The message ts or event key it came from.
    source text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT now(),
    superseded_at timestamptz,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE
);
CREATE UNIQUE INDEX fact_current ON app.fact (team_id, conversation_id, slot) WHERE superseded_at IS NULL;
CALL app.protect('app.fact', 'SELECT, INSERT, UPDATE, DELETE');

-- A question asked; a click must carry the id of the open one, of which a conversation has one at most.
CREATE TABLE app.question (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    conversation_id text NOT NULL,
    slot text NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'answered', 'withdrawn')),
    -- The answer that closed it, kept even where that answer is changed later.
    fact_id bigint,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE,
    FOREIGN KEY (team_id, fact_id) REFERENCES app.fact,
    CHECK ((status = 'open') = (closed_at IS NULL)),
    CHECK ((status = 'answered') = (fact_id IS NOT NULL))
);
CREATE UNIQUE INDEX question_open ON app.question (team_id, conversation_id) WHERE status = 'open';
CALL app.protect('app.question', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE app.verdict (
    team_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id text NOT NULL,
    answers jsonb NOT NULL,
    facts jsonb NOT NULL,
    decision jsonb NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE
);
CREATE INDEX verdict_latest ON app.verdict (team_id, conversation_id, id DESC);
CALL app.protect('app.verdict', 'SELECT, INSERT, DELETE');

CREATE TABLE app.comparison (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    conversation_id text NOT NULL,
    inputs jsonb NOT NULL,
    result jsonb NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE
);
CREATE INDEX comparison_latest ON app.comparison (team_id, conversation_id, made_at DESC);
CALL app.protect('app.comparison', 'SELECT, INSERT, DELETE');

CREATE TABLE app.audit (
    team_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    who text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    event_key text,
    params_hash text,
    details jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (team_id, id)
);
CREATE INDEX audit_event ON app.audit (team_id, event_key) WHERE event_key IS NOT NULL;
-- Append-only: no role is granted UPDATE or DELETE, and the trigger holds even for the owner.
CALL app.protect('app.audit', 'SELECT, INSERT', 'SELECT, INSERT');
CREATE FUNCTION app.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON app.audit
FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
