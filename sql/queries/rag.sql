-- name: add_source
INSERT INTO app.rag_source (team_id, name, kind, location, link_base, registered_by)
VALUES (%(team_id)s, %(name)s, 'folder', %(location)s, %(link_base)s, %(who)s)
ON CONFLICT (team_id, name) DO UPDATE
SET location = excluded.location, link_base = excluded.link_base, registered_by = excluded.registered_by,
    registered_at = now()
WHERE (app.rag_source.location, app.rag_source.link_base)
    IS DISTINCT FROM (excluded.location, excluded.link_base);

-- name: sources
SELECT s.name, s.location, s.link_base, s.registered_by, s.registered_at
FROM app.rag_source s
WHERE s.team_id = %(team_id)s
ORDER BY s.name;

-- name: source
SELECT s.name, s.location, s.link_base, s.registered_by, s.registered_at
FROM app.rag_source s
WHERE s.team_id = %(team_id)s AND s.name = %(name)s;

-- name: indexes
SELECT i.name, i.source, g.documents, g.chunks, g.activated_at,
    (SELECT count(*) FROM app.rag_doc d
     WHERE d.team_id = i.team_id AND d.generation = g.id AND d.state = 'failed')::integer AS failed
FROM app.rag_index i
LEFT JOIN app.rag_generation g ON g.team_id = i.team_id AND g.id = i.active_generation
WHERE i.team_id = %(team_id)s
ORDER BY i.name;

-- name: failures
SELECT d.uri, d.error AS reason
FROM app.rag_index i
JOIN app.rag_doc d ON d.team_id = i.team_id AND d.generation = i.active_generation
WHERE i.team_id = %(team_id)s AND i.name = %(name)s AND d.state = 'failed'
ORDER BY d.uri;

-- name: busy_run
-- The run that works on an index, if there is one.
SELECT r.id
FROM app.run r
WHERE r.team_id = %(team_id)s AND r.kind = 'index' AND r.params ->> 'name' = %(name)s
  AND r.state IN ('running', 'needs_attention') AND r.id IS DISTINCT FROM %(not_run)s
ORDER BY r.created_at, r.id
LIMIT 1;

-- name: ensure_index
INSERT INTO app.rag_index (team_id, name, source)
VALUES (%(team_id)s, %(name)s, %(source)s)
ON CONFLICT (team_id, name) DO NOTHING;

-- name: lock_index
SELECT i.id, i.active_generation, g.pipeline
FROM app.rag_index i
LEFT JOIN app.rag_generation g ON g.team_id = i.team_id AND g.id = i.active_generation
WHERE i.team_id = %(team_id)s AND i.name = %(name)s
FOR UPDATE OF i;

-- name: generation_of_run
SELECT g.id, g.index_id, g.pipeline, g.state
FROM app.rag_generation g
WHERE g.team_id = %(team_id)s AND g.run_id = %(run_id)s;

-- name: abandoned
-- Generations of an index that answer nothing and that no run is at work on.
SELECT g.id
FROM app.rag_generation g
LEFT JOIN app.run r ON r.team_id = g.team_id AND r.id = g.run_id
WHERE g.team_id = %(team_id)s AND g.index_id = %(index_id)s
  AND g.id IS DISTINCT FROM (SELECT i.active_generation FROM app.rag_index i
                             WHERE i.team_id = g.team_id AND i.id = g.index_id)
  AND g.run_id IS DISTINCT FROM %(run_id)s
  AND (r.id IS NULL OR r.state NOT IN ('running', 'needs_attention'))
ORDER BY g.id;

-- name: add_generation
INSERT INTO app.rag_generation (team_id, index_id, run_id, pipeline, dimensions)
VALUES (%(team_id)s, %(index_id)s, %(run_id)s, %(pipeline)s, %(dimensions)s)
RETURNING id;

-- name: create_partition
SELECT app.rag_create_partition(%(generation)s);

-- name: drop_generation
SELECT app.rag_drop_generation(%(generation)s);

-- name: known
SELECT d.uri, d.sha256, d.may_pass
FROM app.rag_doc d
WHERE d.team_id = %(team_id)s AND d.generation = %(generation)s;

-- name: add_documents
INSERT INTO app.rag_doc (team_id, generation, uri, title, sha256, bytes, state, error, may_pass)
SELECT %(team_id)s, %(generation)s, f.uri, f.uri, f.sha256, f.bytes,
    CASE WHEN f.error IS NULL THEN 'listed' ELSE 'failed' END, f.error, f.may_pass
FROM unnest(
    %(uris)s::text[], %(digests)s::bytea[], %(sizes)s::bigint[], %(errors)s::text[], %(may_pass)s::boolean[]
) AS f (uri, sha256, bytes, error, may_pass);

