package local_test

import (
	"context"
	"testing"

	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/indextest"
	"kakehashi/retrieval/local"
	"kakehashi/retrieval/shipped"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	indextest.Run(t, func(_ *testing.T, a *analysis.Analyzer) retrieval.Index {
		return local.New(a, retrieval.DefaultTuning())
	})
}

func entries(tb testing.TB) (*analysis.Analyzer, []retrieval.Entry) {
	tb.Helper()
	lib, err := corpus.Load(library.Files)
	if err != nil {
		tb.Fatal(err)
	}
	out, err := shipped.Entries(lib)
	if err != nil {
		tb.Fatal(err)
	}
	return analysis.NewAnalyzer(lib.Glossary), out
}

// BenchmarkBuild indexes the whole shipped library from nothing.
func BenchmarkBuild(b *testing.B) {
	lib, err := corpus.Load(library.Files)
	if err != nil {
		b.Fatal(err)
	}
	_, es := entries(b)
	for b.Loop() {
		if err := local.New(analysis.NewAnalyzer(lib.Glossary), retrieval.DefaultTuning()).Put(context.Background(), es...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	a, es := entries(b)
	ix := local.New(a, retrieval.DefaultTuning())
	if err := ix.Put(context.Background(), es...); err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"english":  "Does Japan's deemed-export rule cover my postdoc who is paid by a foreign government?",
		"japanese": "外国政府から奨学金を受けているポスドクは、みなし輸出の対象になりますか。",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := ix.Search(context.Background(), retrieval.Query{Text: text}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
