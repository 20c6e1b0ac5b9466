package pgvector

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/rank"
)

// How far the cosine of a passage lies above the common, the fusion tells from that of
// the passage at Tuning.Depth. Which one that is, only a look at all passages would
// tell; a sample tells it nearly. Of an index with no more than mostSampled passages
// the sample is all of them.
const mostSampled = 1200

// sampled are the vectors of one passage, all editions together.
type sampled struct {
	unit      int32
	passages  [][]float32
	sentences [][]float32
}

const selectSample = `
SELECT v.unit, v.packed FROM (SELECT unit FROM units ORDER BY draw LIMIT $2) u
JOIN vectors v ON v.unit = u.unit WHERE v.space = $1 ORDER BY v.unit`

// drawn reads the sample, once in a generation.
func (st *state) drawn(ctx context.Context, tx pgx.Tx) ([]sampled, error) {
	st.mutex.Lock()
	defer st.mutex.Unlock()
	if st.sample != nil {
		return st.sample, nil
	}
	rows, err := tx.Query(ctx, selectSample, st.space.no, mostSampled)
	if err != nil {
		return nil, err
	}
	out := []sampled{}
	var unit int32
	var packed []byte
	var u unpacker
	if _, err := pgx.ForEachRow(rows, []any{&unit, &packed}, func() error {
		if n := len(out); n == 0 || out[n-1].unit != unit {
			out = append(out, sampled{unit: unit})
		}
		to := &out[len(out)-1]
		return u.each(packed, st.space.dimension, func(i int, v []float32) {
			if i == 0 {
				to.passages = append(to.passages, slices.Clone(v))
			} else {
				to.sentences = append(to.sentences, slices.Clone(v))
			}
		})
	}); err != nil {
		return nil, err
	}
	st.sample = out
	return out, nil
}

// spread is rank.Spread of all passages that are kept, as far as the sample tells, and
// of those found, whose cosines are given.
func (s *search) spread(ctx context.Context, found []float64) (low, high float64, err error) {
	sample, err := s.st.drawn(ctx, s.tx)
	if err != nil {
		return 0, 0, err
	}
	nearest := func(vectors [][]float32) float32 {
		best := float32(rank.Far)
		for _, v := range vectors {
			best = max(best, embed.Dot(s.query.Vector, v))
		}
		return best
	}
	var dense []float64
	for _, u := range sample {
		if s.kept.has(u.unit) {
			dense = append(dense, rank.Cosine(s.ix.tune, nearest(u.passages), nearest(u.sentences)))
		}
	}
	part := min(1, mostSampled/float64(max(s.st.totals.units, 1)))
	if len(dense) == 0 {
		dense, part = found, 1
	}
	low, high = rank.Spread(dense, s.ix.tune.Depth, part)
	_, best := rank.Spread(found, s.ix.tune.Depth, 1)
	return min(low, max(high, best)-0.01), max(high, best), nil
}
