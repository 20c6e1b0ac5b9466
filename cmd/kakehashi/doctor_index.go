package main

import (
	"context"
	"fmt"

	"kakehashi/corpus"
	"kakehashi/database"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/pgvector"
)

const corpusPush = "run kakehashi corpus push"

const selectGraph = `
SELECT s.space, s.dimension, count(x.indexrelid), coalesce(bool_and(x.indisvalid AND x.indisready), false)
FROM index_state i JOIN spaces s ON s.space = i.space
LEFT JOIN pg_index x ON x.indrelid = to_regclass('embeddings_' || s.space)
	AND EXISTS (SELECT FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.oid = x.indexrelid AND a.amname = 'hnsw')
GROUP BY s.space, s.dimension`

const selectLibrary = `SELECT count(*) FROM documents WHERE collection = $1`

// index compares what the database holds with the library and the encoder.
func (d *doctor) index(ctx context.Context, db *database.DB, m memory, lib *corpus.Library, encoder embed.Embedder) {
	if lib == nil {
		return
	}
	ix, err := pgvector.Open(ctx, db, analysis.NewAnalyzer(lib.Glossary), retrieval.DefaultTuning())
	if err != nil {
		d.failed("index", err, corpusPush)
		return
	}
	stats, err := ix.Stats(ctx)
	if err != nil {
		d.failed("index", err, corpusPush)
		return
	}
	var ours int
	if err := db.SQL.QueryRowContext(ctx, selectLibrary, corpus.Shipped).Scan(&ours); err != nil {
		d.failed("index", db.Explain(err), corpusPush)
		return
	}
	switch {
	case stats.Documents == 0:
		d.fault("index", "it holds no documents", corpusPush)
		return
	case !stats.SameAnalysis:
		d.fault("index", "its terms were made by another version of the program", corpusPush)
	case ours != len(lib.Documents):
		d.warn("index", fmt.Sprintf("it holds %d documents of the library, which has %d", ours, len(lib.Documents)), corpusPush)
	default:
		d.ok("index", "%d documents, %d passages", stats.Documents, stats.Passages)
	}
	switch {
	case stats.Model == "":
		d.fault("embeddings", "there are none: only words are searched", corpusPush)
		return
	case encoder != nil && stats.Model != encoder.Model():
		d.fault("embeddings", "they are of the encoder "+stats.Model+", and questions are embedded by "+encoder.Model(), corpusPush)
	case encoder != nil && stats.Dimension != encoder.Dimension():
		d.fault("embeddings", fmt.Sprintf("they have %d values, and the encoder's %d", stats.Dimension, encoder.Dimension()), corpusPush)
	default:
		d.ok("embeddings", "%d of %s, %d values", stats.Embeddings, stats.Model, stats.Dimension)
	}
	d.graph(ctx, db, stats)
	d.memory(m, stats)
}

func (d *doctor) graph(ctx context.Context, db *database.DB, stats pgvector.Stats) {
	var space, dimension, graphs int
	var valid bool
	if err := db.SQL.QueryRowContext(ctx, selectGraph).Scan(&space, &dimension, &graphs, &valid); err != nil {
		d.failed("graph", db.Explain(err), corpusPush)
		return
	}
	switch {
	case !stats.Graph && stats.Embeddings > pgvector.ExactRows:
		d.warn("graph", fmt.Sprintf("is not built: a search compares all %d embeddings", stats.Embeddings), corpusPush)
	case !stats.Graph:
		d.ok("graph", "none: of so few embeddings all are compared")
	case graphs == 0:
		d.fault("graph", "the index of the embeddings is gone", fmt.Sprintf("run in the database: SELECT index_space(%d, %d)", space, dimension))
	case !valid:
		d.fault("graph", "the index of the embeddings is not valid", fmt.Sprintf("run in the database: REINDEX INDEX embeddings_%d_graph", space))
	default:
		d.ok("graph", "%s", size(stats.GraphBytes))
	}
}

// memory is what a server takes of it, in bytes.
type memory struct{ buffers, work, maintenance int64 }

// defaultWork is work_mem as Postgres has it; a filtered search stops when its part of
// the graph outgrows it (hnsw.scan_mem_multiplier).
const defaultWork = 4 << 20

func (d *doctor) memory(m memory, stats pgvector.Stats) {
	searched := stats.PostingBytes + stats.TermBytes + stats.EmbeddingBytes + stats.GraphBytes + stats.VectorBytes
	switch {
	case searched > m.buffers:
		d.warn("memory", fmt.Sprintf("what is searched takes %s, and shared_buffers %s", size(searched), size(m.buffers)), "raise shared_buffers, to a quarter of the server's memory at most")
	case stats.GraphBytes > m.maintenance:
		d.warn("memory", fmt.Sprintf("the graph takes %s, and maintenance_work_mem %s: to build it anew would be slow", size(stats.GraphBytes), size(m.maintenance)), "raise maintenance_work_mem")
	case m.work < defaultWork:
		d.warn("memory", fmt.Sprintf("work_mem is %s: searches with a filter may find less", size(m.work)), "raise work_mem to 4 MB or more")
	default:
		d.ok("memory", "shared_buffers %s, of which searches use up to %s", size(m.buffers), size(searched))
	}
}

// size is in the units of Postgres's settings.
func size(bytes int64) string { return fmt.Sprintf("%d MB", bytes>>20) }
