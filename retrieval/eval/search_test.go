package eval_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/eval"
	"kakehashi/retrieval/local"
)

// letters is an encoder that counts a few letters: texts that share them are near.
type letters struct{ calls int }

func (*letters) Model() string  { return "letters" }
func (*letters) Dimension() int { return 26 }

func (l *letters) Embed(ctx context.Context, _ embed.Kind, texts []string) ([][]float32, error) {
	l.calls++
	var out [][]float32
	for _, t := range texts {
		v := make([]float32, 26)
		v[25] = 0.1
		for _, r := range strings.ToLower(t) {
			if r >= 'a' && r <= 'y' {
				v[r-'a']++
			}
		}
		if err := embed.Normalize(v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, ctx.Err()
}

func readSmall(t *testing.T) eval.Set {
	t.Helper()
	s, err := eval.ReadBEIR(folder(t, small()), "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func allStages() []retrieval.Stage {
	return []retrieval.Stage{retrieval.Lexical, retrieval.Dense, retrieval.Hybrid}
}

// A set goes through the index that is shipped and comes back under its own ids.
func TestASetIsIndexedAndSearched(t *testing.T) {
	t.Parallel()
	set, e := readSmall(t), &letters{}
	for _, sentences := range []bool{false, true} {
		entries, err := set.Entries(t.Context(), e.Model(), func(ctx context.Context, texts []string) ([][]float32, error) {
			return e.Embed(ctx, embed.Passage, texts)
		}, sentences)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(entries[0].Vectors.Editions[0][0].Sentences); (n > 0) != sentences {
			t.Errorf("%d vectors of sentences", n)
		}
		ix := local.New(analysis.NewAnalyzer(nil), retrieval.DefaultTuning())
		if err := ix.Put(t.Context(), entries...); err != nil {
			t.Fatal(err)
		}
		done := 0
		rankings, err := set.Rank(t.Context(), ix, len(set.Queries), eval.Options{Stages: allStages(), Embedder: e, Seed: 1, Progress: func(n, total int) {
			if done++; done != n || total != 6 {
				t.Errorf("%d of %d after %d searches", n, total, done)
			}
		}})
		if err != nil || len(rankings) != 3 {
			t.Fatal(err, len(rankings))
		}
		for i, stage := range []string{"lexical", "dense", "hybrid"} {
			if r := rankings[i]; r.Stage != stage || r.Queries[0].Rank != 1 || r.Search.Calls != 2 || len(r.Summary) != 3 || r.Summary[2].Language != "all" {
				t.Errorf("%+v", r)
			}
		}
	}
}

func TestDocumentsPassEveryFilter(t *testing.T) {
	t.Parallel()
	set := readSmall(t)
	for i, d := range set.Corpus() {
		if f := (retrieval.Filter{AsOf: corpus.Date{Year: 1900}}); !f.Keeps(d) || !d.Status.Current() {
			t.Errorf("%s is filtered out", d.ID)
		}
		if got := eval.BEIRID(d.Editions[0].Passages[0].ID); got != set.Documents[i].ID {
			t.Errorf("%q came back as %q", set.Documents[i].ID, got)
		}
	}
	if l := set.Corpus()[1].Editions[0].Language; l != language.Japanese {
		t.Errorf("the Japanese document is in %v", l)
	}
}

func TestEntriesWithoutAnEncoder(t *testing.T) {
	t.Parallel()
	set := readSmall(t)
	entries, err := set.Entries(t.Context(), "", nil, false)
	if err != nil || len(entries) != 3 || entries[0].Vectors != nil {
		t.Errorf("%v, %v", entries, err)
	}
	failed := errors.New("no power")
	if _, err := set.Entries(t.Context(), "m", func(context.Context, []string) ([][]float32, error) { return nil, failed }, false); !errors.Is(err, failed) {
		t.Errorf("a failing encoder gives %v", err)
	}
	if _, err := set.Entries(t.Context(), "m", func(context.Context, []string) ([][]float32, error) { return nil, nil }, false); err == nil {
		t.Error("takes no vectors for three texts")
	}
}

// scripted is an index that returns the passages it was told to, by query.
type scripted struct {
	retrieval.Index
	hits  map[string][]retrieval.Hit
	asked []retrieval.Query
	err   error
}

func (s *scripted) Search(_ context.Context, q retrieval.Query) ([]retrieval.Hit, error) {
	s.asked = append(s.asked, q)
	return s.hits[q.Text], s.err
}

func hitOf(d *corpus.Document, passage int) retrieval.Hit {
	return retrieval.Hit{Document: d, Edition: &d.Editions[0], Passage: d.Editions[0].Passages[passage]}
}

// rules is a document in both languages whose locators differ.
func rules(id string) *corpus.Document {
	edition := func(lang language.Tag, locators ...string) corpus.Edition {
		e := corpus.Edition{Language: lang, Title: id}
		for i, l := range locators {
			e.Passages = append(e.Passages, corpus.Passage{ID: corpus.PassageID(id + "#" + string(rune('a'+i))), Locator: l})
		}
		return e
	}
	return &corpus.Document{ID: id, Editions: []corpus.Edition{edition(language.Japanese, "第1条", "第2条"), edition(language.English, "Art. 1", "§ 2(a)")}}
}

func questions(t *testing.T, lines ...string) eval.Questions {
	t.Helper()
	qs, err := eval.ReadQuestions(questionFile(t, strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return qs
}

func TestFindTellsDocumentsFromPassages(t *testing.T) {
	t.Parallel()
	a, b := rules("a"), rules("b")
	qs := questions(t,
		`{"id": "1en", "lang": "en", "q": "one", "answerable": true, "documents": ["a"], "passages": ["§2 (a)", "Art.  1x"]}`,
		`{"id": "1ja", "lang": "ja", "q": "two", "answerable": true, "documents": ["b", "c"]}`,
		`{"id": "2en", "lang": "en", "q": "three", "answerable": false, "documents": ["a"]}`,
		`{"id": "3en", "lang": "en", "q": "four", "answerable": true}`,
		`{"id": "4en", "lang": "en", "q": "five", "answerable": true, "documents": ["a"], "passages": ["§2(A)"]}`)
	ix := &scripted{hits: map[string][]retrieval.Hit{
		"one":  {hitOf(b, 1), hitOf(a, 0), hitOf(a, 1)},
		"two":  {hitOf(a, 0)},
		"five": {hitOf(b, 0), hitOf(a, 0), hitOf(a, 1)},
	}}
	got, err := qs.Find(t.Context(), ix, eval.Options{Stages: []retrieval.Stage{retrieval.Lexical}, Seed: 1, Query: func(q eval.Question) retrieval.Query { return retrieval.Query{Text: q.Text} }})
	if err != nil {
		t.Fatal(err)
	}
	ranks := func(r eval.Ranking) (out []int) {
		for _, q := range r.Queries {
			out = append(out, q.Rank)
		}
		return out
	}
	if len(got) != 2 || got[0].Target != eval.TargetDocument || !slices.Equal(ranks(got[0]), []int{2, 0, 2}) || !slices.Equal(ranks(got[1]), []int{3, 3}) {
		t.Fatalf("%+v", got)
	}
	missed := got[0].Queries[1].Missed
	if missed == nil || missed.Text != "two" || !slices.Equal(missed.Wanted, []string{"one of: b + c"}) || !slices.Equal(missed.Came, []string{"a Art. 1"}) {
		t.Errorf("missed: %+v", missed)
	}
	if ix.asked[0].Limit != eval.Depth || len(ix.asked) != 3 {
		t.Errorf("%d searches, the first %+v", len(ix.asked), ix.asked[0])
	}
	info := qs.Info([]*corpus.Document{a, b})
	if want := []string{"1en: no passage Art.  1x in a", "1ja: no document c"}; !slices.Equal(info.Unknown, want) {
		t.Errorf("unknown: %q", info.Unknown)
	}
}

func TestRankPassesOverTheQueryItself(t *testing.T) {
	t.Parallel()
	set := readSmall(t)
	documents := set.Corpus()
	set.Documents[1].ID = "q1" // a set whose queries are documents of their own, as for duplicates
	ix := &scripted{hits: map[string][]retrieval.Hit{set.Queries[0].Text: {hitOf(documents[1], 0), hitOf(documents[0], 0)}}}
	ix.hits[set.Queries[0].Text][0].Passage.ID = "q1#text"
	got, err := set.Rank(t.Context(), ix, 1, eval.Options{Stages: []retrieval.Stage{retrieval.Lexical}})
	if err != nil || got[0].Queries[0].Rank != 1 || ix.asked[0].Limit != eval.Depth+1 {
		t.Errorf("%+v, %v, limit %d", got, err, ix.asked[0].Limit)
	}
}

func TestSearchingStopsAtAFault(t *testing.T) {
	t.Parallel()
	set, e, fault := readSmall(t), &letters{}, errors.New("disk full")
	_, err := set.Rank(t.Context(), &scripted{err: fault}, 2, eval.Options{Stages: allStages(), Embedder: e})
	if !errors.Is(err, fault) || !strings.Contains(err.Error(), `"q1"`) {
		t.Errorf("a faulty index gives %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := set.Rank(ctx, &scripted{}, 2, eval.Options{Stages: allStages(), Embedder: e}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run gives %v", err)
	}
	if _, err := eval.Encoding(ctx, e, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled measurement gives %v", err)
	}
	if l, err := eval.Encoding(t.Context(), e, []string{"a", "b", "c"}); err != nil || l.Calls != 3 || l.P95 < l.P50 {
		t.Errorf("%+v, %v", l, err)
	}
}

// The same searches give the same run, but for the time they took.
func TestRunsRepeat(t *testing.T) {
	t.Parallel()
	set := readSmall(t)
	run := func() []eval.Summary {
		documents := set.Corpus()
		ix := &scripted{hits: map[string][]retrieval.Hit{set.Queries[0].Text: {hitOf(documents[0], 0)}}}
		got, err := set.Rank(t.Context(), ix, 2, eval.Options{Stages: []retrieval.Stage{retrieval.Lexical}, Seed: 9})
		if err != nil {
			t.Fatal(err)
		}
		return got[0].Summary
	}
	if a, b := run(), run(); !reflect.DeepEqual(a, b) {
		t.Errorf("%v and %v", a, b)
	}
}
