-- Indexes of documents: sources, generations, documents, chunks, word statistics, answers.
SET lock_timeout = '4s';

CREATE TABLE app.rag_source (
    team_id text NOT NULL,
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    kind text NOT NULL CHECK (kind IN ('folder')),
    location text NOT NULL,
    -- Put before a document's path to make its public link; NULL where it has none.
    link_base text,
    registered_by text NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, name)
);
CALL app.protect('app.rag_source', 'SELECT, INSERT, UPDATE, DELETE');

-- How text becomes searchable words, in one place: indexing and asking must agree.
CREATE FUNCTION app.rag_words(content text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT to_tsvector('english'::regconfig, content) $$;
GRANT EXECUTE ON FUNCTION app.rag_words TO cairn_app;

CREATE TABLE app.rag_index (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    source text NOT NULL,
    active_generation bigint,
    -- Share of the vector score in the fused score; the rest is BM25.
    vector_weight real NOT NULL DEFAULT 0.5 CHECK (vector_weight BETWEEN 0 AND 1),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, id),
    UNIQUE (team_id, name),
    FOREIGN KEY (team_id, source) REFERENCES app.rag_source
);
CALL app.protect('app.rag_index', 'SELECT, INSERT, UPDATE, DELETE');

-- One full state of an index. A run fills a new one while the active one goes on answering.
CREATE TABLE app.rag_generation (
    team_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    index_id text NOT NULL,
    run_id text,
    -- Embedder and chunker with their versions and settings: a change of either makes vectors incomparable.
    pipeline text NOT NULL,
    dimensions integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
    state text NOT NULL DEFAULT 'building' CHECK (state IN ('building', 'ready', 'active', 'retired')),
    documents integer NOT NULL DEFAULT 0,
    chunks integer NOT NULL DEFAULT 0,
    words bigint NOT NULL DEFAULT 0,
    -- Too many chunks to compare them all with each question: the nearest come from an HNSW index.
    is_approximate boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz,
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, index_id) REFERENCES app.rag_index ON DELETE CASCADE
);
CREATE UNIQUE INDEX rag_generation_of_run ON app.rag_generation (team_id, run_id) WHERE run_id IS NOT NULL;
CALL app.protect('app.rag_generation', 'SELECT, INSERT, UPDATE');

CREATE TABLE app.rag_doc (
    team_id text NOT NULL,
    generation bigint NOT NULL,
    uri text NOT NULL,
    title text NOT NULL,
    sha256 bytea NOT NULL,
    bytes bigint NOT NULL,
    chunks integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'listed' CHECK (state IN ('listed', 'read', 'failed')),
    -- The parsed text, whose characters every span of a chunk or a citation counts.
    text text,
    -- What a reader should know about how it was read.
    note text,
    -- Why it could not be read; NULL where it could.
    error text,
    -- The error may pass although the file stays the same, so the next run tries again.
    may_pass boolean NOT NULL DEFAULT false,
    PRIMARY KEY (team_id, generation, uri),
    FOREIGN KEY (team_id, generation) REFERENCES app.rag_generation ON DELETE CASCADE,
    CHECK ((state = 'failed') = (error IS NOT NULL)),
    CHECK ((state = 'read') = (text IS NOT NULL))
);
CALL app.protect('app.rag_doc', 'SELECT, INSERT, UPDATE, DELETE');

-- Chunks live in a partition of their generation, made and indexed by the functions below. The parent alone is
-- granted, so every access passes its policy; a granted partition would leak past it.
CREATE TABLE app.rag_chunk (
    team_id text NOT NULL,
    generation bigint NOT NULL,
    uri text NOT NULL,
    ord integer NOT NULL,
    -- Characters of the document's parsed text: [start_char, end_char).
    start_char integer NOT NULL,
    end_char integer NOT NULL CHECK (end_char > start_char),
    page integer,
    heading text NOT NULL DEFAULT '',
    content text NOT NULL,
    tsv tsvector NOT NULL,
    -- Lexeme positions in tsv: the document length of BM25.
    words integer NOT NULL,
    -- Kept in the row, where Postgres would move it out before the text: an exact search reads every one.
    embedding halfvec STORAGE MAIN NOT NULL,
    PRIMARY KEY (team_id, generation, uri, ord)
) PARTITION BY LIST (generation);
CALL app.protect('app.rag_chunk', 'SELECT, INSERT, DELETE');

CREATE TABLE app.rag_lexeme (
    team_id text NOT NULL,
    generation bigint NOT NULL,
    word text NOT NULL,
    chunks integer NOT NULL,
    PRIMARY KEY (team_id, generation, word),
    FOREIGN KEY (team_id, generation) REFERENCES app.rag_generation ON DELETE CASCADE
);
CALL app.protect('app.rag_lexeme', 'SELECT, INSERT, DELETE');

