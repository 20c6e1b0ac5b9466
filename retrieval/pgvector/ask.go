package pgvector

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"kakehashi/retrieval"
	"kakehashi/retrieval/rank"
)

const selectNames = `
SELECT t.term, n.document FROM unnest($1::bigint[]) t (term)
CROSS JOIN LATERAL (SELECT document FROM names WHERE term = t.term LIMIT $2) n`

func (s *search) askNames(b *pgx.Batch) {
	s.names = map[uint32][]int32{}
	var words []int64
	for _, t := range s.terms {
		if rank.CanName(t.Weighted) {
			words = append(words, int64(t.hash))
		}
	}
	if len(words) == 0 {
		return
	}
	slices.Sort(words)
	b.Queue(selectNames, slices.Compact(words), rank.MostNamed+1).Query(func(rows pgx.Rows) error {
		var word int64
		var document int32
		_, err := pgx.ForEachRow(rows, []any{&word, &document}, func() error {
			s.names[uint32(word)] = append(s.names[uint32(word)], document)
			return nil
		})
		return err
	})
}

const (
	selectNearest = `SELECT unit FROM embeddings WHERE space = $1 ORDER BY vector <=> $2 LIMIT $3`

	selectNearestOf = `
SELECT unit FROM embeddings WHERE space = $1 AND unit = ANY ($4) ORDER BY vector <=> $2 LIMIT $3`

	// The graph is left as soon as enough is found; where a filter leaves out much, the
	// search goes on from where it stood (https://github.com/pgvector/pgvector#iterative-index-scans).
	setGraph = `
SELECT set_config('hnsw.ef_search', $1, true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
	set_config('hnsw.max_scan_tuples', $2, true)`
)

// askNearest asks for the nearest vectors: among all or the kept ones where they are few,
// else by the graph.
func (s *search) askNearest(b *pgx.Batch) error {
	space := s.st.space
	s.meaning = s.query.Vector != nil && space != nil && s.query.Stage != retrieval.Lexical
	if s.query.Vector != nil && space != nil && s.query.Model != space.model {
		return &retrieval.ModelError{Index: space.model, Given: s.query.Model}
	}
	if !s.meaning {
		return nil
	}
	if len(s.query.Vector) != space.dimension {
		return fmt.Errorf("the vector of the question has %d values, those of the index %d", len(s.query.Vector), space.dimension)
	}
	vector := pgvector.NewHalfVector(s.query.Vector)
	breadth := breadthFor(s.limit)
	var queued *pgx.QueuedQuery
	switch {
	case !s.kept.all && len(s.kept.list) <= s.ix.exactRows:
		queued = b.Queue(selectNearestOf, space.no, vector, 2*breadth, s.kept.list)
	case !space.indexed:
		queued = b.Queue(selectNearest, space.no, vector, 2*breadth)
	case s.kept.all:
		queueGraph(b, breadth)
		queued = b.Queue(`SELECT unit FROM nearest($1, $2, $3, $4)`, space.no, space.dimension, vector, breadth)
	default:
		queueGraph(b, breadth)
		args := append([]any{space.no, space.dimension, vector, breadth}, filterValues(s.query.Filter)...)
		queued = b.Queue(`SELECT unit FROM nearest_kept($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, args...)
	}
	queued.Query(func(rows pgx.Rows) error {
		var unit int32
		_, err := pgx.ForEachRow(rows, []any{&unit}, func() error { s.nearest = append(s.nearest, unit); return nil })
		return err
	})
	return nil
}

func queueGraph(b *pgx.Batch, wanted int) {
	b.Queue(setGraph, strconv.Itoa(min(searchedPerWanted*wanted, mostBreadth)), strconv.Itoa(mostVisited))
}

// searchedPerWanted is how many vectors a search of the graph keeps in view for each that
// is wanted. Questions lie apart from what answers them, so the nearest are found late:
// docs/scale.md has the recall that it buys.
const searchedPerWanted = 3

// mostVisited is how many vectors a search of the graph looks at where a filter leaves
// out much. A filter that keeps more than ExactRows of a million keeps one in two hundred.
const mostVisited = 40_000