-- name: copy_unchanged
-- Take over up to `at_most` documents that are the same as in the active generation, with their chunks.
WITH same AS (
    SELECT n.uri
    FROM app.rag_doc n
    JOIN app.rag_doc o ON o.team_id = n.team_id AND o.uri = n.uri AND o.sha256 = n.sha256
    WHERE n.team_id = %(team_id)s AND n.generation = %(generation)s AND n.state = 'listed'
      AND o.generation = %(base)s AND o.state <> 'listed' AND NOT o.may_pass
    ORDER BY n.uri
    LIMIT %(at_most)s
),
chunk AS (
    INSERT INTO app.rag_chunk (
        team_id, generation, uri, ord, start_char, end_char, page, heading, content, tsv, words, embedding
    )
    SELECT c.team_id, %(generation)s, c.uri, c.ord, c.start_char, c.end_char, c.page, c.heading, c.content, c.tsv,
        c.words, c.embedding
    FROM app.rag_chunk c
    JOIN same ON same.uri = c.uri
    WHERE c.team_id = %(team_id)s AND c.generation = %(base)s
)
UPDATE app.rag_doc n
SET title = o.title, chunks = o.chunks, state = o.state, text = o.text, note = o.note, error = o.error
FROM app.rag_doc o
JOIN same ON same.uri = o.uri
WHERE n.team_id = %(team_id)s AND n.generation = %(generation)s AND n.uri = o.uri
  AND o.team_id = n.team_id AND o.generation = %(base)s;

-- name: pending
SELECT d.uri, d.sha256
FROM app.rag_doc d
WHERE d.team_id = %(team_id)s AND d.generation = %(generation)s AND d.state = 'listed'
ORDER BY d.uri;

-- name: count_documents
SELECT count(*)::integer AS listed, count(*) FILTER (WHERE d.state <> 'listed')::integer AS done
FROM app.rag_doc d
WHERE d.team_id = %(team_id)s AND d.generation = %(generation)s;

-- name: load_table
-- Rows come here by COPY, which a table with row level security refuses, and go on by INSERT.
CREATE TEMPORARY TABLE IF NOT EXISTS rag_load (
    uri text, ord integer, start_char integer, end_char integer, page integer, heading text, content text,
    embedding halfvec
) ON COMMIT DELETE ROWS;

-- name: copy_in
COPY rag_load (uri, ord, start_char, end_char, page, heading, content, embedding) FROM STDIN (FORMAT BINARY);

-- name: add_chunks
INSERT INTO app.rag_chunk (
    team_id, generation, uri, ord, start_char, end_char, page, heading, content, tsv, words, embedding
)
SELECT %(team_id)s, %(generation)s, l.uri, l.ord, l.start_char, l.end_char, l.page, l.heading, l.content, w.tsv,
    (SELECT coalesce(sum(cardinality(u.positions)), 0)::integer FROM unnest(w.tsv) u), l.embedding
FROM rag_load l
CROSS JOIN LATERAL (SELECT app.rag_words(l.heading || E'\n' || l.content) AS tsv OFFSET 0) w;

-- name: documents_read
UPDATE app.rag_doc d
SET title = f.title, chunks = f.chunks, text = f.text, note = f.note, error = f.error, may_pass = f.may_pass,
    state = CASE WHEN f.error IS NULL THEN 'read' ELSE 'failed' END
FROM unnest(
    %(uri)s::text[], %(title)s::text[], %(chunks)s::integer[], %(text)s::text[], %(note)s::text[],
    %(error)s::text[], %(may_pass)s::boolean[]
) AS f (uri, title, chunks, text, note, error, may_pass)
WHERE d.team_id = %(team_id)s AND d.generation = %(generation)s AND d.uri = f.uri AND d.state = 'listed';

-- name: cached
SELECT c.sha256, c.embedding::text AS embedding
FROM app.rag_embed_cache c
WHERE c.team_id = %(team_id)s AND c.model = %(model)s AND c.sha256 = ANY (%(digests)s);

-- name: add_cached
INSERT INTO app.rag_embed_cache (team_id, model, sha256, embedding)
SELECT %(team_id)s, %(model)s, f.sha256, f.embedding::halfvec
FROM unnest(%(digests)s::bytea[], %(embeddings)s::text[]) AS f (sha256, embedding)
ON CONFLICT DO NOTHING;

-- name: forget_cached
DELETE FROM app.rag_embed_cache c
WHERE c.team_id = %(team_id)s AND c.added_at < now() - %(older_than)s::interval;

-- name: build_indexes
SELECT app.rag_build_indexes(%(generation)s, %(exact_up_to)s) AS is_approximate;

-- name: count_words
INSERT INTO app.rag_lexeme (team_id, generation, word, chunks)
SELECT %(team_id)s, %(generation)s, s.word, s.ndoc
FROM ts_stat(
    format('SELECT c.tsv FROM app.rag_chunk c WHERE c.generation = %%s', %(generation)s::bigint)
) s;

-- name: made_ready
UPDATE app.rag_generation g
SET state = 'ready', chunks = c.chunks, words = c.words, documents = d.documents
FROM
    (SELECT count(*)::integer AS chunks, coalesce(sum(words), 0) AS words
     FROM app.rag_chunk WHERE team_id = %(team_id)s AND generation = %(generation)s) c,
    (SELECT count(*)::integer AS documents
     FROM app.rag_doc WHERE team_id = %(team_id)s AND generation = %(generation)s AND state = 'read') d
