package pgvector

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"kakehashi/retrieval"
	"kakehashi/retrieval/rank"
)

// mostPostings is how many postings of frequent terms a search reads, the most valuable
// first: so many give what all would give in nearly every case, see docs/scale.md.
const mostPostings = 200_000

// accumulator gathers scores by unit.
type accumulator struct {
	scores  []float32
	touched []int32
}

func (a *accumulator) add(unit uint32, score float32) {
	if int(unit) >= len(a.scores) {
		return // written since the state was read, which the transaction does not see
	}
	if a.scores[unit] == 0 {
		a.touched = append(a.touched, int32(unit))
	}
	a.scores[unit] += score
}

// best empties the accumulator and returns the n units of the highest scores that are
// kept.
func (a *accumulator) best(n int, keep func(unit int32) bool) []int32 {
	type scored struct {
		unit  int32
		score float32
	}
	var top []scored
	least := float32(0)
	cut := func() {
		slices.SortFunc(top, func(x, y scored) int { return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.unit, y.unit)) })
		if len(top) > n {
			top = top[:n]
			least = top[n-1].score
		}
	}
	for _, unit := range a.touched {
		score := a.scores[unit]
		a.scores[unit] = 0
		if score > least && keep(unit) {
			top = append(top, scored{unit, score})
		}
		if len(top) == 4*n {
			cut()
		}
	}
	cut()
	a.touched = a.touched[:0]
	out := make([]int32, len(top))
	for i, t := range top {
		out[i] = t.unit
	}
	return out
}

// lexical are the units with the highest BM25 scores, as far as the postings that are
// read tell.
func (s *search) lexical(ctx context.Context) ([]int32, error) {
	if s.query.Stage == retrieval.Dense {
		return nil, nil
	}
	a := s.ix.scores.Get().(*accumulator)
	defer s.ix.scores.Put(a)
	if n := int(s.st.lastUnit) + 1; len(a.scores) < n {
		a.scores = make([]float32, n)
	}
	gather := func(weight float64, data []byte) error {
		impact, score := uint8(0), float32(0)
		return decode(data, func(i uint8, unit uint32) {
			if i != impact {
				impact, score = i, float32(weight*worth(s.ix.tune, i))
			}
			a.add(unit, score)
		})
	}
	type part struct {
		chunk
		hash   uint32
		weight float64
	}
	var parts []part
	var failed error
	for _, t := range s.terms {
		if t.Weight == 0 || t.df <= 0 {
			continue
		}
		weight := t.Weight * rank.IDF(s.st.totals.units, t.df)
		for _, data := range t.postings {
			failed = errors.Join(failed, gather(weight, data))
		}
		for _, c := range t.chunks {
			parts = append(parts, part{c, t.hash, weight})
		}
	}
	slices.SortStableFunc(parts, func(x, y part) int {
		return cmp.Compare(y.weight*float64(y.impact), x.weight*float64(x.impact))
	})
	read := 0
	for i, p := range parts {
		if read += p.n; read > mostPostings && i > 0 {
			parts = parts[:i]
			break
		}
	}
	if failed == nil && len(parts) > 0 {
		weights := map[chunkKey]float64{}
		var segments, chunks []int32
		var keys []int64
		for _, p := range parts {
			segments, keys, chunks = append(segments, p.segment), append(keys, int64(p.hash)), append(chunks, p.no)
			weights[chunkKey{p.segment, p.hash}] = p.weight
		}
		failed = s.readChunks(ctx, segments, keys, chunks, func(key chunkKey, data []byte) error { return gather(weights[key], data) })
	}
	units := a.best(breadthFor(s.limit), func(unit int32) bool { return s.kept.has(unit) && !s.st.dead.has(unit) })
	return units, failed
}

// chunkKey is where the postings of a term lie.
type chunkKey struct {
	segment int32
	hash    uint32
}

const selectChunks = `
SELECT p.segment, p.key, p.data FROM unnest($1::integer[], $2::bigint[], $3::integer[]) w (segment, key, chunk)
JOIN pages p ON p.segment = w.segment AND p.key = w.key AND p.chunk = w.chunk`

func (s *search) readChunks(ctx context.Context, segments []int32, keys []int64, chunks []int32, each func(chunkKey, []byte) error) error {
	rows, err := s.tx.Query(ctx, selectChunks, segments, keys, chunks)
	if err != nil {
		return err
	}
	var segment int32
	var key int64
	var data pgtype.DriverBytes // read at once, so that it need not be copied
	_, err = pgx.ForEachRow(rows, []any{&segment, &key, &data}, func() error {
		return each(chunkKey{segment, uint32(key)}, data)
	})
	return err
}
