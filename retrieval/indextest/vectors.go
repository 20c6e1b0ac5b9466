package indextest

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
)

// Vectors. Those of the suite are made by hand: what a document is about is a
// direction among three. An index may round them to a byte a value.

const (
	model     = "by hand"
	tolerance = 0.01 // of a cosine
)

// toward is the vector of length 1 in a direction.
func toward(x, y, z float64) []float32 {
	length := math.Sqrt(x*x + y*y + z*z)
	return []float32{float32(x / length), float32(y / length), float32(z / length)}
}

// embedded is a document whose passages and sentences, in all editions, have one
// vector.
func embedded(d *corpus.Document, v []float32) retrieval.Entry {
	of, err := retrieval.VectorsOf(d, model, func(texts []string) ([][]float32, error) {
		return slices.Repeat([][]float32{v}, len(texts)), nil
	})
	if err != nil {
		panic(err) // a fault of the suite itself
	}
	return retrieval.Entry{Document: d, Vectors: of}
}

// note is a document of one passage in English.
func note(id string, j corpus.Jurisdiction, text string) *corpus.Document {
	return document(id, j, corpus.InForce, "2020", []corpus.Passage{{Locator: "p. 1", Heading: "Note", Text: text}}, nil)
}

func (f *fixture) putEmbedded(t *testing.T, entries ...retrieval.Entry) {
	t.Helper()
	if err := f.Put(f.ctx, entries...); err != nil {
		t.Fatal(err)
	}
}

func near(x, y float64) bool { return math.Abs(x-y) < tolerance }

func ranksByMeaning(t *testing.T, f *fixture) {
	f.putEmbedded(t,
		embedded(note("us-far", corpus.US, "Obsidian."), toward(1, 2, 0)),
		embedded(note("us-near", corpus.US, "Basalt."), toward(2, 1, 0)),
		embedded(note("us-same", corpus.US, "Granite."), toward(1, 0, 0)))
	for _, text := range []string{"", "obsidian"} { // whose word counts nothing here
		hits := f.search(t, retrieval.Query{Text: text, Vector: toward(1, 0, 0), Model: model, Stage: retrieval.Dense})
		if got := ids(hits); !slices.Equal(got, []string{"us-same#1", "us-near#1", "us-far#1"}) {
			t.Fatalf("%q finds %q; want those with vectors, the nearest first", text, got)
		}
		for i, want := range []float64{1, 2 / math.Sqrt(5), 1 / math.Sqrt(5)} {
			if why := hits[i].Why; !near(why.Dense, want) || why.Words != 0 || why.Lexical != 0 {
				t.Errorf("%s has the reasons %+v; want the cosine %.3f and no words", hits[i].Passage.ID, why, want)
			}
		}
	}
	if got := f.search(t, retrieval.Query{Text: "obsidian", Vector: toward(1, 0, 0), Model: model, Stage: retrieval.Lexical}); len(got) != 1 || got[0].Why.Dense != 0 || got[0].Why.Meaning != 0 {
		t.Errorf("by words alone, obsidian finds %+v", got)
	}
}

func joinsBoth(t *testing.T, f *fixture) {
	f.putEmbedded(t,
		embedded(note("us-word", corpus.US, "Obsidian tools."), toward(0, 1, 0)),
		embedded(note("us-meaning", corpus.US, "Volcanic glass."), toward(1, 0.2, 0)),
		embedded(note("us-both", corpus.US, "Obsidian glass."), toward(1, 0.2, 0)))
	got := ids(f.search(t, retrieval.Query{Text: "obsidian", Vector: toward(1, 0, 0), Model: model}))
	if len(got) != 3 || got[0] != "us-both#1" {
		t.Errorf("found %q; want what has the word and the meaning first, and what has one of them", got)
	}
}

