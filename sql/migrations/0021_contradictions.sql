-- Two answers to one question that do not go together: what holds, and what somebody said since.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

CREATE TABLE app.contradiction (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    conversation_id text NOT NULL,
    slot text NOT NULL,
    -- The answer that held as the other was said.
    fact_id bigint NOT NULL,
    -- What was said since, by whom and in which message; it is no answer before somebody chooses it.
    value jsonb NOT NULL,
    who text NOT NULL,
    source text NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now(),
    -- overtaken: another answer took the place of the one that held.
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'kept', 'changed', 'overtaken')),
    decided_by text,
    decided_at timestamptz,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE,
    FOREIGN KEY (team_id, fact_id) REFERENCES app.fact ON DELETE CASCADE,
    -- One message contradicts an answer once, however often it is read.
    UNIQUE (team_id, conversation_id, slot, fact_id, source, value),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((state = 'open') = (decided_by IS NULL))
);
CREATE INDEX contradiction_open ON app.contradiction (team_id, conversation_id) WHERE state = 'open';
CREATE INDEX contradiction_fact ON app.contradiction (team_id, fact_id);
CALL app.protect('app.contradiction', 'SELECT, INSERT, UPDATE (state, decided_by, decided_at), DELETE');
