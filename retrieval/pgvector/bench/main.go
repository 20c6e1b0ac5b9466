// Command bench measures the index on Postgres with a synthetic corpus of any size:
// loading, room, and the speed and recall of searches. It prints Markdown.
//
//	DATABASE_URL=postgres://… go run ./retrieval/pgvector/bench -n 1000000
//
// The database must be empty. Memory for building the graph is the server's to give: add
// options=-c%20maintenance_work_mem%3D2GB to the address.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"kakehashi/database"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/pgvector"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	n, clients, queries, exact int
	keep, others               bool

	corpus *synthetic
	db     *database.DB
	index  *pgvector.Index
	out    io.Writer
}

func run(ctx context.Context) (err error) {
	b := bench{out: os.Stdout}
	flag.IntVar(&b.n, "n", 100_000, "passages")
	seed := flag.Uint64("seed", 1, "the same seed gives the same corpus and queries")
	sentences := flag.Bool("sentences", false, "give the sentences vectors too, two to four a passage")
	flag.IntVar(&b.clients, "clients", 8, "searches at a time")
	flag.IntVar(&b.queries, "queries", 2000, "searches of each kind")
	flag.IntVar(&b.exact, "exact", 200, "queries whose recall is measured")
	flag.BoolVar(&b.keep, "keep", false, "measure what an earlier run of the same -n, -seed and -sentences has loaded")
	flag.BoolVar(&b.others, "others", false, "measure other ways to search by words too; for 100,000 passages or so at most")
	address := flag.String("database", os.Getenv("DATABASE_URL"), "address of Postgres; else DATABASE_URL")
	md := flag.String("md", "", "file for the report, in place of the standard output")
	flag.Parse()
	if b.n < 1000 || b.n%perDocument != 0 || b.clients < 1 || b.queries < 1 || b.exact < 1 {
		return fmt.Errorf("want -n of at least 1000 in steps of %d, and -clients, -queries and -exact above 0", perDocument)
	}
	if !database.IsPostgres(*address) {
		return errors.New("give the address of an empty database of Postgres in -database or DATABASE_URL")
	}
	if *md != "" {
		file, err := os.Create(*md)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		b.out = file
	}
	if b.db, err = database.Open(ctx, *address); err != nil {
		return err
	}
	defer b.db.Close()
	if _, err := b.db.Migrate(ctx); err != nil {
		return err
	}
	if b.index, err = b.open(ctx, retrieval.DefaultTuning()); err != nil {
		return err
	}
	b.corpus = newSynthetic(*seed, *sentences)
	for _, part := range []func(context.Context) error{b.load, b.settings, b.speed, b.recall, b.compare} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) open(ctx context.Context, tune retrieval.Tuning) (*pgvector.Index, error) {
	return pgvector.Open(ctx, b.db, analysis.NewAnalyzer(nil), tune)
}

func (b *bench) printf(format string, args ...any) { fmt.Fprintf(b.out, format, args...) }

// note shows progress in one line of a terminal.
func note(format string, args ...any) { fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...) }
