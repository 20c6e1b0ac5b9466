package main

import (
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/local"
)

// entries makes documents on several goroutines at a time, the last first.
func entries(s *synthetic, documents int) []retrieval.Entry {
	out := make([]retrieval.Entry, documents)
	var wg sync.WaitGroup
	for i := range slices.Backward(out) {
		wg.Go(func() { out[i] = s.entry(i) })
	}
	wg.Wait()
	return out
}

func TestTheSameSeedGivesTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	a, b, other := newSynthetic(1, true), newSynthetic(1, true), newSynthetic(2, true)
	made := entries(a, 20)
	for i, e := range made {
		if !reflect.DeepEqual(e, b.entry(i)) {
			t.Fatalf("document %d differs", i)
		}
	}
	if !reflect.DeepEqual(a.query(3, 200), b.query(3, 200)) {
		t.Error("the same seed gives another query")
	}
	if made[7].Document.Editions[0].Title == other.entry(7).Document.Editions[0].Title {
		t.Error("another seed gives the same document")
	}
}

func TestDocumentsAreSound(t *testing.T) {
	t.Parallel()
	kept, japanese, sentences := 0, 0, 0
	const documents = 400
	for _, e := range entries(newSynthetic(1, true), documents) {
		if _, err := e.Check(); err != nil {
			t.Fatal(err)
		}
		edition := e.Document.Editions[0]
		if edition.Language != analysis.Language(edition.Passages[0].Text) {
			t.Fatalf("%s is no %s: %s", e.Document.ID, edition.Language, edition.Passages[0].Text)
		}
		for i, p := range edition.Passages {
			if n := len(corpus.Sentences(p.Text, edition.Language)); n != len(e.Vectors.Editions[0][i].Sentences) {
				t.Fatalf("%s: vectors of %d sentences for %d: %s", p.ID, len(e.Vectors.Editions[0][i].Sentences), n, p.Text)
			}
			sentences += len(e.Vectors.Editions[0][i].Sentences)
		}
		if filter.Keeps(e.Document) {
			kept++
		}
		if edition.Language != analysis.Language("") {
			japanese++
		}
	}
	for _, c := range []struct {
		of                 string
		n, atLeast, atMost int
	}{
		{"documents that the filter keeps", kept, 8, 32},
		{"Japanese documents", japanese, 56, 104},
		{"sentences", sentences, 11_000, 13_000},
	} {
		if c.n < c.atLeast || c.n > c.atMost {
			t.Errorf("%d %s of %d; want %d to %d", c.n, c.of, documents, c.atLeast, c.atMost)
		}
	}
}

// TestFiguresAreThoseOfTheLibrary holds the corpus against figures of the shipped
// library, which has as many passages: see docs/scale.md.
func TestFiguresAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	s := newSynthetic(1, false)
	made := entries(s, 108)
	words := map[string]bool{}
	var vectors [][]float32
	for _, e := range made {
		for i, p := range e.Document.Editions[0].Passages {
			for _, t := range analysis.NewAnalyzer(nil).Terms(p.Text) {
				words[t.Text] = true
			}
			vectors = append(vectors, e.Vectors.Editions[0][i].Passage)
		}
	}
	var other, same, nearest float64
	for i, v := range vectors {
		nearby := 0.0
		for j, w := range vectors {
			switch c := cosine(plain(), v, retrieval.PassageVectors{Passage: w}); {
			case i == j:
			case i/perDocument == j/perDocument:
				same += c / float64(len(vectors)*(perDocument-1))
				nearby = max(nearby, c)
			default:
				other += c / float64(len(vectors)*(len(vectors)-perDocument))
				nearby = max(nearby, c)
			}
		}
		nearest += nearby / float64(len(vectors))
	}
	for _, c := range []struct {
		of         string
		got, want  float64
		difference float64
	}{
		{"cosine of two passages", other, 0.83, 0.01},
		{"cosine of two of one document", same, 0.905, 0.01},
		{"cosine with the nearest", nearest, 0.935, 0.01},
		{"terms", float64(len(words)), 30_000, 5_000},
	} {
		if math.Abs(c.got-c.want) > c.difference {
			t.Errorf("%s: %.3f; want %.3f", c.of, c.got, c.want)
		}
	}
}

