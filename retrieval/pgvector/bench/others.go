package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	"golang.org/x/sync/errgroup"
	"golang.org/x/text/language"

	"kakehashi/database"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/rank"
)

// Other ways to search by words in Postgres, measured beside the index on the same
// passages. All of them have the weights of BM25 made beforehand: a passage is a sparse
// vector of saturated frequencies, a question one of weights and rarities, and the inner
// product of both is the score.

// numbers is how many values a sparse vector has: the most that pgvector takes.
const numbers = 1_000_000_000

func number(term string) int32 {
	h := fnv.New64a()
	h.Write([]byte(term))
	return int32(h.Sum64() % (numbers - 1))
}

type other struct {
	name     string
	made     string            // what is made for it
	settings map[string]string // of Postgres, while it searches
	relation string            // whose size is told
	search   string            // $1 a sparse vector, $2 numbers of terms, $3 their weights
}

const (
	makeOthers = `
CREATE TABLE others (unit integer PRIMARY KEY, v sparsevec(1000000000) NOT NULL, terms integer[] NOT NULL);
ALTER TABLE others ALTER COLUMN v SET STORAGE PLAIN;
CREATE TABLE other_rows (term integer NOT NULL, unit integer NOT NULL, impact real NOT NULL)`

	dropOthers = `DROP TABLE IF EXISTS others, other_rows`

	nearestSparse = `SELECT -(v <#> $1) FROM others WHERE $2::integer[] IS NOT NULL AND $3::real[] IS NOT NULL ORDER BY v <#> $1 LIMIT 10`

	anyTerm = `SELECT -(v <#> $1) FROM others WHERE terms && $2::integer[] AND $3::real[] IS NOT NULL ORDER BY v <#> $1 LIMIT 10`

	sumRows = `
SELECT sum(q.weight * x.impact)::float8 AS score FROM unnest($2::integer[], $3::real[]) q (term, weight)
CROSS JOIN LATERAL (SELECT unit, impact FROM other_rows r WHERE r.term = q.term AND $1::sparsevec IS NOT NULL ORDER BY impact DESC LIMIT 10000) x
GROUP BY unit ORDER BY score DESC LIMIT 10`
)

var others = []other{
	{"GIN on terms, any of them, ranked by inner product", `CREATE INDEX others_gin ON others USING gin (terms)`,
		map[string]string{"enable_indexscan": "off", "max_parallel_workers_per_gather": "0"}, "others_gin", anyTerm},
	{"a row a posting, the best 10,000 of each term summed", `CREATE INDEX other_rows_impact ON other_rows (term, impact DESC) INCLUDE (unit); ANALYZE other_rows`,
		map[string]string{"enable_seqscan": "off", "enable_bitmapscan": "off", "max_parallel_workers_per_gather": "0"}, "other_rows_impact", sumRows},
	{"HNSW on sparsevec, ef_search 40", `CREATE INDEX others_graph ON others USING hnsw (v sparsevec_ip_ops)`,
		map[string]string{"hnsw.ef_search": "40", "enable_seqscan": "off"}, "others_graph", nearestSparse},
	{"HNSW on sparsevec, ef_search 1000", ``,
		map[string]string{"hnsw.ef_search": "1000", "enable_seqscan": "off"}, "others_graph", nearestSparse},
}

// sparse is a query as the other ways take it.
type sparse struct {
	vector  pgvector.SparseVector
	terms   []int32
	weights []float32
}

// compare measures the other ways, and leaves nothing of them behind.
func (b *bench) compare(ctx context.Context) error {
	if !b.others {
		return nil
	}
	defer func() { _, _ = b.db.Pool.Exec(context.WithoutCancel(ctx), dropOthers) }()
	for _, statement := range []string{dropOthers, makeOthers} {
		if _, err := b.db.Pool.Exec(ctx, statement); err != nil {
			return err
		}
	}
	began := time.Now()
	if err := b.fillOthers(ctx); err != nil {
		return err
	}
	b.printf("Other ways to search by words; their rows were made in %.0f s.\n\n", time.Since(began).Seconds())
	queries := make([]retrieval.Query, b.exact)
	asked := make([]sparse, b.exact)
	for i := range queries {
		queries[i] = b.corpus.query(judged+i, b.n)
		var err error
		if asked[i], err = b.sparse(ctx, queries[i]); err != nil {
			return err
		}
	}
	truths, err := b.lookAtAll(ctx, queries, []retrieval.Filter{{}})
	if err != nil {
		return err
	}
	b.printf("| way | made in s | MB | recall@%d | %d clients: p50 ms | p95 |\n|---|---|---|---|---|---|\n", wanted, b.clients)
	for _, o := range others {
		if err := b.measure(ctx, o, asked, truths[0].lexical); err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
	}
	b.printf("\n")
	return nil
}

