package pgvector

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"kakehashi/corpus"
	"kakehashi/retrieval"
)

// Put implements retrieval.Index. Documents are written all together or not at all;
// passages that are the same as before are not touched.
func (ix *Index) Put(ctx context.Context, entries ...retrieval.Entry) error {
	model, dimension, err := oneModel(entries)
	if err != nil {
		return err
	}
	documents, err := ix.prepare(entries)
	if err != nil {
		return err
	}
	return ix.writing(ctx, func(w *writing) error { return w.put(ctx, documents, model, dimension) })
}

var errAnalysis = errors.New("its terms were made by another version of the program: run kakehashi corpus push with this one")

// Delete implements retrieval.Index.
func (ix *Index) Delete(ctx context.Context, ids ...string) error {
	return ix.writing(ctx, func(w *writing) error {
		old, err := storedDocuments(ctx, w.tx, ids)
		if err != nil {
			return err
		}
		for _, d := range old {
			w.gone = append(w.gone, d.units...)
			w.goneDocuments = append(w.goneDocuments, d.no)
		}
		return nil
	})
}

// oneModel makes sure that the entries' vectors are of one encoder.
func oneModel(entries []retrieval.Entry) (model string, dimension int, err error) {
	for _, e := range entries {
		n, err := e.Check()
		switch {
		case err != nil:
			return "", 0, err
		case n == 0:
		case model == "":
			model, dimension = e.Vectors.Model, n
		case model != e.Vectors.Model || dimension != n:
			return "", 0, fmt.Errorf("indexing %s: %w", e.Document.ID, &retrieval.ModelError{Index: model, Given: e.Vectors.Model})
		}
	}
	return model, dimension, nil
}

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

// storedDocument is a document that the index holds.
type storedDocument struct {
	no         int32
	id         string
	units      []int32
	head       string
	collection string
}

func storedDocuments(ctx context.Context, tx pgx.Tx, ids []string) (map[string]storedDocument, error) {
	rows, err := tx.Query(ctx, `SELECT no, id, units, head, collection FROM documents WHERE id = ANY ($1)`, ids)
	if err != nil {
		return nil, err
	}
	out := map[string]storedDocument{}
	var d storedDocument
	_, err = pgx.ForEachRow(rows, []any{&d.no, &d.id, &d.units, &d.head, &d.collection}, func() error { out[d.id] = d; d.units = nil; return nil })
	return out, err
}

// put gathers what changes with some documents.
func (w *writing) put(ctx context.Context, documents []prepared, model string, dimension int) error {
	if w.state.totals.units == 0 {
		w.state.fingerprint = w.ix.fingerprint
	} else if w.state.fingerprint != w.ix.fingerprint {
		return errAnalysis
	}
	ids := make([]string, len(documents))
	at := map[string]int{}
	for i, d := range documents {
		ids[i] = d.document.ID
		if _, twice := at[d.document.ID]; twice {
			return fmt.Errorf("%s is given twice", d.document.ID)
		}
		at[d.document.ID] = i
	}
	old, err := storedDocuments(ctx, w.tx, ids)
	if err != nil {
		return err
	}
	units := []int32{}
	for _, d := range old {
		units = append(units, d.units...)
	}
	if model != "" {
		if err := w.useModel(ctx, model, dimension, units); err != nil {
			return fmt.Errorf("indexing %s: %w", firstEmbedded(documents), err)
		}
	}
	before, err := versions(ctx, w.tx, units)
	if err != nil {
		return err
	}
	sums, err := w.sums(ctx, units)
	if err != nil {
		return err
	}
	rows := &newRows{}
	for _, d := range documents {
		stored := old[d.document.ID]
		numbers, fresh, kept := w.match(d, stored, before)
		same := len(fresh) == 0 && slices.Equal(numbers, stored.units) && d.head == stored.head
		no := stored.no
		if !same {
			w.changed = true
			if no, err = w.upsert(ctx, d, numbers); err != nil {
				return err
			}
			for _, n := range d.names {
				rows.names = append(rows.names, []any{int64(n), no})
			}
			rows.renamed = append(rows.renamed, no)
		}
		for _, i := range fresh {
			if err := w.addUnit(rows, no, numbers[i], d, i); err != nil {
				return err
			}
		}
		for _, i := range kept {
			w.replaceVectors(rows, no, numbers[i], d, i, sums[numbers[i]])
		}
	}
	return w.write(ctx, rows)
}

func firstEmbedded(documents []prepared) string {
	i := slices.IndexFunc(documents, func(d prepared) bool { return len(d.units) > 0 && d.units[0].packed != nil })
	return documents[max(i, 0)].document.ID
}

