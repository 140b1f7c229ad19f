-- depends: 03.04.00_50_post_add_retry_failed_job_procedure
-- The ends of a queue's line, and of a team's part of it: app.defer_stage looks both up for every job. Limited to
-- stages, so that procrastinate's own query cannot use them: while it knows little of a queue that just grew, the
-- planner would rather read and sort all of it than walk the index that is in order.
SET lock_timeout = '4s';
SET statement_timeout = '60s';

CREATE INDEX cairn_line ON public.procrastinate_jobs (queue_name, priority DESC)
WHERE status = 'todo' AND task_name = 'stage';
CREATE INDEX cairn_line_of_team ON public.procrastinate_jobs (queue_name, (args->>'team_id'), priority)
WHERE status = 'todo' AND task_name = 'stage';
