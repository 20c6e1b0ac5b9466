package pgvector

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
)

// TestTheGraphFindsTheNearestUnderAFilter holds what the graph finds against a look at
// all vectors: without a filter, with one that keeps 5 %, and with one that keeps only
// what lies far from the question.
func TestTheGraphFindsTheNearestUnderAFilter(t *testing.T) {
	t.Parallel()
	const (
		documents, each, dimension, clusters = 400, 10, 32, 20

		queries, wanted = 100, 10
	)
	r := rand.New(rand.NewPCG(1, 2))
	near := func(centre []float32, apart float32) []float32 {
		v := make([]float32, dimension)
		for i := range v {
			v[i] = apart * float32(r.NormFloat64())
			if centre != nil {
				v[i] += centre[i]
			}
		}
		must(t, embed.Normalize(v))
		return v
	}
	centres := make([][]float32, clusters)
	for i := range centres {
		centres[i] = near(nil, 1)
	}
	type unit struct {
		id       corpus.PassageID
		document *corpus.Document
		vector   []float32
	}
	var units []unit
	var entries []retrieval.Entry
	for i := range documents {
		id := fmt.Sprintf("us-%04d", i)
		d := &corpus.Document{ID: id, Jurisdiction: corpus.US, Kind: "statute", Status: corpus.InForce, Topics: []string{fmt.Sprint("cluster ", i%clusters)}}
		if i/clusters%20 == 3 { // one in twenty, of every cluster
			d.Jurisdiction = corpus.JP
		}
		e, vectors := corpus.Edition{Language: language.English, Title: id, Citation: id}, []retrieval.PassageVectors{}
		for p := range each {
			text := fmt.Sprintf("Rule %d of %s.", p, id)
			e.Passages = append(e.Passages, corpus.Passage{ID: corpus.PassageID(fmt.Sprintf("%s#%d", id, p)), Locator: fmt.Sprint(p), Text: text, Hash: corpus.HashText(text)})
			v := near(centres[i%clusters], 0.15)
			vectors = append(vectors, retrieval.PassageVectors{Passage: v})
			units = append(units, unit{e.Passages[p].ID, d, v})
		}
		d.Editions = []corpus.Edition{e}
		entries = append(entries, retrieval.Entry{Document: d, Vectors: &retrieval.Vectors{Model: "made", Editions: [][]retrieval.PassageVectors{vectors}}})
	}
	tune := retrieval.DefaultTuning()
	tune.Repeated, tune.OtherLanguage = 1, 1 // nothing but the cosine ranks
	ix, err := Open(t.Context(), migrated(t), analysis.NewAnalyzer(nil), tune)
	must(t, err)
	ix.exactRows = 50
	must(t, ix.Put(t.Context(), entries...))
	must(t, ix.Optimize(t.Context(), nil))
	if stats, err := ix.Stats(t.Context()); err != nil || !stats.Graph {
		t.Fatalf("%+v, %v; want a graph", stats, err)
	}
	for name, filter := range map[string]func(cluster int) retrieval.Filter{
		"all": func(int) retrieval.Filter { return retrieval.Filter{} },
		"5 %": func(int) retrieval.Filter { return retrieval.Filter{Jurisdictions: []corpus.Jurisdiction{corpus.JP}} },
		"another cluster": func(c int) retrieval.Filter {
			return retrieval.Filter{Topics: []string{fmt.Sprint("cluster ", (c+7)%clusters)}}
		},
		"the same cluster": func(c int) retrieval.Filter { return retrieval.Filter{Topics: []string{fmt.Sprint("cluster ", c)}} },
	} {
		found := 0
		for n := range queries {
			cluster := n % clusters
			q := retrieval.Query{Text: "?", Vector: near(centres[cluster], 0.15), Model: "made", Stage: retrieval.Dense, Filter: filter(cluster), Limit: wanted}
			var exact []unit
			for _, u := range units {
				if q.Filter.Keeps(u.document) {
					exact = append(exact, u)
				}
			}
			if len(exact) <= ix.exactRows {
				t.Fatalf("%s keeps %d; want more than are compared without the graph", name, len(exact))
			}
			slices.SortFunc(exact, func(x, y unit) int {
				return cmp.Compare(embed.Dot(q.Vector, y.vector), embed.Dot(q.Vector, x.vector))
			})
			hits, err := ix.Search(t.Context(), q)
			must(t, err)
			if len(hits) != wanted {
				t.Fatalf("%s: %d hits; want %d", name, len(hits), wanted)
			}
			for _, h := range hits {
				if !q.Filter.Keeps(h.Document) {
					t.Fatalf("%s: %s, which it leaves out", name, h.Document.ID)
				}
				if slices.ContainsFunc(exact[:wanted], func(u unit) bool { return u.id == h.Passage.ID }) {
					found++
				}
			}
		}
		recall := float64(found) / (queries * wanted)
		t.Logf("%s: recall@%d %.4f of %d queries", name, wanted, recall, queries)
		if recall < 0.98 {
			t.Errorf("%s: recall@%d %.4f; want 0.98", name, wanted, recall)
		}
	}
}