func (b *bench) measure(ctx context.Context, o other, asked []sparse, exact []best) error {
	note("%s", o.name)
	began := time.Now()
	if _, err := b.db.Pool.Exec(ctx, o.made); err != nil {
		return err
	}
	made := time.Since(began)
	var size int64
	if err := b.db.Pool.QueryRow(ctx, `SELECT pg_relation_size($1::regclass)`, o.relation).Scan(&size); err != nil {
		return err
	}
	times, shares := make([]time.Duration, len(asked)), make([]float64, len(asked))
	for range 2 { // the first time only warms the caches
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(b.clients)
		for i, q := range asked {
			group.Go(func() error {
				began := time.Now()
				scores, err := o.ask(ctx, b.db, q)
				times[i], shares[i] = time.Since(began), exact[i].share(scores)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	slices.Sort(times)
	note("")
	b.printf("| %s | %.0f | %.0f | %.3f | %.1f | %.1f |\n", o.name, made.Seconds(), float64(size)/1e6, mean(shares), at(times, .5), at(times, .95))
	return nil
}

// ask gives the scores found.
func (o other) ask(ctx context.Context, db *database.DB, q sparse) (out []float64, err error) {
	err = pgx.BeginTxFunc(ctx, db.Pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for name, value := range o.settings {
			batch.Queue(`SELECT set_config($1, $2, true)`, name, value)
		}
		batch.Queue(o.search, q.vector, q.terms, q.weights).Query(func(rows pgx.Rows) error {
			var score float64
			_, err := pgx.ForEachRow(rows, []any{&score}, func() error { out = append(out, score); return nil })
			return err
		})
		return tx.SendBatch(ctx, batch).Close()
	})
	return out, err
}

// sparse weighs the terms of a query.
func (b *bench) sparse(ctx context.Context, q retrieval.Query) (sparse, error) {
	terms := retrieval.Understand(analysis.NewAnalyzer(nil), plain(), q).Terms
	texts := make([]string, len(terms))
	for i, t := range terms {
		texts[i] = t.Text
	}
	passages, df, err := b.index.Frequencies(ctx, texts)
	if err != nil {
		return sparse{}, err
	}
	weights := map[int32]float32{}
	for i, t := range terms {
		if t.Weight > 0 && df[i] > 0 {
			weights[number(t.Text)] = float32(t.Weight * rank.IDF(passages, df[i]))
		}
	}
	out := sparse{vector: pgvector.NewSparseVectorFromMap(weights, numbers), terms: slices.Sorted(maps.Keys(weights))}
	for _, n := range out.terms {
		out.weights = append(out.weights, weights[n])
	}
	return out, nil
}

// fillOthers copies all passages, once as vectors and once as rows.
func (b *bench) fillOthers(ctx context.Context) error {
	a, tune := analysis.NewAnalyzer(nil), plain()
	units, japanese := make([]rank.Unit, b.n), make([]bool, b.n)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for d := range b.n / perDocument {
		group.Go(func() error {
			e := b.corpus.entry(d)
			us, _ := rank.Analyse(a, tune, e.Document)
			for p, u := range us {
				units[d*perDocument+p], japanese[d*perDocument+p] = u, e.Document.Editions[0].Language == language.Japanese
			}
			return nil
		})
	}
	_ = group.Wait()
	sum, n := map[bool]float64{}, map[bool]float64{}
	for i, u := range units {
		sum[japanese[i]] += u.Lengths[0]
		n[japanese[i]]++
	}
	weigh := func(unit int) map[int32]float32 {
		out := map[int32]float32{}
		for _, f := range units[unit].Editions[0] {
			tf := rank.Normalized(tune, f.TF, units[unit].Lengths[0], sum[japanese[unit]]/n[japanese[unit]])
			out[number(f.Term)] = float32(rank.Saturate(tune, tf))
		}
		return out
	}
	if _, err := b.db.Pool.CopyFrom(ctx, pgx.Identifier{"others"}, []string{"unit", "v", "terms"}, pgx.CopyFromSlice(b.n, func(i int) ([]any, error) {
		weights := weigh(i)
		return []any{int32(i), pgvector.NewSparseVectorFromMap(weights, numbers), slices.Collect(maps.Keys(weights))}, nil
	})); err != nil {
		return err
	}
	unit, rows := -1, [][]any(nil)
	_, err := b.db.Pool.CopyFrom(ctx, pgx.Identifier{"other_rows"}, []string{"term", "unit", "impact"}, pgx.CopyFromFunc(func() ([]any, error) {
		for len(rows) == 0 {
			if unit++; unit == b.n {
				return nil, nil
			}
			for term, weight := range weigh(unit) {
				rows = append(rows, []any{term, int32(unit), weight})
			}
		}
		row := rows[0]
		rows = rows[1:]
		return row, nil
	}))
	return err
}
