-- Who approved a proposal, how many have to, what they acknowledged, and which proposal took another's place.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

ALTER TABLE app.proposal
    -- By the estimate's high end when it was proposed.
    ADD COLUMN approvals_needed smallint NOT NULL DEFAULT 1 CHECK (approvals_needed IN (1, 2)),
    ADD COLUMN terms jsonb NOT NULL DEFAULT '[]',
    -- An edit denies the old proposal in favour of a new one: the release before this one knows no other state.
    ADD COLUMN replaced_by text,
    ADD CHECK (replaced_by IS NULL OR state = 'denied'),
    ADD FOREIGN KEY (team_id, replaced_by) REFERENCES app.proposal;
GRANT UPDATE (replaced_by) ON app.proposal TO cairn_app;

CREATE TABLE app.approval (
    team_id text NOT NULL,
    proposal_id text NOT NULL,
    who text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    event_key text,
    -- Of what was on the card that was approved.
    params_hash text NOT NULL,
    -- Their role at that moment; it is looked up again before the run starts.
    role text NOT NULL CHECK (role IN ('approver', 'admin')),
    terms jsonb NOT NULL DEFAULT '[]',
    -- Why it does not count, as of the last look at their role; NULL while it does.
    lost text,
    PRIMARY KEY (team_id, proposal_id, who),
    FOREIGN KEY (team_id, proposal_id) REFERENCES app.proposal
);
CALL app.protect(
    'app.approval', 'SELECT, INSERT, UPDATE (at, event_key, params_hash, role, terms, lost)', 'SELECT');

-- Whatever code runs, also that of the release before this one: what takes two people, or an acknowledgement, does not
-- start without.
CREATE FUNCTION app.check_approvals() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    given integer;
BEGIN
    IF NEW.approvals_needed > 1 OR NEW.terms <> '[]' THEN
        SELECT count(*) INTO given FROM app.approval a
        WHERE a.team_id = NEW.team_id AND a.proposal_id = NEW.id AND a.lost IS NULL
          AND a.params_hash = NEW.params_hash AND a.terms @> NEW.terms
          AND (a.who <> NEW.requested_by OR NEW.approvals_needed = 1);
        IF given < NEW.approvals_needed THEN
            RAISE EXCEPTION USING
                ERRCODE = 'check_violation',
                MESSAGE = format('proposal %s has %s of %s approvals', NEW.id, given, NEW.approvals_needed);
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proposal_approvals BEFORE UPDATE OF state ON app.proposal
FOR EACH ROW WHEN (NEW.state = 'approved' AND OLD.state <> 'approved')
EXECUTE FUNCTION app.check_approvals();