func needsNoVector(t *testing.T, f *fixture) {
	for _, d := range documents() {
		f.putEmbedded(t, embedded(d, toward(0, 0, 1)))
	}
	f.first(t, "zirconium", "us-report#1")
	for _, h := range f.search(t, retrieval.Query{Text: "zirconium"}) {
		if h.Sentences != nil || h.Why.Dense != 0 || h.Why.Meaning != 0 {
			t.Errorf("%s has cosines with a query that has no vector: %v, %+v", h.Passage.ID, h.Sentences, h.Why)
		}
	}
}

func refusesOtherModel(t *testing.T, f *fixture) {
	f.putEmbedded(t, embedded(note("us-held", corpus.US, "Basalt."), toward(1, 0, 0)))
	_, err := f.Search(f.ctx, retrieval.Query{Text: "basalt", Vector: toward(1, 0, 0), Model: "another"})
	var met *retrieval.ModelError
	if !errors.As(err, &met) || met.Index != model || met.Given != "another" {
		t.Errorf("a search with another encoder's vector gives %v", err)
	}
	other := embedded(note("us-other", corpus.US, "Obsidian."), toward(1, 0, 0))
	other.Vectors.Model = "another"
	before, _, _ := f.Frequencies(f.ctx, nil)
	err = f.Put(f.ctx, retrieval.Entry{Document: note("us-plain", corpus.US, "Granite.")}, other)
	if met = nil; !errors.As(err, &met) || met.Index != model || met.Given != "another" || !strings.Contains(err.Error(), "us-other") {
		t.Errorf("another encoder's document gives %v", err)
	}
	if after, of, err := f.Frequencies(f.ctx, []string{"granit", "obsidian"}); err != nil || after != before || of[0]+of[1] != 0 {
		t.Errorf("what was refused has left %d passages of %d, %v, %v", after, before, of, err)
	}
	f.first(t, "basalt", "us-held#1")
}

func refusesUnsound(t *testing.T, f *fixture) {
	nan := float32(math.NaN())
	for name, spoil := range map[string]func(*retrieval.Vectors){
		"no model":             func(v *retrieval.Vectors) { v.Model = "" },
		"an edition too many":  func(v *retrieval.Vectors) { v.Editions = append(v.Editions, v.Editions[0]) },
		"a passage too few":    func(v *retrieval.Vectors) { v.Editions[0] = v.Editions[0][:1] },
		"no vector":            func(v *retrieval.Vectors) { v.Editions[0][1].Passage = nil },
		"another dimension":    func(v *retrieval.Vectors) { v.Editions[0][1].Passage = []float32{1, 0} },
		"not a number":         func(v *retrieval.Vectors) { v.Editions[0][1].Passage = []float32{nan, 0, 0} },
		"infinite":             func(v *retrieval.Vectors) { v.Editions[0][1].Passage = []float32{float32(math.Inf(1)), 0, 0} },
		"of length 0":          func(v *retrieval.Vectors) { v.Editions[0][1].Passage = []float32{0, 0, 0} },
		"of length 2":          func(v *retrieval.Vectors) { v.Editions[0][1].Passage = []float32{2, 0, 0} },
		"a sentence's is none": func(v *retrieval.Vectors) { v.Editions[0][1].Sentences[0] = []float32{nan, 0, 0} },
	} {
		e := embedded(document("us-unsound", corpus.US, corpus.InForce, "2020", []corpus.Passage{
			{Locator: "p. 1", Heading: "One", Text: "Obsidian."}, {Locator: "p. 2", Heading: "Two", Text: "Obsidian."},
		}, nil), toward(1, 0, 0))
		spoil(e.Vectors)
		if err := f.Put(f.ctx, e); err == nil || !strings.Contains(err.Error(), "us-unsound") {
			t.Errorf("%s: gives %v; want the document named", name, err)
		}
	}
	if got := f.search(t, retrieval.Query{Text: "obsidian"}); len(got) > 0 {
		t.Errorf("what was refused is found: %q", ids(got))
	}
}