WHERE g.team_id = %(team_id)s AND g.id = %(generation)s AND g.state = 'building'
RETURNING g.documents, g.chunks, g.is_approximate;

-- name: activate
UPDATE app.rag_generation g
SET state = 'active', activated_at = now()
WHERE g.team_id = %(team_id)s AND g.id = %(generation)s AND g.state = 'ready'
RETURNING g.documents, g.chunks;

-- name: point_index
UPDATE app.rag_index i
SET active_generation = %(generation)s, source = %(source)s
WHERE i.team_id = %(team_id)s AND i.id = %(index_id)s;

-- name: retire
UPDATE app.rag_generation g
SET state = 'retired'
WHERE g.team_id = %(team_id)s AND g.index_id = %(index_id)s AND g.state = 'active' AND g.id <> %(generation)s
RETURNING g.id;

-- name: answering
-- What an index answers from. The lock keeps a switch, and so the end of that generation, waiting until the caller
-- is done.
SELECT i.id, i.name, i.vector_weight, g.id AS generation, g.pipeline, g.chunks, s.link_base
FROM app.rag_index i
JOIN app.rag_source s ON s.team_id = i.team_id AND s.name = i.source
JOIN app.rag_generation g ON g.team_id = i.team_id AND g.id = i.active_generation
WHERE i.team_id = %(team_id)s AND i.name = %(name)s
FOR SHARE OF i;

-- name: search
WITH lexical AS MATERIALIZED (
    SELECT m.uri, m.ord, m.bm25
    FROM app.rag_match(%(generation)s, %(question)s, %(rare_up_to)s, %(candidates)s, %(at_most)s) m
),
nearest AS MATERIALIZED (
    SELECT n.uri, n.ord FROM app.rag_nearest(%(generation)s, %(vector)s::halfvec, %(at_most)s) n
),
pool AS (
    SELECT l.uri, l.ord FROM lexical l
    UNION
    SELECT n.uri, n.ord FROM nearest n
)
SELECT c.uri, c.ord, 1 - (c.embedding <=> %(vector)s::halfvec) AS cosine, coalesce(l.bm25, 0) AS bm25
FROM pool p
JOIN app.rag_chunk c ON c.uri = p.uri AND c.ord = p.ord
LEFT JOIN lexical l ON l.uri = p.uri AND l.ord = p.ord
WHERE c.team_id = %(team_id)s AND c.generation = %(generation)s;

-- name: passages
SELECT c.uri, c.ord, c.start_char, c.end_char, c.page, c.heading, c.content,
    ARRAY(
        SELECT w.word FROM unnest(tsvector_to_array(c.tsv)) w (word)
        WHERE w.word = ANY (tsvector_to_array(app.rag_words(%(question)s)))
    ) AS shared
FROM unnest(%(uris)s::text[], %(ords)s::integer[]) f (uri, ord)
JOIN app.rag_chunk c ON c.uri = f.uri AND c.ord = f.ord
WHERE c.team_id = %(team_id)s AND c.generation = %(generation)s;

-- name: question_words
SELECT w.word, coalesce(l.chunks, 0) AS chunks
FROM unnest(tsvector_to_array(app.rag_words(%(question)s))) w (word)
LEFT JOIN app.rag_lexeme l
    ON l.team_id = %(team_id)s AND l.generation = %(generation)s AND l.word = w.word;

-- name: stems
SELECT f.content, tsvector_to_array(app.rag_words(f.content)) AS stems
FROM unnest(%(texts)s::text[]) f (content);

-- name: document
SELECT d.text, d.title
FROM app.rag_index i
JOIN app.rag_doc d ON d.team_id = i.team_id AND d.generation = i.active_generation
WHERE i.team_id = %(team_id)s AND i.name = %(name)s AND d.uri = %(uri)s AND d.state = 'read';

-- name: add_answer
INSERT INTO app.rag_answer (team_id, index_id, generation, asked_by, question, event_key, answer)
VALUES (%(team_id)s, %(index_id)s, %(generation)s, %(who)s, %(question)s, %(event_key)s, %(answer)s)
ON CONFLICT (team_id, event_key) WHERE event_key IS NOT NULL DO NOTHING
RETURNING id;

-- name: add_citations
INSERT INTO app.rag_citation (team_id, answer_id, ord, uri, start_char, end_char, quote)
SELECT %(team_id)s, %(answer_id)s, f.ord, f.uri, f.start_char, f.end_char, f.quote
FROM unnest(
    %(uris)s::text[], %(starts)s::integer[], %(ends)s::integer[], %(quotes)s::text[]
) WITH ORDINALITY AS f (uri, start_char, end_char, quote, ord);

-- name: answer
SELECT a.question, a.answer, a.asked_by, a.asked_at, i.name AS index
FROM app.rag_answer a
JOIN app.rag_index i ON i.team_id = a.team_id AND i.id = a.index_id
WHERE a.team_id = %(team_id)s AND a.id = %(answer_id)s;
