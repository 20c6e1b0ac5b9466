// Package pgvector is the index on Postgres with pgvector: BM25 on postings that are
// kept in impact order, and a graph (HNSW) over half-precision embeddings. It finds
// what retrieval/local finds, by the same rules of retrieval/rank, for any number of
// processes that share the database.
//
// A search takes candidates from the postings and from the graph, then scores those
// exactly, so that the approximation can leave a passage out but never misjudge one.
// Up to ExactRows embeddings, all are compared.
package pgvector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"kakehashi/database"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// Index implements retrieval.Index. The lines of passages in their source files are
// not kept.
type Index struct {
	db          *database.DB
	analyzer    *analysis.Analyzer
	tune        retrieval.Tuning
	fingerprint string
	exactRows   int

	mutex  sync.Mutex
	known  *state
	scores sync.Pool // *accumulator
}

var _ retrieval.Index = (*Index)(nil)

// Open is the index in a database whose tables are there; see database.Migrate. Concepts
// come from the analyzer.
func Open(ctx context.Context, db *database.DB, a *analysis.Analyzer, tune retrieval.Tuning) (*Index, error) {
	if !db.Postgres() {
		return nil, errors.New("the index needs Postgres: set DATABASE_URL to postgres://…")
	}
	ix := &Index{db: db, analyzer: a, tune: tune, fingerprint: fingerprint(a, tune), exactRows: ExactRows}
	ix.scores.New = func() any { return new(accumulator) }
	return ix, db.Check(ctx)
}

// probe has what the analysis treats in ways of its own. A change of the program that
// cuts it into other terms than before changes the fingerprint.
const probe = `The exporters' re-exports under 15 CFR 734.13(b)(1), NSPM-33 and E.O. 13526 don't need
a licence; controlled technology, CUI. 外為法第25条第1項、みなし輸出に関する「特定類型」の居住者への技術提供、コンピュータ。`

// fingerprint names the analysis: terms of different ones do not meet.
func fingerprint(a *analysis.Analyzer, tune retrieval.Tuning) string {
	h := sha256.New()
	fields := []float64{tune.Title, tune.Citation, tune.Locator, tune.Heading, tune.Text}
	if err := json.NewEncoder(h).Encode([]any{fields, a.Glossary(), a.Terms(probe)}); err != nil {
		panic(err) // numbers and texts have a JSON form
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// reading runs do on the state of the database at one moment.
func (ix *Index) reading(ctx context.Context, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, ix.db.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, do)
}

// state is what is known of the index at a generation.
type state struct {
	generation  int64
	lastUnit    int32
	fingerprint string
	space       *space // nil where there are no vectors
	segments    []segment
	totals      lengths
	dead        bitmap

	mutex     sync.Mutex
	kept      map[string]kept    // by filter
	documents map[int32]document // by number, those read so far
	sample    []sampled          // read when it is needed
}

// space is where the vectors of one encoder are kept.
type space struct {
	no, dimension int
	model         string
	indexed       bool
}

type segment struct {
	no, bits int
	size     int64
	lengths
}

// bitmap is a set of units.
type bitmap []uint64

func (b *bitmap) add(unit int32) {
	for int(unit>>6) >= len(*b) {
		*b = append(*b, make([]uint64, len(*b)+1)...)
	}
	(*b)[unit>>6] |= 1 << (unit & 63)
}

func (b bitmap) has(unit int32) bool {
	return int(unit>>6) < len(b) && b[unit>>6]&(1<<(unit&63)) != 0
}

const selectState = `
SELECT i.generation, i.last_unit, i.fingerprint, s.space, s.dimension, s.model, s.indexed
FROM index_state i LEFT JOIN spaces s ON s.space = i.space`

const selectSegments = `
SELECT segment, bits, size, units, en_count, en_length, ja_count, ja_length FROM segments ORDER BY segment`

// readState reads the state as a transaction sees it.
func readState(ctx context.Context, tx pgx.Tx) (*state, error) {
	st := &state{kept: map[string]kept{}, documents: map[int32]document{}}
	var no, dimension *int
	var model *string
	var indexed *bool
	if err := tx.QueryRow(ctx, selectState).Scan(&st.generation, &st.lastUnit, &st.fingerprint, &no, &dimension, &model, &indexed); err != nil {
		return nil, err
	}
	if no != nil {
		st.space = &space{*no, *dimension, *model, *indexed}
	}
	rows, err := tx.Query(ctx, selectSegments)
	if err != nil {
		return nil, err
	}
	st.segments, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s segment, err error) {
		err = row.Scan(&s.no, &s.bits, &s.size, &s.units, &s.english, &s.inEnglish, &s.japanese, &s.inJapanese)
		return s, err
	})
	if err != nil {
		return nil, err
	}
	for _, s := range st.segments {
		st.totals.plus(s.lengths)
	}
	st.dead, err = readDead(ctx, tx)
	return st, err
}

// readDead reads which units are gone and still stand in pages.
func readDead(ctx context.Context, tx pgx.Tx) (dead bitmap, err error) {
	rows, err := tx.Query(ctx, `SELECT unit FROM dead`)
	if err != nil {
		return nil, err
	}
	var unit int32
	_, err = pgx.ForEachRow(rows, []any{&unit}, func() error { dead.add(unit); return nil })
	return dead, err
}

// current is the state that a transaction sees, remembered from one search to the next.
func (ix *Index) current(ctx context.Context, tx pgx.Tx) (*state, error) {
	var generation int64
	if err := tx.QueryRow(ctx, `SELECT generation FROM index_state`).Scan(&generation); err != nil {
		return nil, err
	}
	ix.mutex.Lock()
	known := ix.known
	ix.mutex.Unlock()
	if known != nil && known.generation == generation {
		return known, nil
	}
	st, err := readState(ctx, tx)
	if err != nil {
		return nil, err
	}
	st.documents = known.carry()
	ix.mutex.Lock()
	defer ix.mutex.Unlock()
	if ix.known == nil || ix.known.generation < st.generation {
		ix.known = st
	}
	return st, nil
}

// explain names what failed, in the words of the database package where the database is
// at fault.
func (ix *Index) explain(doing string, err error) error {
	var met *retrieval.ModelError
	if err == nil || errors.As(err, &met) {
		return err
	}
	return fmt.Errorf("%s the index: %w", doing, ix.db.Explain(err))
}
