-- name: estimate
SELECT p.estimate
FROM app.run r
JOIN app.proposal p ON p.team_id = r.team_id AND p.id = r.proposal_id
WHERE r.team_id = %(team_id)s AND r.id = %(run_id)s;

-- name: reserve
SELECT r.spend_id, r.refused_by, r.limit_usd, r.spent_usd, r.reserved_usd
FROM app.reserve(%(team_id)s, %(run_id)s, %(key)s, %(generation)s, %(usd)s, %(approved_usd)s) r;

-- name: spent
-- What a call really cost; one for which nothing was reserved costs something all the same.
INSERT INTO app.spend (team_id, run_id, effect_key, generation, state, reserved_usd, actual_usd, source)
VALUES (%(team_id)s, %(run_id)s, %(key)s, %(generation)s, 'spent', 0, %(actual_usd)s, 'reported')
ON CONFLICT (team_id, run_id, effect_key, generation) DO UPDATE
SET state = 'spent', actual_usd = EXCLUDED.actual_usd, source = 'reported';

-- name: assume_spent
UPDATE app.spend s
SET state = 'spent', actual_usd = s.reserved_usd, source = 'assumed'
WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s AND s.effect_key = %(key)s
  AND s.generation = %(generation)s AND s.state = 'reserved';

-- name: release
UPDATE app.spend
SET state = 'released', actual_usd = NULL, source = NULL
WHERE team_id = %(team_id)s AND run_id = %(run_id)s AND effect_key = %(key)s AND generation = %(generation)s;

-- name: allow_more
UPDATE app.run_budget
SET approved_usd = approved_usd + %(more_usd)s
WHERE team_id = %(team_id)s AND run_id = %(run_id)s;

-- name: caps
SELECT c.scope, c.limit_usd, c.spent_usd, c.reserved_usd
FROM app.caps(%(team_id)s) c
ORDER BY array_position(ARRAY['day', 'workspace', 'run'], c.scope);

-- name: budgets
SELECT b.scope, b.limit_usd, b.set_by, b.set_at
FROM app.budget b
WHERE b.team_id = %(team_id)s;

-- name: set_budget
INSERT INTO app.budget (team_id, scope, limit_usd, set_by)
VALUES (%(team_id)s, %(scope)s, %(limit_usd)s, %(who)s)
ON CONFLICT (team_id, scope) DO UPDATE
SET limit_usd = EXCLUDED.limit_usd, set_by = EXCLUDED.set_by, set_at = clock_timestamp();

-- name: remove_budget
DELETE FROM app.budget
WHERE team_id = %(team_id)s AND scope = %(scope)s;