func TestVocabularyGrowsByHeaps(t *testing.T) {
	t.Parallel()
	growth := math.Log(float64(vocabulary(99_999))/float64(vocabulary(999))) / math.Log(100)
	if math.Abs(growth-vocabularyGrowth) > 0.001 {
		t.Errorf("growth %.3f, want %.3f", growth, vocabularyGrowth)
	}
	if subjects(99_999) < 3000 || begins(subjects(5000)-1) > 5000 || begins(0) != 0 {
		t.Error("subjects begin too late")
	}
}

func TestRankedFallsAsZipfAndMandelbrotSay(t *testing.T) {
	t.Parallel()
	const draws, n = 200_000, 1000
	counts := make([]float64, n)
	for i := range draws {
		counts[ranked((float64(i)+0.5)/draws, n)]++
	}
	// The share of rank r is in proportion to the integral of 1/(x+offset) from r to r+1.
	for _, r := range []int{0, 10, 100, 900} {
		want := draws * math.Log((float64(r)+1+offset)/(float64(r)+offset)) / math.Log(n/offset+1)
		if math.Abs(counts[r]-want) > 2 {
			t.Errorf("rank %d: %v draws, want %.1f", r, counts[r], want)
		}
	}
}

func TestBestKeepsTheTenHighest(t *testing.T) {
	t.Parallel()
	var b best
	for i := range 40 {
		b.add(float64(i * 7 % 40))
	}
	if want := (best{39, 38, 37, 36, 35, 34, 33, 32, 31, 30}); !slices.Equal(b, want) {
		t.Fatalf("%v, want %v", b, want)
	}
	for _, c := range []struct {
		found []float64
		want  float64
	}{
		{[]float64{39, 38, 37, 36, 35, 34, 33, 32, 31, 30}, 1},
		{[]float64{39, 38, 37, 36, 35, 29, 28}, 0.5},
		{[]float64{30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30}, 1}, // as good as the tenth
		{[]float64{29.999}, 0.1},                                       // within the rounding
		{[]float64{29.9}, 0},
		{nil, 0},
	} {
		if got := b.share(c.found); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: %v, want %v", c.found, got, c.want)
		}
	}
	if got := (best{5, 4}).share([]float64{5}); got != 0.5 {
		t.Errorf("one of two is a share of %v", got)
	}
}

// TestALookAtAllFindsWhatTheExactIndexFinds holds the look at every passage against the
// index in process, which is exact.
func TestALookAtAllFindsWhatTheExactIndexFinds(t *testing.T) {
	t.Parallel()
	for _, sentences := range []bool{false, true} {
		b := bench{n: 1000, corpus: newSynthetic(1, sentences)}
		index := local.New(analysis.NewAnalyzer(nil), plain())
		if err := index.Put(t.Context(), entries(b.corpus, b.n/perDocument)...); err != nil {
			t.Fatal(err)
		}
		queries := make([]retrieval.Query, 20)
		for i := range queries {
			queries[i] = b.corpus.query(i, b.n)
		}
		filters := []retrieval.Filter{{}, filter}
		truths, err := b.lookAtAll(t.Context(), queries, filters)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range filters {
			for j, q := range queries {
				q.Filter = f
				q.Stage = retrieval.Dense
				if got := scores(t, index, q); truths[i].dense[j].share(got) != 1 || len(got) != len(truths[i].dense[j]) {
					t.Errorf("query %d by meaning: %v, want %v", j, got, truths[i].dense[j])
				}
				q.Stage = retrieval.Lexical
				if got := scores(t, index, q); truths[i].lexical[j].share(got) != 1 || len(got) != len(truths[i].lexical[j]) {
					t.Errorf("query %d by words: %v, want %v", j, got, truths[i].lexical[j])
				}
			}
		}
	}
}

func scores(t *testing.T, index retrieval.Index, q retrieval.Query) []float64 {
	t.Helper()
	hits, err := index.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(hits))
	for i, h := range hits {
		out[i] = h.Why.Lexical
		if q.Stage == retrieval.Dense {
			out[i] = h.Why.Dense
		}
	}
	return out
}

func TestQuantilesOfTimes(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := range 101 {
		times = append(times, time.Duration(i)*time.Millisecond)
	}
	for quantile, want := range map[float64]float64{0: 0, .5: 50, .95: 95, 1: 100} {
		if got := at(times, quantile); got != want {
			t.Errorf("quantile %v: %v ms, want %v", quantile, got, want)
		}
	}
}
