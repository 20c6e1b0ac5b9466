package pgvector

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/embed"
)

// Progress tells how far a long work is; total may grow.
type Progress func(what string, done, total int)

// Pushed counts what a push has done, in documents; Embedded counts texts.
type Pushed struct{ Added, Changed, Unchanged, Removed, Embedded int }

// batch is how many documents are written at a time.
const batch = 50

// Push makes a collection what is given: documents are added, changed and removed, and
// only passages that are new or changed are embedded. Where the encoder is another than
// before, it first moves the whole index to it; see Move. A push that was stopped goes
// on where it stood. progress may be nil.
func (ix *Index) Push(ctx context.Context, collection string, documents []*corpus.Document, e embed.Embedder, progress Progress) (Pushed, error) {
	if progress == nil {
		progress = func(string, int, int) {}
	}
	var out Pushed
	if len(documents) == 0 {
		return out, errors.New("no documents to push")
	}
	documents = slices.Clone(documents) // the caller's stay as they are
	for i, d := range documents {
		copied := *d
		copied.Collection = collection
		documents[i] = &copied
	}
	if err := ix.analyseAgain(ctx, progress); err != nil {
		return out, err
	}
	if err := ix.Move(ctx, e, progress); err != nil {
		return out, err
	}
	for from := 0; from < len(documents); from += batch {
		part := documents[from:min(from+batch, len(documents))]
		if err := ix.pushPart(ctx, part, e, &out); err != nil {
			return out, err
		}
		progress("pushing documents", from+len(part), len(documents))
	}
	if err := ix.removeOthers(ctx, collection, documents, &out); err != nil {
		return out, err
	}
	return out, ix.Optimize(ctx, progress)
}

// pushPart writes some documents. What lacks vectors is found and embedded first, so
// that nobody waits for the encoder; where another process has written in between it
// begins again.
func (ix *Index) pushPart(ctx context.Context, documents []*corpus.Document, e embed.Embedder, out *Pushed) error {
	entries := make([]retrieval.Entry, len(documents))
	for i, d := range documents {
		entries[i].Document = d
	}
	prepared, err := ix.prepare(entries)
	if err != nil {
		return err
	}
	for i := range prepared {
		prepared[i].keepVectors = true
	}
	for {
		generation, counts, lacking, err := ix.plan(ctx, prepared)
		if err != nil {
			return ix.explain("reading", err)
		}
		n, err := embedUnits(ctx, e, lacking)
		if err != nil {
			return err
		}
		out.Embedded += n
		err = ix.writing(ctx, func(w *writing) error {
			if w.state.generation != generation {
				return errOvertaken
			}
			return w.put(ctx, prepared, e.Model(), e.Dimension())
		})
		if errors.Is(err, errOvertaken) {
			continue
		}
		if err == nil {
			out.Added += counts.Added
			out.Changed += counts.Changed
			out.Unchanged += counts.Unchanged
		}
		return err
	}
}

var errOvertaken = errors.New("another process has written meanwhile")

// lack is a passage to be embedded, and where its vectors go.
type lack struct {
	document *corpus.Document
	passage  int
	to       *preparedUnit
}

// plan tells which passages are new, changed or without vectors.
func (ix *Index) plan(ctx context.Context, documents []prepared) (generation int64, counts Pushed, lacking []lack, err error) {
	err = ix.reading(ctx, func(tx pgx.Tx) error {
		st, err := readState(ctx, tx)
		if err != nil {
			return err
		}
		generation = st.generation
		var ids []string
		for _, d := range documents {
			ids = append(ids, d.document.ID)
		}
		stored, err := storedDocuments(ctx, tx, ids)
		if err != nil {
			return err
		}
		units := []int32{}
		for _, d := range stored {
			units = append(units, d.units...)
		}
		versions, err := versions(ctx, tx, units)
		if err != nil {
			return err
		}
		vectored, err := st.vectored(ctx, tx, units)
		if err != nil {
			return err
		}
		for _, d := range documents {
			before, known := stored[d.document.ID]
			sound := map[string]bool{} // versions that are there, with vectors
			there := map[string]bool{}
			for _, u := range before.units {
				there[string(versions[u])] = true
				sound[string(versions[u])] = vectored[u]
			}
			same := known && d.head == before.head && len(d.units) == len(before.units)
			for i := range d.units {
				u := &d.units[i]
				same = same && i < len(before.units) && string(versions[before.units[i]]) == string(u.version[:])
				if u.packed = nil; !sound[string(u.version[:])] {
					lacking = append(lacking, lack{d.document, i, u})
				}
			}
			switch {
			case !known:
				counts.Added++
			case same:
				counts.Unchanged++
			default:
				counts.Changed++
			}
		}
		return nil
	})
	return generation, counts, lacking, err
}

// vectored are the units that have vectors in the space that is searched.
func (st *state) vectored(ctx context.Context, tx pgx.Tx, units []int32) (map[int32]bool, error) {
	out := map[int32]bool{}
	if st.space == nil {
		return out, nil
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT unit FROM vectors WHERE space = $1 AND unit = ANY ($2)`, st.space.no, units)
	if err != nil {
		return nil, err
	}
	var unit int32
	_, err = pgx.ForEachRow(rows, []any{&unit}, func() error { out[unit] = true; return nil })
	return out, err
}

// mostTexts is how many texts an encoder is given at a time.
const mostTexts = 64

// embedUnits embeds passages and their sentences, in all editions, and counts the texts.
func embedUnits(ctx context.Context, e embed.Embedder, lacking []lack) (texts int, err error) {
	var all []string
	for _, l := range lacking {
		for i := range l.document.Editions {
			edition := &l.document.Editions[i]
			all = append(all, retrieval.Texts(edition, edition.Passages[l.passage])...)
		}
	}
	vectors := make([][]float32, 0, len(all))
	for part := range slices.Chunk(all, mostTexts) {
		vs, err := e.Embed(ctx, embed.Passage, part)
		if err != nil {
			return 0, fmt.Errorf("embedding the documents: %w", err)
		}
		vectors = append(vectors, vs...)
	}
	for _, l := range lacking {
		for i := range l.document.Editions {
			edition := &l.document.Editions[i]
			n := len(retrieval.Texts(edition, edition.Passages[l.passage]))
			l.to.packed = append(l.to.packed, pack(retrieval.PassageVectors{Passage: vectors[0], Sentences: vectors[1:n]}))
			vectors = vectors[n:]
		}
	}
	return len(all), nil
}

// removeOthers deletes what a collection has beside the given documents.
func (ix *Index) removeOthers(ctx context.Context, collection string, documents []*corpus.Document, out *Pushed) error {
	var ids []string
	for _, d := range documents {
		ids = append(ids, d.ID)
	}
	rows, err := ix.db.Pool.Query(ctx, `SELECT id FROM documents WHERE collection = $1 AND id <> ALL ($2)`, collection, ids)
	if err != nil {
		return ix.explain("reading", err)
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(others) == 0 {
		return ix.explain("reading", err)
	}
	out.Removed = len(others)
	return ix.Delete(ctx, others...)
}
