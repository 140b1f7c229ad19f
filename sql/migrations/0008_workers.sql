-- Which workers there are, which of them a stage fits, and whose turn it is.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

-- One row for each worker of stages, kept by beats. Workers serve every team, so their rows belong to none and hold
-- nothing of one: the app reads them, the engine writes them.
CREATE TABLE app.worker (
    id text PRIMARY KEY DEFAULT app.short_id(),
    -- As stages name their owner.
    name text NOT NULL UNIQUE,
    host text NOT NULL,
    -- The kernel and namespace that the process id belongs to.
    place text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    queues text[] NOT NULL CHECK (cardinality(queues) > 0),
    concurrency integer NOT NULL CHECK (concurrency > 0),
    -- [{"id": ..., "name": ..., "memory_bytes": ...}]; an id is the same for every worker that sees the GPU.
    gpus jsonb NOT NULL DEFAULT '[]',
    memory_bytes bigint NOT NULL,
    disk_bytes bigint NOT NULL,
    cores integer NOT NULL,
    lease_s double precision NOT NULL CHECK (lease_s > 0),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    draining_since timestamptz
);
GRANT SELECT ON app.worker TO cairn_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.worker TO cairn_engine;

-- Stages that the sweep looks at, and those that occupy GPUs: both few among many.
CREATE INDEX stage_waiting ON app.stage (queue) WHERE state = 'pending' AND (waits_for IS NOT NULL OR needs <> '{}');
CREATE INDEX stage_gpus ON app.stage (state) WHERE gpus <> '{}';

