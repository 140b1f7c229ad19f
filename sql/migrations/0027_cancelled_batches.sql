-- Batches of cancelled runs that still go on at their teachers, across teams: whoever works ends them.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

CREATE FUNCTION app.cancelled_batches()
RETURNS TABLE (team_id text, run_id text, key text, generation integer, external_id text, teacher jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.team_id, e.run_id, e.key, e.generation, e.external_id, r.params -> 'spec' -> 'teacher'
    FROM app.effect e
    JOIN app.run r ON r.team_id = e.team_id AND r.id = e.run_id
    WHERE e.state = 'done' AND e.is_open AND r.state = 'cancelled' AND r.kind = 'distil'
    ORDER BY e.intended_at
    LIMIT 100
$$;
GRANT EXECUTE ON FUNCTION app.cancelled_batches TO cairn_engine;