CREATE TABLE app.rag_embed_cache (
    team_id text NOT NULL,
    model text NOT NULL,
    sha256 bytea NOT NULL,
    embedding halfvec NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, model, sha256)
);
CALL app.protect('app.rag_embed_cache', 'SELECT, INSERT, DELETE');

-- Make the partition of a new generation of the caller's team; safe to call again.
CREATE FUNCTION app.rag_create_partition(p_generation bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM app.rag_generation g WHERE g.team_id = app.current_team() AND g.id = p_generation
    ) THEN
        RAISE EXCEPTION 'generation % is not of this team', p_generation;
    END IF;
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS app.rag_chunk_%s PARTITION OF app.rag_chunk FOR VALUES IN (%s)',
        p_generation, p_generation);
    EXECUTE format('ALTER TABLE app.rag_chunk_%s ENABLE ROW LEVEL SECURITY', p_generation);
END $$;
GRANT EXECUTE ON FUNCTION app.rag_create_partition TO cairn_app;

-- Index a filled partition: words always, vectors where there are too many rows for an exact scan.
CREATE FUNCTION app.rag_build_indexes(p_generation bigint, exact_up_to integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    dims integer;
    filled bigint;
BEGIN
    SELECT g.dimensions INTO dims FROM app.rag_generation g
    WHERE g.team_id = app.current_team() AND g.id = p_generation AND g.state = 'building';
    IF dims IS NULL THEN
        RAISE EXCEPTION 'generation % is not being built by this team', p_generation;
    END IF;
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS rag_chunk_%s_tsv ON app.rag_chunk_%s USING gin (tsv)', p_generation, p_generation);
    EXECUTE format('SELECT count(*) FROM app.rag_chunk_%s', p_generation) INTO filled;
    IF filled > exact_up_to THEN
        EXECUTE format(
            'CREATE INDEX IF NOT EXISTS rag_chunk_%s_embedding ON app.rag_chunk_%s '
            'USING hnsw ((embedding::halfvec(%s)) halfvec_cosine_ops)', p_generation, p_generation, dims);
    END IF;
    EXECUTE format('ANALYZE app.rag_chunk_%s', p_generation);
    UPDATE app.rag_generation g SET is_approximate = filled > exact_up_to
    WHERE g.team_id = app.current_team() AND g.id = p_generation;
    RETURN filled > exact_up_to;
END $$;
GRANT EXECUTE ON FUNCTION app.rag_build_indexes TO cairn_app;

-- A lexeme as a word of a tsquery, whatever characters it has.
CREATE FUNCTION app.rag_quoted(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '''' || replace(replace(word, '\', '\\'), '''', '''''') || ''''
$$;

-- The chunks of a generation of the caller's team that share words with the question, by BM25 (k1 1.2, b 0.75).
--
-- Runs as the owner on the partition itself: `@@` is not leakproof, so that under row level security Postgres would
-- read every chunk instead of the index. What keeps teams apart is the check at the top; only places leave, and the
-- caller reads their content under its own policy.
--
-- Chunks are candidates if they have one of the question's rarer words, as many of these as have `rare_up_to` chunks
-- between them, and at least one; the `candidates` with the highest ts_rank are then scored.
CREATE FUNCTION app.rag_match(
    p_generation bigint, question text, rare_up_to integer, candidates integer, at_most integer
) RETURNS TABLE (uri text, ord integer, bm25 double precision)
LANGUAGE plpgsql STABLE ROWS 100 SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    filled integer;
    average double precision;
BEGIN
    SELECT g.chunks, greatest(g.words::double precision / greatest(g.chunks, 1), 1) INTO filled, average
    FROM app.rag_generation g
    WHERE g.team_id = app.current_team() AND g.id = p_generation AND g.state IN ('ready', 'active');
    IF filled IS NULL THEN
        RAISE EXCEPTION 'generation % answers nothing for this team', p_generation;
    END IF;
    RETURN QUERY EXECUTE format($query$
        WITH asked AS MATERIALIZED (
            SELECT
                l.word,
                ln(1 + ($1 - l.chunks + 0.5) / (l.chunks + 0.5)) AS idf,
                sum(l.chunks) OVER (ORDER BY l.chunks, l.word) - l.chunks AS rarer
            FROM app.rag_lexeme l
            WHERE l.team_id = app.current_team() AND l.generation = $2
              AND l.word = ANY (tsvector_to_array(app.rag_words($3)))
        ),
        any_of AS MATERIALIZED (
            SELECT
                string_agg(app.rag_quoted(a.word), '|')::tsquery AS every,
                (string_agg(app.rag_quoted(a.word), '|') FILTER (WHERE a.rarer < $4))::tsquery AS rare
            FROM asked a
        ),
        candidate AS MATERIALIZED (
            SELECT c.uri, c.ord, c.tsv, c.words
            FROM app.rag_chunk_%s c, any_of
            WHERE c.tsv @@ any_of.rare
            ORDER BY ts_rank(c.tsv, any_of.every, 1) DESC, c.uri, c.ord
            LIMIT $5
        )
        SELECT
            c.uri, c.ord,
            sum(a.idf * 2.2 * t.times / (t.times + 1.2 * (0.25 + 0.75 * c.words / $7)))::double precision AS bm25
        FROM candidate c
        CROSS JOIN LATERAL (SELECT u.lexeme, cardinality(u.positions) AS times FROM unnest(c.tsv) u) t
        JOIN asked a ON a.word = t.lexeme
        GROUP BY c.uri, c.ord
        ORDER BY bm25 DESC, c.uri, c.ord
        LIMIT $6
    $query$, p_generation)
    USING filled::double precision, p_generation, question, rare_up_to, candidates, at_most, average;
END $$;
GRANT EXECUTE ON FUNCTION app.rag_match TO cairn_app;

-- The chunks nearest to a vector, read under the caller's policy: all compared, or by the HNSW index where one was
-- built.
CREATE FUNCTION app.rag_nearest(p_generation bigint, question halfvec, at_most integer)
RETURNS TABLE (uri text, ord integer)
LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
    dims integer;
    indexed boolean;
BEGIN
    SELECT g.dimensions, g.is_approximate INTO dims, indexed FROM app.rag_generation g WHERE g.id = p_generation;
    IF indexed THEN
        -- Without it a filter is applied after the index gave its few nearest, and next to nothing is left.
        PERFORM set_config('hnsw.iterative_scan', 'relaxed_order', true);
        PERFORM set_config('hnsw.ef_search', greatest(at_most, 100)::text, true);
        RETURN QUERY EXECUTE format(
            'SELECT c.uri, c.ord FROM app.rag_chunk c WHERE c.generation = %s '
            'ORDER BY c.embedding::halfvec(%s) <=> $1::halfvec(%s) LIMIT $2', p_generation, dims, dims)
        USING question, at_most;
    ELSE
        RETURN QUERY EXECUTE format(
            'SELECT c.uri, c.ord FROM app.rag_chunk c WHERE c.generation = %s '
            'ORDER BY c.embedding <=> $1, c.uri, c.ord LIMIT $2', p_generation)
        USING question, at_most;
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION app.rag_nearest TO cairn_app;

-- Drop a generation of the caller's team that answers nothing.
CREATE FUNCTION app.rag_drop_generation(p_generation bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM app.rag_index i WHERE i.team_id = app.current_team() AND i.active_generation = p_generation
    ) THEN
        RAISE EXCEPTION 'generation % is answering', p_generation;
    END IF;
    IF EXISTS (
        SELECT FROM app.rag_generation g WHERE g.team_id = app.current_team() AND g.id = p_generation
    ) THEN
        EXECUTE format('DROP TABLE IF EXISTS app.rag_chunk_%s', p_generation);
        DELETE FROM app.rag_generation g WHERE g.team_id = app.current_team() AND g.id = p_generation;
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION app.rag_drop_generation TO cairn_app;

CREATE TABLE app.rag_answer (
    team_id text NOT NULL,
    id text NOT NULL DEFAULT app.short_id(),
    index_id text NOT NULL,
    generation bigint NOT NULL,
    asked_by text NOT NULL,
    question text NOT NULL,
    -- The event that asked; a turn that is repeated after a crash finds its answer here.
    event_key text,
    -- Passages, citations with their verified spans, whether it abstained: as answered, for the card.
    answer jsonb NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, id),
    FOREIGN KEY (team_id, index_id) REFERENCES app.rag_index ON DELETE CASCADE
);
CREATE UNIQUE INDEX rag_answer_of_event ON app.rag_answer (team_id, event_key) WHERE event_key IS NOT NULL;
CALL app.protect('app.rag_answer', 'SELECT, INSERT, DELETE');

CREATE TABLE app.rag_citation (
    team_id text NOT NULL,
    answer_id text NOT NULL,
    ord integer NOT NULL,
    uri text NOT NULL,
    start_char integer NOT NULL,
    end_char integer NOT NULL CHECK (end_char > start_char),
    quote text NOT NULL,
    PRIMARY KEY (team_id, answer_id, ord),
    FOREIGN KEY (team_id, answer_id) REFERENCES app.rag_answer ON DELETE CASCADE
);
CALL app.protect('app.rag_citation', 'SELECT, INSERT, DELETE');
