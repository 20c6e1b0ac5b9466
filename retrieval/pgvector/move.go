package pgvector

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/rank"
)

// Move embeds all passages with another encoder, in a space beside the one that is
// searched, and switches when it is complete; until then searches go on as before, with
// the old encoder. A move that was stopped goes on where it stood. Where the index is of
// the encoder already, or holds nothing, it does nothing.
func (ix *Index) Move(ctx context.Context, e embed.Embedder, progress Progress) error {
	to, err := ix.beside(ctx, e)
	if err != nil || to == nil {
		return err
	}
	if progress == nil {
		progress = func(string, int, int) {}
	}
	for {
		if err := ix.fill(ctx, to, e, progress); err != nil {
			return err
		}
		switched := false
		if err := ix.writing(ctx, func(w *writing) error {
			var missing bool
			if err := w.tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM units u WHERE NOT EXISTS (SELECT 1 FROM vectors v WHERE v.space = $1 AND v.unit = u.unit))`, to.no).Scan(&missing); err != nil || missing {
				return err // what came in meanwhile: once more
			}
			switched, w.changed = true, true
			if err := w.buildGraph(ctx, to, progress); err != nil {
				return err
			}
			if old := w.state.space; old != nil {
				if _, err := w.tx.Exec(ctx, `SELECT drop_space($1)`, old.no); err != nil {
					return err
				}
			}
			w.state.space = to
			return nil
		}); err != nil || switched {
			return err
		}
	}
}

// beside is the space in which the vectors of an encoder are gathered: the one that was
// begun, or a new one; nil where none is needed. Spaces that were begun for another
// encoder are dropped.
func (ix *Index) beside(ctx context.Context, e embed.Embedder) (to *space, err error) {
	err = ix.writing(ctx, func(w *writing) error {
		now := w.state.space
		if w.state.totals.units == 0 || now != nil && now.model == e.Model() && now.dimension == e.Dimension() {
			return nil
		}
		rows, err := w.tx.Query(ctx, `SELECT space, model, dimension, indexed FROM spaces`)
		if err != nil {
			return err
		}
		begun, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s space, err error) {
			err = row.Scan(&s.no, &s.model, &s.dimension, &s.indexed)
			return s, err
		})
		if err != nil {
			return err
		}
		for _, s := range begun {
			switch {
			case now != nil && s.no == now.no:
			case to == nil && s.model == e.Model() && s.dimension == e.Dimension():
				to = &s
			default:
				if _, err := w.tx.Exec(ctx, `SELECT drop_space($1)`, s.no); err != nil {
					return err
				}
			}
		}
		if to == nil {
			to, err = w.addSpace(ctx, e.Model(), e.Dimension())
		}
		return err
	})
	return to, err
}

const selectLacking = `
SELECT u.document, array_agg(u.unit) FROM (
	SELECT document, unit FROM units u WHERE unit > $2
		AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.space = $1 AND v.unit = u.unit)
	ORDER BY unit LIMIT $3) u GROUP BY u.document`

// movedAtOnce is how many passages are embedded between two writes.
const movedAtOnce = 32

// fill embeds what a space lacks.
func (ix *Index) fill(ctx context.Context, to *space, e embed.Embedder, progress Progress) error {
	var done, total int
	const count = `SELECT (SELECT count(DISTINCT unit) FROM vectors WHERE space = $1), (SELECT count(*) FROM units)`
	if err := ix.db.Pool.QueryRow(ctx, count, to.no).Scan(&done, &total); err != nil {
		return ix.explain("reading", err)
	}
	last := int32(0)
	for {
		var units []int32
		var lacking []lack
		var owners []int32
		if err := ix.reading(ctx, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, selectLacking, to.no, last, movedAtOnce)
			if err != nil {
				return err
			}
			wanted := map[int32][]int32{}
			var document int32
			var of []int32
			if _, err := pgx.ForEachRow(rows, []any{&document, &of}, func() error { wanted[document] = of; of = nil; return nil }); err != nil {
				return err
			}
			documents, err := wholeDocuments(ctx, tx, wanted)
			if err != nil {
				return err
			}
			for no, d := range documents {
				for _, u := range wanted[no] {
					units, owners = append(units, u), append(owners, no)
					lacking = append(lacking, lack{d.whole, slices.Index(d.units, u), new(preparedUnit)})
				}
			}
			return nil
		}); err != nil {
			return ix.explain("reading", err)
		}
		progress("embedding with "+e.Model(), done, max(done, total))
		if len(units) == 0 {
			return nil
		}
		if _, err := embedUnits(ctx, e, lacking); err != nil {
			return err
		}
		last = max(last, slices.Max(units))
		done += len(units)
		if err := ix.writing(ctx, func(w *writing) error {
			there, err := versions(ctx, w.tx, units) // some may be gone by now
			if err != nil {
				return err
			}
			rows := &newRows{}
			for i, u := range units {
				if there[u] != nil {
					rows.addVectors(to, owners[i], u, lacking[i].to.packed)
				}
			}
			return w.write(ctx, rows)
		}); err != nil {
			return err
		}
	}
}

// wholeDocuments reads the documents whose numbers are the keys.
func wholeDocuments(ctx context.Context, tx pgx.Tx, wanted map[int32][]int32) (map[int32]document, error) {
	documents, err := readHeads(ctx, tx, slices.Collect(maps.Keys(wanted)), nil)
	if err != nil {
		return nil, err
	}
	return documents, complete(ctx, tx, documents)
}

// analyseAgain makes all terms anew where another version of the program, or another
// glossary, made them. Embeddings stay. Searches go on meanwhile with the old ones.
func (ix *Index) analyseAgain(ctx context.Context, progress Progress) error {
	return ix.writing(ctx, func(w *writing) error {
		if w.state.fingerprint == ix.fingerprint || w.state.totals.units == 0 {
			return nil
		}
		w.changed = true
		w.state.fingerprint, w.state.segments = ix.fingerprint, nil
		total := w.state.totals.units
		w.state.totals = lengths{}
		// TRUNCATE would be quicker, but searches would wait for it.
		for _, empty := range []string{`DELETE FROM pages`, `DELETE FROM segments`, `DELETE FROM dead`, `DELETE FROM names`} {
			if _, err := w.tx.Exec(ctx, empty); err != nil {
				return err
			}
		}
		for last := int32(0); ; {
			rows, err := w.tx.Query(ctx, `SELECT no FROM documents WHERE no > $1 ORDER BY no LIMIT $2`, last, analysedAtOnce)
			if err != nil {
				return err
			}
			numbers, err := pgx.CollectRows(rows, pgx.RowTo[int32])
			if err != nil || len(numbers) == 0 {
				return err
			}
			last = numbers[len(numbers)-1]
			if err := w.analyse(ctx, numbers); err != nil {
				return err
			}
			progress("analysing again", w.state.totals.units, total)
		}
	})
}

const analysedAtOnce = 1000

func (w *writing) analyse(ctx context.Context, numbers []int32) error {
	wanted := map[int32][]int32{}
	for _, no := range numbers {
		wanted[no] = nil
	}
	documents, err := wholeDocuments(ctx, w.tx, wanted)
	if err != nil {
		return err
	}
	rows := &newRows{}
	b := &pgx.Batch{}
	for no, d := range documents {
		units, names := rank.Analyse(w.ix.analyzer, w.ix.tune, d.whole)
		for n := range names {
			rows.names = append(rows.names, []any{int64(hash(n)), no})
		}
		for i, u := range units {
			encoded := encodeForward(u, d.whole.Editions)
			b.Queue(`UPDATE units SET terms = $2, locator = $3 WHERE unit = $1`, d.units[i], encoded, present(u.Locator))
			if err := w.count(d.units[i], encoded); err != nil {
				return err
			}
		}
	}
	if err := w.tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if err := w.write(ctx, rows); err != nil {
		return err
	}
	if err := w.addSegment(ctx); err != nil {
		return err
	}
	return w.merge(ctx, mostSegments)
}
