package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"kakehashi/retrieval"
)

// load puts the corpus into the database, or makes sure that it is there.
func (b *bench) load(ctx context.Context) error {
	stats, err := b.index.Stats(ctx)
	if err != nil {
		return err
	}
	b.printf("%d passages\n\n", b.n)
	switch {
	case b.keep:
		if err := b.recognise(ctx, stats.Passages); err != nil {
			return err
		}
	case stats.Passages > 0:
		return fmt.Errorf("the database holds %d passages: name an empty one, or give -keep if a run of this command has loaded them", stats.Passages)
	default:
		if err := b.fill(ctx); err != nil {
			return err
		}
		began := time.Now()
		if err := b.index.Optimize(ctx, func(what string, done, total int) { note("%s: %d of %d", what, done, total) }); err != nil {
			return err
		}
		note("")
		b.printf("- merging the postings, building the graph, ANALYZE: %.0f s\n", time.Since(began).Seconds())
		if stats, err = b.index.Stats(ctx); err != nil {
			return err
		}
	}
	b.printf("\n| room | MB | bytes a passage |\n|---|---|---|\n")
	for _, row := range []struct {
		of    string
		bytes int64
	}{
		{"texts", stats.TextBytes}, {"terms of passages", stats.TermBytes}, {"postings", stats.PostingBytes},
		{"embeddings (halfvec)", stats.EmbeddingBytes}, {"graph (HNSW)", stats.GraphBytes}, {"vectors to compare by", stats.VectorBytes},
	} {
		b.printf("| %s | %.0f | %d |\n", row.of, float64(row.bytes)/1e6, row.bytes/int64(b.n))
	}
	b.printf("\n")
	return nil
}

// recognise makes sure that the first and the last passage are what this run would load.
func (b *bench) recognise(ctx context.Context, held int) error {
	if held != b.n {
		return fmt.Errorf("the database holds %d passages, not %d", held, b.n)
	}
	for _, no := range []int{0, b.n/perDocument - 1} {
		e := b.corpus.entry(no)
		hits, err := b.index.Search(ctx, retrieval.Query{Vector: e.Vectors.Editions[0][0].Passage, Model: model, Stage: retrieval.Dense, Limit: 1})
		if err != nil {
			return err
		}
		if len(hits) == 0 || hits[0].Passage.Hash != e.Document.Editions[0].Passages[0].Hash {
			return errors.New("the database holds something else, or the corpus of another -seed")
		}
	}
	return nil
}

const documentsAtOnce = 1000

func (b *bench) fill(ctx context.Context) error {
	began, writing := time.Now(), time.Duration(0)
	documents := b.n / perDocument
	for from := 0; from < documents; from += documentsAtOnce {
		entries := make([]retrieval.Entry, min(documentsAtOnce, documents-from))
		var group errgroup.Group
		group.SetLimit(runtime.GOMAXPROCS(0))
		for i := range entries {
			group.Go(func() error { entries[i] = b.corpus.entry(from + i); return nil })
		}
		_ = group.Wait()
		made := time.Now()
		if err := b.index.Put(ctx, entries...); err != nil {
			return err
		}
		writing += time.Since(made)
		done := (from + len(entries)) * perDocument
		rate := float64(done) / time.Since(began).Seconds()
		note("loading: %d of %d, %.0f a second, %.0f s left", done, b.n, rate, float64(b.n-done)/rate)
	}
	note("")
	b.printf("- loaded in %.0f s, %.0f passages a second, analysis included; making them up took another %.0f s\n",
		writing.Seconds(), float64(b.n)/writing.Seconds(), (time.Since(began) - writing).Seconds())
	return nil
}

const selectSettings = `
SELECT concat(name, ' ', current_setting(name)) FROM pg_settings
WHERE name = ANY ('{server_version,shared_buffers,work_mem,maintenance_work_mem,effective_cache_size,max_parallel_maintenance_workers,fsync,jit}')
UNION ALL SELECT concat('pgvector ', extversion) FROM pg_extension WHERE extname = 'vector'`

// settings tells what the figures were measured on.
func (b *bench) settings(ctx context.Context) error {
	rows, err := b.db.SQL.QueryContext(ctx, selectSettings)
	if err != nil {
		return err
	}
	defer rows.Close()
	b.printf("%s, %d cores", runtime.Version(), runtime.NumCPU())
	for rows.Next() {
		var setting string
		if err := rows.Scan(&setting); err != nil {
			return err
		}
		b.printf(", %s", setting)
	}
	b.printf("; %d searches of each kind\n\n", b.queries)
	return rows.Err()
}
