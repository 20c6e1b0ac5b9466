package pgvector

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"kakehashi/corpus"
	"kakehashi/retrieval"
)

// Put implements retrieval.Index. Documents are written all together or not at all;
// passages that are the same as before are not touched.
func (ix *Index) Put(ctx context.Context, entries ...retrieval.Entry) error {
	documents, err := ix.prepare(entries)
	if err != nil {
		return err
	}
	model, dimension, err := oneModel(documents)
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

// oneModel makes sure that the documents' vectors are of one encoder.
func oneModel(documents []prepared) (model string, dimension int, err error) {
	for _, d := range documents {
		switch {
		case d.model == "":
		case model == "":
			model, dimension = d.model, d.dimension
		case model != d.model || dimension != d.dimension:
			return "", 0, fmt.Errorf("indexing %s: %w", d.document.ID, &retrieval.ModelError{Index: model, Given: d.model})
		}
	}
	return model, dimension, nil
}

// storedDocument is a document that the index holds.
type storedDocument struct {
	no    int32
	id    string
	units []int32
	head  string
}

func storedDocuments(ctx context.Context, tx pgx.Tx, ids []string) (map[string]storedDocument, error) {
	rows, err := tx.Query(ctx, `SELECT no, id, units, head FROM documents WHERE id = ANY ($1)`, ids)
	if err != nil {
		return nil, err
	}
	out := map[string]storedDocument{}
	var d storedDocument
	_, err = pgx.ForEachRow(rows, []any{&d.no, &d.id, &d.units, &d.head}, func() error { out[d.id] = d; d.units = nil; return nil })
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
	given := map[string]bool{}
	for i, d := range documents {
		ids[i] = d.document.ID
		if given[ids[i]] {
			return fmt.Errorf("%s is given twice", ids[i])
		}
		given[ids[i]] = true
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
	i := slices.IndexFunc(documents, func(d prepared) bool { return d.model != "" })
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
	w.gone = slices.AppendSeq(w.gone, maps.Values(old))
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

// present is a list that Postgres does not take for NULL.
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
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
