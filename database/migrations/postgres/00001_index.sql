-- +goose Up
-- The index of retrieval/pgvector: what is searched, and what it is searched by.

CREATE EXTENSION IF NOT EXISTS vector;

-- One row. Who writes locks it, so that one process at a time does.
CREATE TABLE index_state (
	one         boolean PRIMARY KEY DEFAULT true CHECK (one),
	generation  bigint  NOT NULL DEFAULT 0,  -- changes since the tables were made
	last_unit   integer NOT NULL DEFAULT 0,  -- the last number given to a passage
	last_segment integer NOT NULL DEFAULT 0,
	last_space  integer NOT NULL DEFAULT 0,
	space       integer,                     -- the space that is searched
	fingerprint text    NOT NULL DEFAULT ''  -- of the analysis that made the terms
);
INSERT INTO index_state DEFAULT VALUES;

CREATE TABLE documents (
	no           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id           text NOT NULL UNIQUE,
	collection   text NOT NULL,
	jurisdiction text NOT NULL,
	kind         text NOT NULL,
	status       text NOT NULL,
	published    date,               -- the first day that it can mean; NULL where unknown
	topics       text[] NOT NULL,
	units        integer[] NOT NULL, -- its passages, in order
	head         text NOT NULL,      -- JSON: the document without its passages
	generation   bigint NOT NULL     -- of the last change
);
CREATE INDEX documents_collection ON documents (collection);

-- A passage, all editions together, under a number that is never used twice: what is
-- changed gets a new one.
CREATE TABLE units (
	unit     integer PRIMARY KEY,
	id       text    NOT NULL,
	document integer NOT NULL,
	draw     integer NOT NULL, -- at random: the lowest are a sample
	version  bytea   NOT NULL, -- SHA-256 of all that is analysed and embedded of it
	locator  text[]  NOT NULL, -- the references in its locators
	terms    bytea   NOT NULL  -- see forward.go
);
CREATE INDEX units_draw ON units (draw);

CREATE TABLE passages (
	unit    integer  NOT NULL,
	edition smallint NOT NULL, -- position in the document
	id      text NOT NULL,
	locator text NOT NULL,
	heading text NOT NULL,
	text    text NOT NULL,
	hash    bytea NOT NULL,    -- SHA-256 of text
	PRIMARY KEY (unit, edition)
);

-- The words of titles and citations, by hash.
CREATE TABLE names (
	term     bigint  NOT NULL,
	document integer NOT NULL,
	PRIMARY KEY (term, document)
);
CREATE INDEX names_document ON names (document);

-- Postings, most valuable first, in pages: see postings.go. A change adds a segment;
-- segments are merged when they become many. Counts may be below zero: a segment
-- takes back what others count of passages that are gone.
CREATE TABLE segments (
	segment integer PRIMARY KEY,
	bits    smallint NOT NULL,  -- a bucket holds the terms that share these first bits
	size    bigint  NOT NULL,   -- bytes of its pages
	units   integer NOT NULL,
	en_count integer NOT NULL,  -- editions in English
	en_length bigint NOT NULL,  -- of their texts, in hundredths of a word
	ja_count integer NOT NULL,
	ja_length bigint NOT NULL
);
CREATE TABLE pages (
	segment integer NOT NULL,
	key     bigint  NOT NULL,
	chunk   integer NOT NULL,   -- -1: a bucket; else part of one term's postings
	data    bytea   NOT NULL,
	PRIMARY KEY (segment, key, chunk)
) WITH (toast_tuple_target = 8160);
ALTER TABLE pages ALTER COLUMN data SET STORAGE EXTERNAL; -- stays in the row, as it is packed already

-- Passages that are gone and still stand in pages.
CREATE TABLE dead (unit integer PRIMARY KEY);

-- A space holds the vectors of one encoder; one of them is searched.
CREATE TABLE spaces (
	space     integer PRIMARY KEY,
	model     text    NOT NULL,
	dimension integer NOT NULL,
	indexed   boolean NOT NULL DEFAULT false -- whether the graph is there; else all rows are compared
);
CREATE TABLE embeddings ( -- of whole passages: what the graph is made of
	space    integer  NOT NULL,
	unit     integer  NOT NULL,
	edition  smallint NOT NULL,
	document integer  NOT NULL,
	vector   halfvec  NOT NULL,
	PRIMARY KEY (unit, edition, space)
) PARTITION BY LIST (space);
ALTER TABLE embeddings ALTER COLUMN vector SET STORAGE PLAIN;
CREATE TABLE vectors ( -- of passages and sentences, packed: what the found ones are compared by
	space   integer  NOT NULL,
	unit    integer  NOT NULL,
	edition smallint NOT NULL,
	packed  bytea    NOT NULL,
	PRIMARY KEY (unit, edition, space)
) PARTITION BY LIST (space);

-- +goose StatementBegin
CREATE FUNCTION add_space(made integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE embeddings_%s PARTITION OF embeddings FOR VALUES IN (%s)', made, made);
	EXECUTE format('ALTER TABLE embeddings_%s ALTER COLUMN vector SET STORAGE PLAIN', made);
	EXECUTE format('CREATE TABLE vectors_%s PARTITION OF vectors FOR VALUES IN (%s)', made, made);
	EXECUTE format('ALTER TABLE vectors_%s ALTER COLUMN packed SET STORAGE EXTERNAL', made);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION drop_space(gone integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('DROP TABLE embeddings_%s', gone);
	EXECUTE format('DROP TABLE vectors_%s', gone);
	DELETE FROM spaces WHERE space = gone;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION index_space(made integer, dims integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE INDEX IF NOT EXISTS embeddings_%s_graph ON embeddings_%s USING hnsw ((vector::halfvec(%s)) halfvec_cosine_ops)', made, made, dims);
	UPDATE spaces SET indexed = true WHERE space = made;
END $$;
-- +goose StatementEnd

-- The nearest rows of a space by way of its graph. The dimension is part of the
-- graph's expression, so the statement is made for it.
-- +goose StatementBegin
CREATE FUNCTION nearest(searched integer, dims integer, query halfvec, wanted integer)
RETURNS TABLE (unit integer) LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT e.unit FROM embeddings_%s e ORDER BY e.vector::halfvec(%s) <=> $1 LIMIT $2', searched, dims)
	USING query, wanted;
END $$;
-- +goose StatementEnd

-- The same among the documents that a filter keeps; a filter that is NULL keeps all.
-- +goose StatementBegin
CREATE FUNCTION nearest_kept(searched integer, dims integer, query halfvec, wanted integer,
	jurisdictions text[], kinds text[], statuses text[], collections text[], topics text[], as_of date)
RETURNS TABLE (unit integer) LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT e.unit FROM embeddings_%s e JOIN documents d ON d.no = e.document
		WHERE ($3 IS NULL OR d.jurisdiction = ANY ($3)) AND ($4 IS NULL OR d.kind = ANY ($4))
			AND ($5 IS NULL OR d.status = ANY ($5)) AND ($6 IS NULL OR d.collection = ANY ($6))
			AND ($7 IS NULL OR d.topics && $7) AND ($8 IS NULL OR d.published IS NULL OR d.published <= $8)
		ORDER BY e.vector::halfvec(%s) <=> $1 LIMIT $2', searched, dims)
	USING query, wanted, jurisdictions, kinds, statuses, collections, topics, as_of;
END $$;
-- +goose StatementEnd
