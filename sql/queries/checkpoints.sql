-- name: enter_team
-- Bind the session to a team and wait for the thread's former turn, at most as long as a turn may take.
SELECT set_config('cairn.team_id', %(team_id)s, false), set_config('lock_timeout', %(lock_timeout)s, false);

-- name: enter_thread
SELECT pg_advisory_lock(hashtextextended(%(thread_id)s, 0));

-- name: leave
SELECT set_config('cairn.team_id', '', false), set_config('lock_timeout', '0', false), pg_advisory_unlock_all();
