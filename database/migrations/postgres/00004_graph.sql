-- +goose Up
-- Graphs are built with more care, so that more of the nearest are found, in the same room:
-- see docs/scale.md. Graphs that are there stay as they are.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION index_space(made integer, dims integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE INDEX IF NOT EXISTS embeddings_%s_graph ON embeddings_%s USING hnsw ((vector::halfvec(%s)) halfvec_cosine_ops) WITH (m = 16, ef_construction = 128)', made, made, dims);
	UPDATE spaces SET indexed = true WHERE space = made;
END $$;
-- +goose StatementEnd
