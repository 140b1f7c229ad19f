-- What people set for a cost comparison beside their answers, and the scenarios that they keep to compare with.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

-- Inputs of the cost core that no question of the interview fills, by the core's own key. As with answers, a changed
-- one ends the older row and adds one, so that who set what stays known.
CREATE TABLE app.cost_setting (
    team_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id text NOT NULL,
    key text NOT NULL,
    -- A JSON null: set back to what the cost core assumes.
    value jsonb NOT NULL,
    who text NOT NULL,
    -- The event it came from.
    source text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    superseded_at timestamptz,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE
);
CREATE UNIQUE INDEX cost_setting_current
    ON app.cost_setting (team_id, conversation_id, key) WHERE superseded_at IS NULL;
CALL app.protect('app.cost_setting', 'SELECT, INSERT, UPDATE, DELETE');

-- A scenario is inputs alone: it is priced anew whenever it is compared, so that prices of two days never mix.
CREATE TABLE app.cost_scenario (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    conversation_id text NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    -- As a cost file holds them.
    document jsonb NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, conversation_id) REFERENCES app.conversation ON DELETE CASCADE
);
CREATE UNIQUE INDEX cost_scenario_name ON app.cost_scenario (team_id, conversation_id, lower(name));
CALL app.protect('app.cost_scenario', 'SELECT, INSERT, UPDATE, DELETE');
