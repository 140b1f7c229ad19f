-- The moves of runs and stages are those of agents.runs.states, and a stage is taken up in its turn.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

-- Without three moves that no release ever made: pending>waiting and waiting>done of a stage, needs_attention>failed
-- of a run. Code of the previous release, which may still run, asks for none of them.
CREATE OR REPLACE TRIGGER run_moves BEFORE UPDATE OF state ON app.run
FOR EACH ROW EXECUTE FUNCTION app.check_move(
    'running>needs_attention', 'running>done', 'running>failed', 'running>cancelled',
    'needs_attention>running', 'needs_attention>cancelled',
    'failed>running');
CREATE OR REPLACE TRIGGER stage_moves BEFORE UPDATE OF state ON app.stage
FOR EACH ROW EXECUTE FUNCTION app.check_move(
    'pending>running', 'pending>cancelled',
    'waiting>pending', 'waiting>cancelled',
    'running>pending', 'running>waiting', 'running>done', 'running>failed', 'running>cancelled',
    'failed>pending');

-- A run has one stage in hand at most, with a worker or with people.
CREATE UNIQUE INDEX stage_in_hand ON app.stage (team_id, run_id) WHERE state IN ('running', 'waiting');

-- A stage is taken up when the ones before it are done and its run goes on, and its attempts are counted upwards.
-- While its team is halted nobody gets it, also no worker of the release before and none that looked a moment ago.
CREATE FUNCTION app.check_turn() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.attempt < OLD.attempt THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'the attempts at a stage are counted upwards';
    END IF;
    IF NEW.state <> 'running' OR NEW.attempt = OLD.attempt THEN
        RETURN NEW;
    END IF;
    IF
        EXISTS (
            SELECT FROM app.stage earlier
            WHERE earlier.team_id = NEW.team_id AND earlier.run_id = NEW.run_id AND earlier.seq < NEW.seq
              AND earlier.state <> 'done')
        OR NOT EXISTS (
            SELECT FROM app.run r WHERE r.team_id = NEW.team_id AND r.id = NEW.run_id AND r.state = 'running')
    THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'it is not the turn of this stage';
    END IF;
    -- Looked up here, where the row is held: the claim's own look may be older than the switch.
    RETURN CASE WHEN NOT app.is_halted(NEW.team_id) THEN NEW END;
END $$;
CREATE TRIGGER stage_turn BEFORE UPDATE OF state, attempt ON app.stage
FOR EACH ROW EXECUTE FUNCTION app.check_turn();
