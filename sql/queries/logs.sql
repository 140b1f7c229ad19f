-- name: add
-- Written down twice, as after a lost answer, a line is there once.
INSERT INTO app.stage_log (team_id, run_id, seq, attempt, n, at, level, line)
SELECT %(team_id)s, %(run_id)s, %(seq)s, %(attempt)s, a.n, a.at, a.level, a.line
FROM unnest(%(ns)s::integer[], %(ats)s::timestamptz[], %(levels)s::text[], %(lines)s::text[]) AS a (n, at, level, line)
ON CONFLICT DO NOTHING;

-- name: trim
-- Keep of a stage, of all its attempts together, the first lines and the last ones, as many or as much as allowed.
-- What goes lies side by side, so it is deleted as a range whose ends are looked for once: joined line by line, it
-- would cost the square of the lines.
WITH middle AS MATERIALIZED (
    SELECT min(ARRAY[w.attempt, w.n]) AS first, max(ARRAY[w.attempt, w.n]) AS last
    FROM (
        SELECT s.attempt, s.n,
            row_number() OVER past AS place, count(*) OVER () AS places,
            sum(octet_length(s.line)) OVER past AS upto, sum(octet_length(s.line)) OVER () AS total,
            octet_length(s.line) AS own
        FROM app.stage_log s
        WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s AND s.seq = %(seq)s
        WINDOW past AS (ORDER BY s.attempt, s.n)
    ) w
    WHERE (w.place > %(first_lines)s OR w.upto > %(first_bytes)s)
      AND (w.places - w.place >= %(last_lines)s OR w.total - w.upto + w.own > %(last_bytes)s)
)
DELETE FROM app.stage_log l
WHERE l.team_id = %(team_id)s AND l.run_id = %(run_id)s AND l.seq = %(seq)s
  AND ARRAY[l.attempt, l.n] BETWEEN (SELECT m.first FROM middle m) AND (SELECT m.last FROM middle m);

-- name: of_run
-- In order, one stage's or all; after a line that was read before, where one is given.
SELECT l.seq, l.attempt, l.n, l.at, l.level, l.line
FROM app.stage_log l
WHERE l.team_id = %(team_id)s AND l.run_id = %(run_id)s AND (l.seq = %(seq)s OR %(seq)s::integer IS NULL)
  AND (l.seq, l.attempt, l.n) > (%(after_seq)s, %(after_attempt)s, %(after_n)s)
ORDER BY l.seq, l.attempt, l.n
LIMIT %(at_most)s;

-- name: last
-- The last lines of each stage, in order.
SELECT t.seq, t.attempt, t.n, t.at, t.level, t.line
FROM app.stage s
CROSS JOIN LATERAL (
    SELECT l.seq, l.attempt, l.n, l.at, l.level, l.line
    FROM app.stage_log l
    WHERE l.team_id = s.team_id AND l.run_id = s.run_id AND l.seq = s.seq
    ORDER BY l.attempt DESC, l.n DESC
    LIMIT %(at_most)s
) t
WHERE s.team_id = %(team_id)s AND s.run_id = %(run_id)s
ORDER BY t.seq, t.attempt, t.n;

-- name: count
SELECT count(*) AS lines
FROM app.stage_log l
WHERE l.team_id = %(team_id)s AND l.run_id = %(run_id)s;
