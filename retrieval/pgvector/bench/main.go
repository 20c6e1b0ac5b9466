// Command bench measures the index on Postgres with a synthetic corpus of any size:
// loading, sizes, and the speed and recall of searches.
//
//	DATABASE_URL=postgres://… go run ./retrieval/pgvector/bench -n 1000000
//
// The database must be empty, or hold what an earlier run with the same -n and -seed
// has loaded. Memory for building the graph is the server's to give: add
// options=-c%20maintenance_work_mem%3D2GB to the address.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"kakehashi/corpus"
	"kakehashi/database"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/pgvector"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := bench{}
	flag.IntVar(&b.n, "n", 100_000, "passages")
	flag.Uint64Var(&b.seed, "seed", 1, "the same seed gives the same corpus and queries")
	flag.IntVar(&b.clients, "clients", 8, "searches at a time")
	flag.IntVar(&b.queries, "queries", 2000, "searches of each kind")
	flag.IntVar(&b.exact, "exact", 200, "queries whose recall is measured")
	flag.BoolVar(&b.others, "others", false, "measure other ways to search by words too; for at most 100,000 passages or so")
	flag.StringVar(&b.address, "database", os.Getenv("DATABASE_URL"), "address of Postgres; else DATABASE_URL")
	flag.Parse()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	n, clients, queries, exact int
	seed                       uint64
	address                    string
	others                     bool

	corpus *synthetic
	index  *pgvector.Index
	bare   *pgvector.Index // the same, in which nothing but the scores ranks
}

func (b *bench) run(ctx context.Context) error {
	if b.n < 1000 || b.n%perDocument != 0 || b.clients < 1 || b.queries < 1 {
		return fmt.Errorf("want -n of at least 1000 in steps of %d, -clients and -queries above 0", perDocument)
	}
	db, err := database.Open(ctx, b.address)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	a, tune := analysis.NewAnalyzer(nil), retrieval.DefaultTuning()
	if b.index, err = pgvector.Open(ctx, db, a, tune); err != nil {
		return err
	}
	tune.Report, tune.OtherLanguage, tune.Repeated = 1, 1, 1
	if b.bare, err = pgvector.Open(ctx, db, a, tune); err != nil {
		return err
	}
	b.corpus = newSynthetic(b.seed, b.n)
	if err := b.load(ctx); err != nil {
		return err
	}
	if err := b.settings(ctx, db); err != nil {
		return err
	}
	if err := b.speed(ctx); err != nil {
		return err
	}
	if b.others {
		if err := b.compare(ctx, db); err != nil {
			return err
		}
	}
	return b.recall(ctx)
}

// load puts the corpus in, unless it is there.
func (b *bench) load(ctx context.Context) error {
	stats, err := b.index.Stats(ctx)
	if err != nil {
		return err
	}
	switch stats.Passages {
	case b.n:
		fmt.Printf("%d passages are there already\n\n", b.n)
	case 0:
		if err := b.fill(ctx); err != nil {
			return err
		}
	default:
		return fmt.Errorf("the database holds %d passages: name an empty one", stats.Passages)
	}
	began := time.Now()
	if err := b.index.Optimize(ctx, func(what string, done, total int) { note("%s: %d of %d", what, done, total) }); err != nil {
		return err
	}
	note("")
	fmt.Printf("merging, graph, ANALYZE: %.0f s\n", time.Since(began).Seconds())
	if stats, err = b.index.Stats(ctx); err != nil {
		return err
	}
	mb := func(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }
	fmt.Printf("sizes: texts %s, terms of passages %s, postings %s, embeddings %s, their graph %s, vectors in bytes %s\n\n",
		mb(stats.TextBytes), mb(stats.TermBytes), mb(stats.PostingBytes), mb(stats.EmbeddingBytes), mb(stats.GraphBytes), mb(stats.VectorBytes))
	return nil
}

const documentsAtOnce = 1000

func (b *bench) fill(ctx context.Context) error {
	began := time.Now()
	documents := b.n / perDocument
	for from := 0; from < documents; from += documentsAtOnce {
		entries := make([]retrieval.Entry, min(documentsAtOnce, documents-from))
		var group errgroup.Group
		group.SetLimit(runtime.GOMAXPROCS(0))
		for i := range entries {
			group.Go(func() error { entries[i] = b.corpus.entry(from + i); return nil })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if err := b.index.Put(ctx, entries...); err != nil {
			return err
		}
		done := (from + len(entries)) * perDocument
		rate := float64(done) / time.Since(began).Seconds()
		note("loading: %d of %d, %.0f a second, %.0f s left", done, b.n, rate, float64(b.n-done)/rate)
	}
	note("")
	took := time.Since(began)
	fmt.Printf("loaded %d passages in %.0f s, %.0f a second, made and analysed included\n", b.n, took.Seconds(), float64(b.n)/took.Seconds())
	return nil
}

// note shows progress in one line of a terminal.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...)
}

func (b *bench) settings(ctx context.Context, db *database.DB) error {
	fmt.Printf("Go %s, %d cores;", runtime.Version(), runtime.NumCPU())
	for _, name := range []string{"server_version", "shared_buffers", "work_mem", "maintenance_work_mem", "max_parallel_maintenance_workers", "fsync"} {
		var value string
		if err := db.SQL.QueryRowContext(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return err
		}
		fmt.Printf(" %s %s;", name, value)
	}
	fmt.Printf(" %d clients, %d searches of each kind\n\n", b.clients, b.queries)
	return nil
}

var filter = retrieval.Filter{Jurisdictions: []corpus.Jurisdiction{corpus.JP}} // keeps one in twenty

// speed measures searches once all is in memory.
func (b *bench) speed(ctx context.Context) error {
	fmt.Printf("| search | p50 ms | p95 ms | p99 ms | a second |\n|---|---|---|---|---|\n")
	for _, stage := range []retrieval.Stage{retrieval.Dense, retrieval.Lexical, retrieval.Hybrid} {
		for _, f := range []retrieval.Filter{{}, filter} {
			if _, _, err := b.searches(ctx, stage, f, max(b.queries/4, 1), 1_000_000); err != nil { // warm
				return err
			}
			times, took, err := b.searches(ctx, stage, f, b.queries, 0)
			if err != nil {
				return err
			}
			name := stage.String()
			if len(f.Jurisdictions) > 0 {
				name += ", filter keeps 5 %"
			}
			fmt.Printf("| %s | %.1f | %.1f | %.1f | %.0f |\n", name, percentile(times, .5), percentile(times, .95), percentile(times, .99), float64(len(times))/took.Seconds())
		}
	}
	fmt.Println()
	return nil
}

// percentile is in milliseconds.
func percentile(times []time.Duration, p float64) float64 {
	times = slices.Sorted(slices.Values(times))
	return float64(times[int(p*float64(len(times)-1))].Microseconds()) / 1000
}

// searches runs queries from a number on and gives the time of each and of all.
func (b *bench) searches(ctx context.Context, stage retrieval.Stage, f retrieval.Filter, n, first int) ([]time.Duration, time.Duration, error) {
	queries := make([]retrieval.Query, n)
	for i := range queries {
		queries[i] = b.corpus.query(first+i, b.n)
		queries[i].Stage, queries[i].Filter = stage, f
	}
	times := make([]time.Duration, n)
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(b.clients)
	for i, q := range queries {
		group.Go(func() error {
			began := time.Now()
			_, err := b.index.Search(ctx, q)
			times[i] = time.Since(began)
			return err
		})
	}
	err := group.Wait()
	return times, time.Since(began), err
}
