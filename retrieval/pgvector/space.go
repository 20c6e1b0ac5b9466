package pgvector

import (
	"context"

	"github.com/jackc/pgx/v5"

	"kakehashi/retrieval"
)

// useModel makes sure that the space that is searched is of a model. Where no vectors
// are left but those about to be replaced, a new space takes its place; else the model
// is refused.
func (w *writing) useModel(ctx context.Context, model string, dimension int, replaced []int32) error {
	now := w.state.space
	if now != nil && now.model == model && now.dimension == dimension {
		return nil
	}
	if now != nil {
		var others bool
		if err := w.tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM vectors WHERE space = $1 AND unit <> ALL ($2))`, now.no, replaced).Scan(&others); err != nil {
			return err
		}
		if others {
			return &retrieval.ModelError{Index: now.model, Given: model}
		}
		if _, err := w.tx.Exec(ctx, `SELECT drop_space($1)`, now.no); err != nil {
			return err
		}
	}
	made, err := w.addSpace(ctx, model, dimension)
	w.state.space = made
	return err
}

func (w *writing) addSpace(ctx context.Context, model string, dimension int) (*space, error) {
	s := &space{model: model, dimension: dimension}
	if err := w.tx.QueryRow(ctx, `UPDATE index_state SET last_space = last_space + 1 RETURNING last_space`).Scan(&s.no); err != nil {
		return nil, err
	}
	if _, err := w.tx.Exec(ctx, `INSERT INTO spaces (space, model, dimension) VALUES ($1, $2, $3)`, s.no, model, dimension); err != nil {
		return nil, err
	}
	_, err := w.tx.Exec(ctx, `SELECT add_space($1)`, s.no)
	return s, err
}

// ExactRows is up to how many embeddings all are compared, which finds the very
// nearest; beyond, a search goes through the graph.
const ExactRows = 5_000

// Optimize makes searches of a large index fast: after a bulk load, it makes one
// segment of all and builds the graph of the vectors. Where that is done already it
// does nothing. Searches go on meanwhile; changes wait. progress may be nil.
func (ix *Index) Optimize(ctx context.Context, progress Progress) error {
	if progress == nil {
		progress = func(string, int, int) {}
	}
	if err := ix.writing(ctx, func(w *writing) error {
		if len(w.state.segments) < 2 {
			return nil
		}
		w.changed = true
		return w.mergeAll(ctx, w.state.segments, true, func(done, total int) { progress("merging the postings", done, total) })
	}); err != nil {
		return err
	}
	if err := ix.writing(ctx, func(w *writing) error {
		s := w.state.space
		if s == nil || s.indexed {
			return nil
		}
		return w.buildGraph(ctx, s, progress)
	}); err != nil {
		return err
	}
	_, err := ix.db.Pool.Exec(ctx, `ANALYZE documents, units, passages, names, pages, embeddings, vectors`)
	return ix.explain("optimizing", err)
}

// buildGraph builds the graph of a space that has enough embeddings for one.
func (w *writing) buildGraph(ctx context.Context, s *space, progress Progress) error {
	var rows int
	if err := w.tx.QueryRow(ctx, `SELECT count(*) FROM embeddings WHERE space = $1`, s.no).Scan(&rows); err != nil || rows <= w.ix.exactRows {
		return err
	}
	w.changed = true
	progress("building the graph of the vectors", 0, 1)
	_, err := w.tx.Exec(ctx, `SELECT index_space($1, $2)`, s.no, s.dimension)
	progress("building the graph of the vectors", 1, 1)
	return err
}

// Stats is what an index holds, and the bytes that it takes with its indexes.
type Stats struct {
	Documents, Passages, Segments, Embeddings int
	Model                                     string // "" where there are no vectors
	Dimension                                 int
	Graph                                     bool // whether the graph is built; else all embeddings are compared
	SameAnalysis                              bool // whether this version of the program made the terms
	TextBytes, TermBytes, PostingBytes        int64
	EmbeddingBytes, GraphBytes, VectorBytes   int64
}

const selectStats = `
SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM embeddings WHERE space = $1),
	pg_total_relation_size('documents') + pg_total_relation_size('passages') + pg_total_relation_size('names'),
	pg_total_relation_size('units'), pg_total_relation_size('pages'),
	coalesce((SELECT sum(pg_table_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'embeddings'::regclass), 0)::bigint,
	coalesce((SELECT sum(pg_relation_size(x.indexrelid)) FROM pg_inherits h JOIN pg_index x ON x.indrelid = h.inhrelid
		JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am a ON a.oid = c.relam
		WHERE h.inhparent = 'embeddings'::regclass AND a.amname = 'hnsw'), 0)::bigint,
	coalesce((SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'vectors'::regclass), 0)::bigint`

// Stats tells what the index holds.
func (ix *Index) Stats(ctx context.Context) (Stats, error) {
	var out Stats
	err := ix.reading(ctx, func(tx pgx.Tx) error {
		st, err := readState(ctx, tx)
		if err != nil {
			return err
		}
		no := 0
		if st.space != nil {
			no, out.Model, out.Dimension, out.Graph = st.space.no, st.space.model, st.space.dimension, st.space.indexed
		}
		out.Passages, out.Segments, out.SameAnalysis = st.totals.units, len(st.segments), st.fingerprint == ix.fingerprint
		return tx.QueryRow(ctx, selectStats, no).Scan(&out.Documents, &out.Embeddings, &out.TextBytes, &out.TermBytes,
			&out.PostingBytes, &out.EmbeddingBytes, &out.GraphBytes, &out.VectorBytes)
	})
	return out, ix.explain("measuring", err)
}
