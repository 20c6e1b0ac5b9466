package pgvector

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// writing is a change of the index on its way: one transaction, one at a time.
type writing struct {
	ix    *Index
	tx    pgx.Tx
	state *state // as it was; lastUnit, space and fingerprint as they become

	gone          []int32 // units to take away
	goneDocuments []int32
	pending       []pending
	counts        []count
	added         lengths
	changed       bool
	lastSegment   int32
}

// writing runs do with the right to write, which no other process has meanwhile, and
// writes what has gathered.
func (ix *Index) writing(ctx context.Context, do func(*writing) error) error {
	return ix.explain("writing", pgx.BeginFunc(ctx, ix.db.Pool, func(tx pgx.Tx) error {
		w := &writing{ix: ix, tx: tx}
		// What must be written all together may take longer than a statement may.
		if _, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT last_segment FROM index_state FOR UPDATE`).Scan(&w.lastSegment); err != nil {
			return err
		}
		var err error
		if w.state, err = readState(ctx, tx); err != nil {
			return err
		}
		if err := do(w); err != nil {
			return err
		}
		return w.finish(ctx)
	}))
}

// count takes the terms of a new passage into the segment that is written at the end.
func (w *writing) count(unit int32, encoded []byte) error {
	f, err := decodeForward(encoded)
	if err != nil {
		return err
	}
	w.added.add(f, 1)
	w.counts = countsOf(f, 1, w.counts)
	w.pending = append(w.pending, pending{unit, f})
	return nil
}

// newRows are rows to be copied in.
type newRows struct {
	units, passages, embeddings, vectors, names [][]any
	renamed                                     []int32 // documents whose names are written anew
	unvectored                                  []int32 // units whose vectors go, or are written anew
}

func (rows *newRows) addVectors(space *space, no, unit int32, packed [][]byte) {
	for e, b := range packed {
		rows.vectors = append(rows.vectors, []any{int32(space.no), unit, int16(e), b})
		rows.embeddings = append(rows.embeddings, []any{int32(space.no), unit, int16(e), no, half(b, space.dimension)})
	}
}

// half is the vector of the whole passage as the graph has it.
func half(packed []byte, dimension int) pgvector.HalfVector {
	var out []float32
	_ = new(unpacker).each(packed[:2*dimension], dimension, func(_ int, v []float32) { out = slices.Clone(v) }) // of one dimension by its making
	return pgvector.NewHalfVector(out)
}

// write sends the rows.
func (w *writing) write(ctx context.Context, rows *newRows) error {
	if len(rows.renamed) > 0 {
		if _, err := w.tx.Exec(ctx, `DELETE FROM names WHERE document = ANY ($1)`, rows.renamed); err != nil {
			return err
		}
	}
	if err := w.forgetVectors(ctx, rows.unvectored); err != nil {
		return err
	}
	for _, c := range []struct {
		table   pgx.Identifier
		columns []string
		rows    [][]any
	}{
		{pgx.Identifier{"units"}, []string{"unit", "id", "document", "draw", "version", "locator", "terms"}, rows.units},
		{pgx.Identifier{"passages"}, []string{"unit", "edition", "id", "locator", "heading", "text", "hash"}, rows.passages},
		{pgx.Identifier{"names"}, []string{"term", "document"}, rows.names},
		{pgx.Identifier{"vectors"}, []string{"space", "unit", "edition", "packed"}, rows.vectors},
		{pgx.Identifier{"embeddings"}, []string{"space", "unit", "edition", "document", "vector"}, rows.embeddings},
	} {
		if len(c.rows) == 0 {
			continue
		}
		if _, err := w.tx.CopyFrom(ctx, c.table, c.columns, pgx.CopyFromRows(c.rows)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) forgetVectors(ctx context.Context, units []int32) error {
	if len(units) == 0 {
		return nil
	}
	if _, err := w.tx.Exec(ctx, `DELETE FROM embeddings WHERE unit = ANY ($1)`, units); err != nil {
		return err
	}
	_, err := w.tx.Exec(ctx, `DELETE FROM vectors WHERE unit = ANY ($1)`, units)
	return err
}

// takeAway removes what is gone, and counts it out.
func (w *writing) takeAway(ctx context.Context) error {
	if len(w.goneDocuments) > 0 {
		w.changed = true
		if _, err := w.tx.Exec(ctx, `DELETE FROM documents WHERE no = ANY ($1)`, w.goneDocuments); err != nil {
			return err
		}
		if _, err := w.tx.Exec(ctx, `DELETE FROM names WHERE document = ANY ($1)`, w.goneDocuments); err != nil {
			return err
		}
	}
	if len(w.gone) == 0 {
		return nil
	}
	w.changed = true
	rows, err := w.tx.Query(ctx, `DELETE FROM units WHERE unit = ANY ($1) RETURNING terms`, w.gone)
	if err != nil {
		return err
	}
	var terms []byte
	if _, err := pgx.ForEachRow(rows, []any{&terms}, func() error {
		f, err := decodeForward(terms)
		if err != nil {
			return err
		}
		w.added.add(f, -1)
		w.counts = countsOf(f, -1, w.counts)
		return nil
	}); err != nil {
		return err
	}
	if _, err := w.tx.Exec(ctx, `DELETE FROM passages WHERE unit = ANY ($1)`, w.gone); err != nil {
		return err
	}
	if err := w.forgetVectors(ctx, w.gone); err != nil {
		return err
	}
	_, err = w.tx.Exec(ctx, `INSERT INTO dead SELECT unnest($1::integer[])`, w.gone)
	return err
}

const finishState = `
UPDATE index_state SET generation = generation + 1, last_unit = $1, last_segment = $2, space = $3, fingerprint = $4`

// finish writes the segment of what has changed and counts the change.
func (w *writing) finish(ctx context.Context) error {
	if err := w.takeAway(ctx); err != nil {
		return err
	}
	if !w.changed {
		return nil
	}
	if err := w.addSegment(ctx); err != nil {
		return err
	}
	if err := w.merge(ctx, mostSegments); err != nil {
		return err
	}
	var space *int
	if w.state.space != nil {
		space = &w.state.space.no
	}
	_, err := w.tx.Exec(ctx, finishState, w.state.lastUnit, w.lastSegment, space, w.state.fingerprint)
	return err
}
