package pgvector

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed/e5"
	"kakehashi/retrieval/eval"
	"kakehashi/retrieval/local"
	"kakehashi/retrieval/shipped"
)

// TestFindsWhatTheLocalIndexFinds holds both indexes against each other on the shipped
// library: the same ten passages in the same order for at least 99 of 100 questions, by
// words, by meaning and by both.
func TestFindsWhatTheLocalIndexFinds(t *testing.T) {
	t.Parallel()
	lib, err := corpus.Load(library.Files)
	must(t, err)
	entries, err := shipped.Entries(lib)
	must(t, err)
	a := analysis.NewAnalyzer(lib.Glossary)
	here, there := local.New(a, retrieval.DefaultTuning()), opened(t, migrated(t), a)
	must(t, here.Put(t.Context(), entries...))
	for part := range slices.Chunk(entries, 20) { // in several segments, some of them merged
		must(t, there.Put(t.Context(), part...))
	}
	encoder := e5.New()
	var same, asked [3]atomic.Int64
	var group errgroup.Group
	group.SetLimit(4)
	for _, text := range questions(t, 500) {
		group.Go(func() error {
			q, err := retrieval.Embedded(t.Context(), encoder, retrieval.Query{Text: text})
			if err != nil {
				return err
			}
			for _, q.Stage = range []retrieval.Stage{retrieval.Hybrid, retrieval.Lexical, retrieval.Dense} {
				want, err := here.Search(t.Context(), q)
				if err != nil {
					return err
				}
				got, err := there.Search(t.Context(), q)
				if err != nil {
					return err
				}
				asked[q.Stage].Add(1)
				if slices.EqualFunc(want, got, func(x, y retrieval.Hit) bool { return x.Passage.ID == y.Passage.ID }) {
					same[q.Stage].Add(1)
				} else {
					t.Logf("%v, %q: %s, locally %s", q.Stage, text, ranking(got), ranking(want))
				}
			}
			return nil
		})
	}
	must(t, group.Wait())
	for stage := range same {
		n, of := same[stage].Load(), asked[stage].Load()
		t.Logf("%v: the same for %d of %d questions", retrieval.Stage(stage), n, of)
		if of != 500 || n < 495 {
			t.Errorf("%v: the same for %d of %d questions; want 495 of 500", retrieval.Stage(stage), n, of)
		}
	}
}

func ranking(hits []retrieval.Hit) (out []string) {
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%s %.4f", h.Passage.ID, h.Score))
	}
	return out
}

// questions are n of the project's own, taken evenly from all its sets.
func questions(t *testing.T, n int) []string {
	t.Helper()
	files, err := filepath.Glob("../eval/questions/*.jsonl")
	must(t, err)
	var all []string
	for _, name := range files {
		read, err := eval.ReadQuestions(name)
		must(t, err)
		for _, q := range read.Questions {
			all = append(all, q.Text)
		}
	}
	var out []string
	for i := range n {
		out = append(out, all[i*len(all)/n])
	}
	return out
}
