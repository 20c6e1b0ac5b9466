package main

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"kakehashi/retrieval"
)

// Numbers of queries: those that are timed, those that only warm the caches, those that
// recall is measured on.
const (
	timed  = 0
	warm   = 1_000_000
	judged = 2_000_000
)

var stages = []retrieval.Stage{retrieval.Dense, retrieval.Lexical, retrieval.Hybrid}

// named is what a row of a table is of.
func named(stage retrieval.Stage, f retrieval.Filter) string {
	if len(f.Topics) > 0 {
		return stage.String() + ", filter keeps 5 %"
	}
	return stage.String()
}

// speed measures searches once what they read is in memory.
func (b *bench) speed(ctx context.Context) error {
	b.printf("| search | 1 client: p50 ms | p95 | %d clients: p50 | p95 | p99 | a second |\n|---|---|---|---|---|---|---|\n", b.clients)
	for _, stage := range stages {
		for _, f := range []retrieval.Filter{{}, filter} {
			note("%s", named(stage, f))
			if _, _, err := b.searches(ctx, stage, f, warm, b.queries, b.clients); err != nil {
				return err
			}
			alone, _, err := b.searches(ctx, stage, f, timed, max(b.queries/4, 1), 1)
			if err != nil {
				return err
			}
			together, took, err := b.searches(ctx, stage, f, timed, b.queries, b.clients)
			if err != nil {
				return err
			}
			b.printf("| %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.0f |\n", named(stage, f), at(alone, .5), at(alone, .95),
				at(together, .5), at(together, .95), at(together, .99), float64(len(together))/took.Seconds())
		}
	}
	note("")
	b.printf("\n")
	return nil
}

// at is a quantile of ascending times, in milliseconds.
func at(times []time.Duration, quantile float64) float64 {
	return times[int(quantile*float64(len(times)-1))].Seconds() * 1000
}

// searches runs queries from a number on, and gives the time of each, ascending, and of
// all together.
func (b *bench) searches(ctx context.Context, stage retrieval.Stage, f retrieval.Filter, first, n, clients int) ([]time.Duration, time.Duration, error) {
	queries := make([]retrieval.Query, n)
	for i := range queries {
		queries[i] = b.corpus.query(first+i, b.n)
		queries[i].Stage, queries[i].Filter = stage, f
	}
	times := make([]time.Duration, n)
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(clients)
	for i, q := range queries {
		group.Go(func() error {
			began := time.Now()
			_, err := b.index.Search(ctx, q)
			times[i] = time.Since(began)
			return err
		})
	}
	err := group.Wait()
	took := time.Since(began)
	slices.Sort(times)
	return times, took, err
}