// match gives each passage of a document its number: that of the same one before, or a
// new one. What is left over is gone.
func (w *writing) match(d prepared, before storedDocument, versions map[int32][]byte) (numbers []int32, fresh, kept []int) {
	old := map[string]int32{}
	for _, u := range before.units {
		old[string(versions[u])] = u
	}
	for i, u := range d.units {
		if number, ok := old[string(u.version[:])]; ok {
			delete(old, string(u.version[:]))
			numbers, kept = append(numbers, number), append(kept, i)
			continue
		}
		w.state.lastUnit++
		numbers, fresh = append(numbers, w.state.lastUnit), append(fresh, i)
	}
	for _, u := range before.units {
		if !slices.Contains(numbers, u) {
			w.gone = append(w.gone, u)
		}
	}
	return numbers, fresh, kept
}

func versions(ctx context.Context, tx pgx.Tx, units []int32) (map[int32][]byte, error) {
	rows, err := tx.Query(ctx, `SELECT unit, version FROM units WHERE unit = ANY ($1)`, units)
	if err != nil {
		return nil, err
	}
	out := map[int32][]byte{}
	var unit int32
	var version []byte
	_, err = pgx.ForEachRow(rows, []any{&unit, &version}, func() error { out[unit] = bytes.Clone(version); return nil })
	return out, err
}

// sums are the SHA-256 of the vectors of each unit, by edition.
func (w *writing) sums(ctx context.Context, units []int32) (map[int32][][]byte, error) {
	out := map[int32][][]byte{}
	if w.state.space == nil {
		return out, nil
	}
	rows, err := w.tx.Query(ctx, `SELECT unit, sha256(packed) FROM vectors WHERE space = $1 AND unit = ANY ($2) ORDER BY unit, edition`, w.state.space.no, units)
	if err != nil {
		return nil, err
	}
	var unit int32
	var sum []byte
	_, err = pgx.ForEachRow(rows, []any{&unit, &sum}, func() error { out[unit] = append(out[unit], bytes.Clone(sum)); return nil })
	return out, err
}

const upsertDocument = `
INSERT INTO documents (id, collection, jurisdiction, kind, status, published, topics, units, head, generation)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET collection = excluded.collection, jurisdiction = excluded.jurisdiction,
	kind = excluded.kind, status = excluded.status, published = excluded.published, topics = excluded.topics,
	units = excluded.units, head = excluded.head, generation = excluded.generation
RETURNING no`

func (w *writing) upsert(ctx context.Context, p prepared, units []int32) (no int32, err error) {
	d := p.document
	err = w.tx.QueryRow(ctx, upsertDocument, d.ID, d.Collection, string(d.Jurisdiction), string(d.Kind), string(d.Status),
		day(d.Published), present(d.Topics), present(units), p.head, w.state.generation+1).Scan(&no)
	return no, err
}

// day is the first day that a date can mean; nil where it is not known.
func day(d corpus.Date) *time.Time {
	if d.IsZero() {
		return nil
	}
	d = d.First()
	t := time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
	return &t
}

// newRows are rows to be copied in.
type newRows struct {
	units, passages, embeddings, vectors, names [][]any
	renamed                                     []int32 // documents whose names are written anew
	unvectored                                  []int32 // units whose vectors go, or are written anew
}

func (w *writing) addUnit(rows *newRows, no, unit int32, d prepared, i int) error {
	u := d.units[i]
	if err := w.count(unit, u.forward); err != nil {
		return err
	}
	rows.units = append(rows.units, []any{unit, string(d.document.Editions[0].Passages[i].ID), no, draw(), u.version[:], present(u.locator), u.forward})
	for e := range d.document.Editions {
		p := d.document.Editions[e].Passages[i]
		rows.passages = append(rows.passages, []any{unit, int16(e), string(p.ID), p.Locator, p.Heading, p.Text, p.Hash[:]})
	}
	rows.addVectors(w.state.space, no, unit, u.packed)
	return nil
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

// present is a list that Postgres does not take for NULL.
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
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
	_ = unpack(packed[:2*dimension], dimension, func(_ int, v []float32) { out = slices.Clone(v) }) // of one dimension by its making
	return pgvector.NewHalfVector(out)
}

// replaceVectors sees to the vectors of a passage that stays.
func (w *writing) replaceVectors(rows *newRows, no, unit int32, d prepared, i int, sums [][]byte) {
	packed := d.units[i].packed
	if d.keepVectors && (packed == nil || len(sums) > 0) {
		return
	}
	if slices.EqualFunc(packed, sums, func(b, sum []byte) bool {
		have := sha256.Sum256(b)
		return bytes.Equal(have[:], sum)
	}) {
		return
	}
	w.changed = true
	rows.unvectored = append(rows.unvectored, unit)
	rows.addVectors(w.state.space, no, unit, packed)
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
UPDATE index_state SET generation = generation + 1, last_unit = $1, last_segment = $2, space = $3, last_space = greatest(last_space, $3),
	fingerprint = $4`

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
