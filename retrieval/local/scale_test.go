package local

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
)

const dimension = 384 // of the built-in encoder

// synthetic makes documents of ten passages each, every one of words words that are
// as unevenly frequent as those of a language, with a vector in any direction. The
// same seed gives the same.
type synthetic struct {
	*rand.Rand
	frequency *rand.Zipf
	words     int
}

func newSynthetic(words int) *synthetic {
	r := rand.New(rand.NewPCG(1, 2))
	return &synthetic{r, rand.NewZipf(r, 1.2, 8, 30_000), words}
}

func (s *synthetic) vector() []float32 {
	v := make([]float32, dimension)
	for i := range v {
		v[i] = float32(s.NormFloat64())
	}
	if err := embed.Normalize(v); err != nil {
		panic(err) // no draw of 384 numbers is all zeros
	}
	return v
}

// word spells a number in syllables.
func word(n uint64) string {
	var b strings.Builder
	for n += 20; n > 0; n /= 20 {
		b.WriteString([]string{"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "zu"}[n%20])
	}
	return b.String()
}

func (s *synthetic) text() string {
	words := make([]string, s.words)
	for i := range words {
		words[i] = word(s.frequency.Uint64())
	}
	return strings.Join(words, " ") + "."
}

func (s *synthetic) entries(from, passages int) []retrieval.Entry {
	out := make([]retrieval.Entry, passages/10)
	for i := range out {
		id := fmt.Sprintf("us-%06d", from/10+i)
		e, vs := corpus.Edition{Language: language.English, Title: word(s.frequency.Uint64()), Citation: id}, []retrieval.PassageVectors(nil)
		for p := range 10 {
			text := s.text()
			e.Passages = append(e.Passages, corpus.Passage{ID: corpus.PassageID(fmt.Sprintf("%s#%d", id, p)), Locator: fmt.Sprintf("p. %d", p), Text: text, Hash: corpus.HashText(text)})
			vs = append(vs, retrieval.PassageVectors{Passage: s.vector()})
		}
		d := &corpus.Document{ID: id, Jurisdiction: corpus.US, Kind: "report", Status: corpus.InForce, Published: corpus.Date{Year: 2020}, Editions: []corpus.Edition{e}}
		out[i] = retrieval.Entry{Document: d, Vectors: &retrieval.Vectors{Model: "random", Editions: [][]retrieval.PassageVectors{vs}}}
	}
	return out
}

// searches are the hits of some queries, by words, by meaning and by both.
func (s *synthetic) searches(tb testing.TB, ix *Store, queries []retrieval.Query) [][]retrieval.Hit {
	tb.Helper()
	var out [][]retrieval.Hit
	for _, q := range queries {
		for _, q.Stage = range []retrieval.Stage{retrieval.Hybrid, retrieval.Lexical, retrieval.Dense} {
			hits, err := ix.Search(tb.Context(), q)
			must(tb, err)
			if len(hits) == 0 {
				tb.Fatalf("%q finds nothing", q.Text)
			}
			out = append(out, hits)
		}
	}
	return out
}

func (s *synthetic) queries(n int) []retrieval.Query {
	out := make([]retrieval.Query, n)
	for i := range out {
		out[i] = retrieval.Query{Text: word(uint64(3+i)) + " " + word(uint64(200+i)), Vector: s.vector(), Model: "random"}
	}
	return out
}

// TestReopenedStoreFindsTheSame holds every hit, score and reason against those
// before the restart, to the last bit. No encoder takes part: a Store has none.
func TestReopenedStoreFindsTheSame(t *testing.T) {
	t.Parallel()
	made, path := newSynthetic(20), filepath.Join(t.TempDir(), "index")
	s := opened(t, path)
	must(t, s.Put(t.Context(), made.entries(0, 200)...))
	must(t, s.Put(t.Context(), made.entries(200, 200)...))
	queries := made.queries(4)
	before := made.searches(t, s, queries)
	must(t, s.Close())
	if !reflect.DeepEqual(made.searches(t, opened(t, path), queries), before) {
		t.Error("the restart has changed what is found")
	}
}

// heap is what lives in memory, in MiB.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// BenchmarkReopen50k ingests 50,000 passages in ten calls and opens the file again.
// Run it with -benchtime 1x.
func BenchmarkReopen50k(b *testing.B) {
	made, ctx := newSynthetic(60), context.Background()
	var batches [][]retrieval.Entry
	for i := range 10 {
		batches = append(batches, made.entries(i*5_000, 5_000))
	}
	queries := made.queries(3)
	var ingesting, opening time.Duration
	var size, used float64
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "index")
		s := opened(b, path)
		start := time.Now()
		for _, entries := range batches {
			must(b, s.Put(ctx, entries...))
		}
		ingesting += time.Since(start)
		before := made.searches(b, s, queries)
		must(b, s.Close())
		info, err := os.Stat(path)
		must(b, err)
		size = float64(info.Size()) / (1 << 20)
		s = nil
		idle := heap()
		start = time.Now()
		s = opened(b, path)
		opening += time.Since(start)
		used = heap() - idle
		if !reflect.DeepEqual(made.searches(b, s, queries), before) {
			b.Fatal("the restart has changed what is found")
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ingesting.Seconds()/float64(b.N), "s-ingest")
	b.ReportMetric(opening.Seconds()/float64(b.N), "s-reopen")
	b.ReportMetric(size, "MiB-file")
	b.ReportMetric(used, "MiB-heap")
}

// BenchmarkExactSearch100k searches 100,000 vectors exactly: the whole of a Search by
// meaning, the same with the words, and the scan alone.
func BenchmarkExactSearch100k(b *testing.B) {
	made, ix, ctx := newSynthetic(4), New(analysis.NewAnalyzer(nil), retrieval.DefaultTuning()), context.Background()
	idle := heap()
	must(b, ix.Put(ctx, made.entries(0, 100_000)...))
	used := heap() - idle
	q := made.queries(1)[0]
	for _, stage := range []retrieval.Stage{retrieval.Dense, retrieval.Hybrid} {
		b.Run(stage.String(), func(b *testing.B) {
			q := q
			q.Stage = stage
			var took []float64
			for b.Loop() {
				start := time.Now()
				_, err := ix.Search(ctx, q)
				must(b, err)
				took = append(took, time.Since(start).Seconds()*1e3)
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2], "ms-p50")
			b.ReportMetric(took[int(math.Ceil(0.95*float64(len(took))))-1], "ms-p95")
			b.ReportMetric(used, "MiB-heap")
		})
	}
	b.Run("scan", func(b *testing.B) {
		s := ix.snapshot.Load()
		for b.Loop() {
			s.scan(q.Vector, q.Filter.Keeps)
		}
	})
}
