package pgvector

import (
	"context"
	"math/bits"
	"slices"

	"github.com/jackc/pgx/v5"
)

// pending is a unit whose postings are still to be made: at the end, by the average
// lengths of what is held then.
type pending struct {
	unit int32
	forward
}

// addSegment writes what has gathered as a segment of its own.
func (w *writing) addSegment(ctx context.Context) error {
	if len(w.pending) == 0 && len(w.counts) == 0 {
		return nil
	}
	average := w.state.totals
	average.plus(w.added)
	var postings []posting
	for _, p := range w.pending {
		postings = postingsOf(w.ix.tune, average, uint32(p.unit), p.forward, postings)
	}
	out := &writer{bits: bitsFor(len(w.counts), len(postings))}
	out.build(postings, w.counts)
	out.flush()
	w.lastSegment++
	s := segment{no: int(w.lastSegment), bits: out.bits, size: out.size, lengths: w.added}
	if err := w.copyPages(ctx, s.no, out.pages); err != nil {
		return err
	}
	w.state.totals = average
	w.pending, w.counts, w.added = nil, nil, lengths{}
	return w.insertSegment(ctx, s)
}

func (w *writing) insertSegment(ctx context.Context, s segment) error {
	w.state.segments = append(w.state.segments, s)
	_, err := w.tx.Exec(ctx, `INSERT INTO segments VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.no, s.bits, s.size, s.units, s.english, s.inEnglish, s.japanese, s.inJapanese)
	return err
}

func (w *writing) copyPages(ctx context.Context, segment int, pages []page) error {
	_, err := w.tx.CopyFrom(ctx, pgx.Identifier{"pages"}, []string{"segment", "key", "chunk", "data"},
		pgx.CopyFromSlice(len(pages), func(i int) ([]any, error) {
			return []any{int32(segment), pages[i].key, pages[i].chunk, pages[i].data}, nil
		}))
	return err
}

const (
	// mostSegments is how many there may be before the smaller ones are merged: each is
	// looked at by every search.
	mostSegments = 6
	// sliceSize is how many bytes of pages are merged at a time.
	sliceSize = 8 << 20
)

// merge makes one of the smallest segments, so that no more than most are left.
func (w *writing) merge(ctx context.Context, most int) error {
	if len(w.state.segments) <= most {
		return nil
	}
	slices.SortFunc(w.state.segments, func(a, b segment) int { return int(b.size - a.size) })
	// One more than need be, and all that are no larger than those together: each byte
	// is then merged a few times only, however many segments come.
	from := max(0, most-1)
	size := int64(0)
	for _, s := range w.state.segments[from:] {
		size += s.size
	}
	for from > 0 && w.state.segments[from-1].size <= size {
		from--
		size += w.state.segments[from].size
	}
	return w.mergeAll(ctx, slices.Clone(w.state.segments[from:]), from == 0, nil)
}

// mergeAll makes one segment of some. Where they are all there are, what is dead leaves
// no trace.
func (w *writing) mergeAll(ctx context.Context, from []segment, all bool, progress func(done, total int)) error {
	if len(from) == 0 {
		return nil
	}
	w.lastSegment++
	merged := segment{no: int(w.lastSegment)}
	numbers, size := make([]int32, len(from)), int64(0)
	for i, s := range from {
		numbers[i] = int32(s.no)
		size += s.size
		merged.plus(s.lengths)
	}
	merged.bits = bits.Len64(uint64(size / bucketSize))
	slicesLog := min(merged.bits, bits.Len64(uint64(size/sliceSize)))
	dead, err := readDead(ctx, w.tx) // those of this change included
	if err != nil {
		return err
	}
	for i := range 1 << slicesLog {
		first := uint32(uint64(i) << (32 - slicesLog))
		last := uint32(uint64(i+1)<<(32-slicesLog) - 1)
		if err := w.mergeSlice(ctx, &merged, from, dead, first, last); err != nil {
			return err
		}
		if progress != nil {
			progress(i+1, 1<<slicesLog)
		}
	}
	if _, err := w.tx.Exec(ctx, `DELETE FROM pages WHERE segment = ANY ($1)`, numbers); err != nil {
		return err
	}
	if _, err := w.tx.Exec(ctx, `DELETE FROM segments WHERE segment = ANY ($1)`, numbers); err != nil {
		return err
	}
	if all {
		if _, err := w.tx.Exec(ctx, `DELETE FROM dead`); err != nil {
			return err
		}
	}
	w.state.segments = slices.DeleteFunc(w.state.segments, func(s segment) bool { return slices.Contains(numbers, int32(s.no)) })
	return w.insertSegment(ctx, merged)
}

// mergeSlice merges the terms from first to last.
func (w *writing) mergeSlice(ctx context.Context, merged *segment, from []segment, dead bitmap, first, last uint32) error {
	var postings []posting
	var counts []count
	for _, s := range from {
		rows, err := w.tx.Query(ctx, `SELECT key, chunk, data FROM pages WHERE segment = $1 AND key BETWEEN $2 AND $3`,
			s.no, int64(firstBits(first, s.bits)), int64(last))
		if err != nil {
			return err
		}
		var p page
		if _, err := pgx.ForEachRow(rows, []any{&p.key, &p.chunk, &p.data}, func() error {
			take := func(h uint32, data []byte) error {
				return decode(data, func(impact uint8, unit uint32) {
					if !dead.has(int32(unit)) {
						postings = append(postings, posting{h, unit, impact})
					}
				})
			}
			if p.chunk != bucketChunk {
				if p.key < int64(first) {
					return nil
				}
				return take(uint32(p.key), p.data)
			}
			var failed error
			err := entries(uint32(p.key), p.data, func(e entry) bool {
				if e.hash < first || e.hash > last {
					return true
				}
				counts = append(counts, count{e.hash, e.df})
				failed = take(e.hash, e.postings)
				return failed == nil
			})
			if err == nil {
				err = failed
			}
			return err
		}); err != nil {
			return err
		}
	}
	out := &writer{bits: merged.bits}
	out.build(postings, counts)
	out.flush()
	merged.size += out.size
	return w.copyPages(ctx, merged.no, out.pages)
}