-- Whether a GPU counts as one of the size asked for: a card of 80 GB shows up to 2 % less, which its driver keeps.
CREATE FUNCTION app.is_enough(p_memory_bytes numeric, p_needs jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
SELECT p_memory_bytes * 50 >= coalesce((p_needs->>'gpu_memory_bytes')::numeric, 0) * 49
$$;
GRANT EXECUTE ON FUNCTION app.is_enough TO cairn_app, cairn_engine;

-- Whether a stage with these needs could run on a host once nothing else does; agents.runs.needs.Host.fits agrees.
CREATE FUNCTION app.fits(p_needs jsonb, p_gpus jsonb, p_memory_bytes numeric, p_disk_bytes numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
SELECT p_needs = '{}' OR (
    coalesce((p_needs->>'memory_bytes')::numeric, 0) <= p_memory_bytes
    AND coalesce((p_needs->>'disk_bytes')::numeric, 0) <= p_disk_bytes
    AND coalesce((p_needs->>'gpus')::integer, 0) <= (
        SELECT count(*) FROM jsonb_to_recordset(p_gpus) AS g (memory_bytes numeric)
        WHERE app.is_enough(g.memory_bytes, p_needs)))
$$;
GRANT EXECUTE ON FUNCTION app.fits TO cairn_app, cairn_engine;

-- GPUs that attempts occupy, of all teams. A cancelled attempt ends within a beat of its worker, not at once.
CREATE VIEW app.gpu_in_use AS
SELECT g.gpu, s.team_id, s.run_id
FROM app.stage s
CROSS JOIN LATERAL unnest(s.gpus) AS g (gpu)
WHERE s.gpus <> '{}'
  AND (s.state = 'running' AND s.lease_until > clock_timestamp()
       OR s.state = 'cancelled' AND s.finished_at > clock_timestamp() - interval '5 seconds');
GRANT SELECT ON app.gpu_in_use TO cairn_engine;

-- The same for a team: that a GPU is occupied, and with which run where it is the team's own.
CREATE FUNCTION app.gpus_in_use() RETURNS TABLE (gpu text, run_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT u.gpu, CASE WHEN u.team_id = app.current_team() THEN u.run_id END FROM app.gpu_in_use u
$$;
GRANT EXECUTE ON FUNCTION app.gpus_in_use TO cairn_app;

-- The free GPUs of a host that a stage would get, the smallest that are enough; NULL where there are too few. No
-- other stage is given GPUs before the caller's transaction ends.
CREATE FUNCTION app.pick_gpus(p_needs jsonb, p_gpus jsonb) RETURNS text[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted integer := coalesce((p_needs->>'gpus')::integer, 0);
    picked text[];
BEGIN
    IF wanted = 0 THEN
        RETURN '{}';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('cairn gpus', 0));
    -- A statement of its own, so that it sees what was committed while the lock was waited for.
    SELECT array_agg(f.id) INTO picked
    FROM (
        SELECT g.id
        FROM jsonb_to_recordset(p_gpus) AS g (id text, memory_bytes numeric)
        WHERE app.is_enough(g.memory_bytes, p_needs)
          AND NOT EXISTS (SELECT FROM app.gpu_in_use u WHERE u.gpu = g.id)
        ORDER BY g.memory_bytes, g.id
        LIMIT wanted
    ) f;
    RETURN CASE WHEN cardinality(picked) = wanted THEN picked END;
END $$;
GRANT EXECUTE ON FUNCTION app.pick_gpus TO cairn_app;

-- Whatever moves a stage, also a worker of the release before: only an attempt occupies GPUs, and only a stage that
-- is not taken up waits for something.
CREATE FUNCTION app.settle_stage() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state NOT IN ('running', 'cancelled') THEN
        NEW.gpus := '{}';
    END IF;
    IF NEW.state NOT IN ('pending', 'waiting') THEN
        NEW.waits_for := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stage_settles BEFORE UPDATE OF state ON app.stage
FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION app.settle_stage();

-- Have a stage's waiting job picked up at a moment, rather than when it would come round by itself.
CREATE FUNCTION app.wake_job(p_job_id bigint, p_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    woken record;
BEGIN
    UPDATE procrastinate_jobs j SET scheduled_at = p_at
    WHERE j.id = p_job_id AND j.status = 'todo' AND j.scheduled_at > p_at
    RETURNING j.queue_name INTO woken;
    IF FOUND THEN
        -- What procrastinate says itself of a new job; it says nothing of one whose time has come.
        PERFORM pg_notify(
            'procrastinate_queue_v1#' || woken.queue_name,
            json_build_object('type', 'job_inserted', 'job_id', p_job_id)::text);
    END IF;
END $$;

CREATE FUNCTION app.wake_stage(p_run_id text, p_seq integer) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT app.wake_job(s.job_id, clock_timestamp()) FROM app.stage s
WHERE s.team_id = app.current_team() AND s.run_id = p_run_id AND s.seq = p_seq
$$;
GRANT EXECUTE ON FUNCTION app.wake_stage TO cairn_app;

-- GPUs became free: let the first few that wait for some look again, whoever's they are.
CREATE FUNCTION app.wake_for_gpus() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM app.wake_job(
        w.job_id, clock_timestamp() + CASE NEW.state WHEN 'cancelled' THEN interval '5 seconds' ELSE '0' END)
    FROM (
        SELECT s.job_id
        FROM app.stage s
        JOIN procrastinate_jobs j ON j.id = s.job_id
        WHERE s.state = 'pending' AND s.waits_for IS NOT NULL AND s.needs ? 'gpus' AND j.status = 'todo'
        ORDER BY j.priority DESC, j.id
        LIMIT 4
        FOR UPDATE OF j SKIP LOCKED
    ) w;
    RETURN NULL;
END $$;
CREATE TRIGGER stage_frees_gpus AFTER UPDATE OF state ON app.stage
FOR EACH ROW WHEN (OLD.gpus <> '{}' AND OLD.state = 'running' AND NEW.state <> 'running')
EXECUTE FUNCTION app.wake_for_gpus();

-- Defer a stage's job. Runs of a higher priority come first; within one, teams take turns: a job's place in the line
-- is one after its team's last waiting job, or after the first of the line where the team has none waiting. What a
-- transaction under way adds is not seen, so that two at once may share a place; nobody waits for a lock.
CREATE FUNCTION app.defer_stage(
    p_run_id text, p_seq integer, p_queue text, p_priority integer, p_run_at timestamptz
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- procrastinate takes the highest number first: places count down from the top of the priority's range.
    top integer := p_priority * 500000000;
    bottom integer := top - 499999999;
    first_waiting integer;
    own_last integer;
    place integer;
BEGIN
    SELECT top - j.priority INTO first_waiting
    FROM procrastinate_jobs j
    WHERE j.status = 'todo' AND j.task_name = 'stage' AND j.queue_name = p_queue
      AND j.priority BETWEEN bottom AND top
      AND (j.scheduled_at IS NULL OR j.scheduled_at <= clock_timestamp())
    ORDER BY j.priority DESC
    LIMIT 1;
    SELECT top - j.priority INTO own_last
    FROM procrastinate_jobs j
    WHERE j.status = 'todo' AND j.task_name = 'stage' AND j.queue_name = p_queue
      AND j.priority BETWEEN bottom AND top
      AND j.args->>'team_id' = app.current_team()
    ORDER BY j.priority
    LIMIT 1;
    place := least(greatest(first_waiting, own_last, 0) + 1, 499999999);
    RETURN app.defer_job(
        p_queue, 'stage', jsonb_build_object('team_id', app.current_team(), 'run_id', p_run_id, 'seq', p_seq),
        run_at => p_run_at, job_priority => top - place);
END $$;
GRANT EXECUTE ON FUNCTION app.defer_stage TO cairn_app;