func comparesSentences(t *testing.T, f *fixture) {
	d := document("us-rocks", corpus.US, corpus.InForce, "2020",
		[]corpus.Passage{
			{Locator: "p. 1", Heading: "Other", Text: "Granite."},
			{Locator: "p. 2", Heading: "Rocks", Text: "Basalt is dark. Obsidian is glass."},
		},
		[]corpus.Passage{
			{Locator: "1頁", Heading: "他", Text: "花崗岩。"},
			{Locator: "2頁", Heading: "岩石", Text: "玄武岩は暗い。黒曜石はガラスである。軽石は軽い。"},
		})
	x, y, z, between := toward(1, 0, 0), toward(0, 1, 0), toward(0, 0, 1), toward(1, 1, 0)
	f.putEmbedded(t, retrieval.Entry{Document: d, Vectors: &retrieval.Vectors{Model: model, Editions: [][]retrieval.PassageVectors{
		{{Passage: z, Sentences: [][]float32{z}}, {Passage: between, Sentences: [][]float32{x, y}}},
		{{Passage: z, Sentences: [][]float32{z}}, {Passage: between, Sentences: [][]float32{y, between, x}}},
	}}})
	for lang, want := range map[language.Tag][]float64{language.English: {1, 0}, language.Japanese: {0, math.Sqrt2 / 2, 1}} {
		hits := f.search(t, retrieval.Query{Language: lang, Vector: x, Model: model})
		if len(hits) == 0 || hits[0].Passage.ID != "us-rocks#2" || hits[0].Edition.Language != lang {
			t.Errorf("%s: found %q", lang, ids(hits))
			continue
		}
		got := hits[0].Sentences
		if !slices.EqualFunc(got, want, func(a float32, b float64) bool { return near(float64(a), b) }) {
			t.Errorf("%s: the cosines of the sentences are %v; want %v", lang, got, want)
		}
	}
}

func filtersMeaning(t *testing.T, f *fixture) {
	f.putEmbedded(t,
		embedded(note("us-same", corpus.US, "Granite."), toward(1, 0, 0)),
		embedded(note("jp-far", corpus.JP, "Basalt."), toward(1, 2, 0)))
	for _, stage := range []retrieval.Stage{retrieval.Hybrid, retrieval.Dense} {
		q := retrieval.Query{Text: "granite", Vector: toward(1, 0, 0), Model: model, Stage: stage, Filter: retrieval.Filter{Jurisdictions: []corpus.Jurisdiction{corpus.JP}}}
		if got := ids(f.search(t, q)); !slices.Equal(got, []string{"jp-far#1"}) {
			t.Errorf("%s: found %q; want the filter to hold", stage, got)
		}
	}
}

func forgetsVectors(t *testing.T, f *fixture) {
	q := retrieval.Query{Vector: toward(1, 0, 0), Model: model, Stage: retrieval.Dense}
	held, changing := note("us-held", corpus.US, "Basalt."), note("us-changing", corpus.US, "Granite.")
	f.putEmbedded(t, embedded(held, toward(1, 1, 0)), embedded(changing, toward(1, 0, 0)))
	for name, step := range map[string]struct {
		do   func() error
		want []string
	}{
		"replaced by one without": {func() error { return f.Put(f.ctx, retrieval.Entry{Document: changing}) }, []string{"us-held#1"}},
		"replaced by another":     {func() error { return f.Put(f.ctx, embedded(changing, toward(0, 1, 0))) }, []string{"us-held#1", "us-changing#1"}},
		"deleted":                 {func() error { return f.Delete(f.ctx, "us-changing") }, []string{"us-held#1"}},
	} {
		f.putEmbedded(t, embedded(changing, toward(1, 0, 0)))
		if got := ids(f.search(t, q)); !slices.Equal(got, []string{"us-changing#1", "us-held#1"}) {
			t.Fatalf("%s: found %q before", name, got)
		}
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := ids(f.search(t, q)); !slices.Equal(got, step.want) {
			t.Errorf("%s: found %q; want %q", name, got, step.want)
		}
	}
}
