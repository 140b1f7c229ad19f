-- name: version
-- What tells whether a price book is still the newest: lists fetched, and changes of the team's own.
SELECT
    (SELECT coalesce(sum(s.fetches), 0)::bigint FROM app.price_source s) AS listed,
    (SELECT coalesce(sum(v.version), 0)::bigint FROM app.price_version v WHERE v.team_id = %(team_id)s) AS own;

-- name: sources
SELECT s.name, s.tried_at, s.error, s.fetched_at, s.version
FROM app.price_source s
ORDER BY s.name;

-- name: claim_source
-- Set out to fetch a list, unless somebody has just done so or the one that is kept is new enough.
INSERT INTO app.price_source AS s (name, tried_at)
VALUES (%(name)s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET tried_at = EXCLUDED.tried_at
WHERE s.tried_at <= clock_timestamp() - %(retry_after)s::interval
  AND (s.fetched_at IS NULL OR s.fetched_at <= clock_timestamp() - %(max_age)s::interval)
RETURNING s.name;

-- name: source_failed
UPDATE app.price_source SET error = %(error)s WHERE name = %(name)s;

-- name: source_fetched
-- Note that a list was fetched. Two that come at once wait here for each other.
UPDATE app.price_source
SET fetched_at = clock_timestamp(), version = %(version)s, error = NULL, fetches = fetches + 1
WHERE name = %(name)s
RETURNING fetched_at;

-- name: keep_listed
-- Keep a list: a price that is as before lasts until now, another one begins now. Returns those that changed.
WITH given AS (
    SELECT g.kind, g.name, g.price
    FROM jsonb_to_recordset(%(items)s) AS g (kind text, name text, price jsonb)
), newest AS (
    SELECT DISTINCT ON (l.kind, l.name) l.kind, l.name, l.first_at, l.price
    FROM app.listed_price l
    WHERE l.source = %(source)s
    ORDER BY l.kind, l.name, l.first_at DESC
), same AS (
    UPDATE app.listed_price l
    SET last_at = %(at)s, version = %(version)s
    FROM given g
    JOIN newest n ON n.kind = g.kind AND n.name = g.name AND n.price = g.price
    WHERE l.source = %(source)s AND l.kind = n.kind AND l.name = n.name AND l.first_at = n.first_at
    RETURNING l.kind, l.name
), added AS (
    INSERT INTO app.listed_price (source, kind, name, first_at, last_at, version, price)
    SELECT %(source)s, g.kind, g.name, %(at)s, %(at)s, %(version)s, g.price
    FROM given g
    WHERE NOT EXISTS (SELECT FROM same s WHERE s.kind = g.kind AND s.name = g.name)
    RETURNING kind, name, price
)
SELECT a.kind, a.name, a.price, n.price AS before
FROM added a
LEFT JOIN newest n ON n.kind = a.kind AND n.name = a.name
ORDER BY a.kind, a.name;

-- name: listed
-- The last known price of everything that any list ever had.
SELECT DISTINCT ON (l.source, l.kind, l.name)
    l.source, l.kind, l.name, l.price, l.version, l.first_at, l.last_at
FROM app.listed_price l
ORDER BY l.source, l.kind, l.name, l.first_at DESC;

-- name: listed_history
SELECT l.source, l.kind, l.name, l.price, l.version, l.first_at, l.last_at
FROM app.listed_price l
WHERE l.kind = %(kind)s AND l.name = %(name)s
ORDER BY l.first_at DESC, l.source
LIMIT %(at_most)s;

-- name: lock
-- One change of a team's prices at a time; held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('cairn prices ' || %(team_id)s, 0));

-- name: own
SELECT p.kind, p.name, p.price, p.set_by, p.set_at, p.ended_by, p.ended_at
FROM app.own_price p
WHERE p.team_id = %(team_id)s AND p.ended_at IS NULL
ORDER BY p.kind DESC, p.name;

-- name: own_history
SELECT p.kind, p.name, p.price, p.set_by, p.set_at, p.ended_by, p.ended_at
FROM app.own_price p
WHERE p.team_id = %(team_id)s AND p.kind = %(kind)s AND p.name = %(name)s
ORDER BY p.id DESC
LIMIT %(at_most)s;

-- name: end_own
UPDATE app.own_price
SET ended_by = %(who)s, ended_at = clock_timestamp()
WHERE team_id = %(team_id)s AND kind = %(kind)s AND name = %(name)s AND ended_at IS NULL;

-- name: set_own
INSERT INTO app.own_price (team_id, kind, name, price, set_by)
VALUES (%(team_id)s, %(kind)s, %(name)s, %(price)s, %(who)s);

-- name: touch_cards
-- Have the newest comparisons in threads, and cards with prices, shown again as they are now.
UPDATE app.slack_card
SET version = version + 1
WHERE team_id = %(team_id)s AND key IN (
    SELECT c.key
    FROM app.slack_card c
    WHERE c.team_id = %(team_id)s AND c.kind IN ('costs', 'prices') AND c.created_at > now() - interval '30 days'
    ORDER BY c.created_at DESC
    LIMIT %(at_most)s);
