package pgvector

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

const selectBuckets = `
SELECT p.segment, p.key, p.data FROM unnest($1::integer[], $2::bigint[]) w (segment, key)
JOIN pages p ON p.segment = w.segment AND p.key = w.key AND p.chunk = -1`

func (s *search) askBuckets(b *pgx.Batch) {
	queueBuckets(b, s.st.segments, s.hashes(), func(segment segment, e entry) {
		for i := range s.terms {
			t := &s.terms[i]
			if t.hash != e.hash {
				continue
			}
			t.df += e.df
			if len(e.postings) > 0 {
				t.postings = append(t.postings, e.postings)
			}
			for n, c := range e.chunks {
				t.chunks = append(t.chunks, chunk{int32(segment.no), int32(n), c})
			}
		}
	})
}

// hashes are those of the terms, ascending.
func (s *search) hashes() []uint32 {
	var out []uint32
	for _, t := range s.terms {
		out = append(out, t.hash)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// queueBuckets asks for what the segments have of some terms, whose hashes ascend.
func queueBuckets(b *pgx.Batch, segments []segment, hashes []uint32, each func(segment, entry)) {
	var numbers []int32
	var keys []int64
	bySegment := map[int32]segment{}
	for _, s := range segments {
		bySegment[int32(s.no)] = s
		last := int64(-1)
		for _, h := range hashes {
			if key := int64(firstBits(h, s.bits)); key != last {
				numbers, keys, last = append(numbers, int32(s.no)), append(keys, key), key
			}
		}
	}
	b.Queue(selectBuckets, numbers, keys).Query(func(rows pgx.Rows) error {
		var no int32
		var key int64
		var data []byte
		_, err := pgx.ForEachRow(rows, []any{&no, &key, &data}, func() error {
			at, _ := slices.BinarySearch(hashes, uint32(key))
			kept := slices.Clone(data) // the entries stay in it
			return entries(uint32(key), kept, func(e entry) bool {
				for at < len(hashes) && hashes[at] < e.hash {
					at++
				}
				if at < len(hashes) && hashes[at] == e.hash {
					each(bySegment[no], e)
				}
				return at < len(hashes)
			})
		})
		return err
	})
}

// Frequencies implements retrieval.Index.
func (ix *Index) Frequencies(ctx context.Context, terms []string) (passages int, of []int, err error) {
	of = make([]int, len(terms))
	hashes := make([]uint32, len(terms))
	for i, t := range terms {
		hashes[i] = hash(t)
	}
	ascending := slices.Clone(hashes)
	slices.Sort(ascending)
	ascending = slices.Compact(ascending)
	err = ix.reading(ctx, func(tx pgx.Tx) error {
		st, err := ix.current(ctx, tx)
		if err != nil {
			return err
		}
		passages = st.totals.units
		b := &pgx.Batch{}
		queueBuckets(b, st.segments, ascending, func(_ segment, e entry) {
			for i, h := range hashes {
				if h == e.hash {
					of[i] += e.df
				}
			}
		})
		return tx.SendBatch(ctx, b).Close()
	})
	return passages, of, ix.explain("asking", err)
}
