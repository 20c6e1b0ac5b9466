// Package local is the index that runs in process: BM25 over the fields of both
// editions, held in memory. It is exact and needs no server; it is built from the
// library at start.
package local

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// BM25F parameters (Robertson & Zaragoza, "The Probabilistic Relevance
// Framework: BM25 and Beyond", 2009, §3.6). k1 and b are the usual defaults; the
// field weights were measured on the development questions.
const (
	k1 = 1.2
	b  = 0.6

	weightTitle    = 1.6
	weightCitation = 1.6
	weightLocator  = 2.0
	weightHeading  = 2.2
	weightText     = 1.0
)

// Index implements retrieval.Index.
type Index struct {
	analyzer *analysis.Analyzer
	write    sync.Mutex
	docs     map[string]analysed
	snapshot atomic.Pointer[snapshot]
}

var _ retrieval.Index = (*Index)(nil)

// analysed is a document with the term frequencies of its passages, kept so that
// a later Put need not analyse it again.
type analysed struct {
	document *corpus.Document
	units    []unit
	names    map[string]bool // words of its titles and citations
}

// unit is one passage, both editions together.
type unit struct {
	document *corpus.Document
	passage  int                  // position in every edition
	editions []map[string]float64 // weighted term frequency, by edition
	lengths  []float64            // weighted length, by edition
}

type snapshot struct {
	units    []unit
	postings map[string][]posting
	names    map[string]map[string]bool // by document: words of its titles and citations
	nameDocs map[string]int             // how many documents have the word there
}

type posting struct {
	unit int32
	tf   float32 // weighted, normalised by length, before saturation
}

// New is an empty index whose concepts come from the analyzer.
func New(a *analysis.Analyzer) *Index {
	ix := &Index{analyzer: a, docs: map[string]analysed{}}
	ix.snapshot.Store(&snapshot{})
	return ix
}

// Put implements retrieval.Index.
func (ix *Index) Put(ctx context.Context, entries ...retrieval.Entry) error {
	fresh := make([]analysed, len(entries))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(entries) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				fresh[i] = ix.analyse(entries[i].Document)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	ix.write.Lock()
	defer ix.write.Unlock()
	for _, a := range fresh {
		ix.docs[a.document.ID] = a
	}
	ix.publish()
	return nil
}

// Delete implements retrieval.Index.
func (ix *Index) Delete(_ context.Context, ids ...string) error {
	ix.write.Lock()
	defer ix.write.Unlock()
	for _, id := range ids {
		delete(ix.docs, id)
	}
	ix.publish()
	return nil
}

func (ix *Index) analyse(d *corpus.Document) analysed {
	out := analysed{document: d, units: make([]unit, len(d.Editions[0].Passages)), names: map[string]bool{}}
	for i := range out.units {
		out.units[i] = unit{document: d, passage: i}
	}
	for _, e := range d.Editions {
		shared := fieldTerms{}
		shared.add(ix.analyzer, e.Title, weightTitle)
		shared.add(ix.analyzer, e.Citation, weightCitation)
		if len(d.Editions) == 1 {
			shared.add(ix.analyzer, d.TitleJA, weightTitle)
		}
		for t := range shared.tf {
			out.names[t] = true
		}
		for i, p := range e.Passages {
			own := fieldTerms{tf: map[string]float64{}, length: 0}
			for t, f := range shared.tf {
				own.tf[t] = f
			}
			own.add(ix.analyzer, p.Locator, weightLocator)
			own.add(ix.analyzer, p.Heading, weightHeading)
			own.add(ix.analyzer, p.Text, weightText)
			out.units[i].editions = append(out.units[i].editions, own.tf)
			out.units[i].lengths = append(out.units[i].lengths, own.length)
		}
	}
	return out
}

// fieldTerms sums weighted term frequencies over fields. Title and citation
// are the same for all passages of a document and do not count as length.
type fieldTerms struct {
	tf     map[string]float64
	length float64
}

func (f *fieldTerms) add(a *analysis.Analyzer, text string, weight float64) {
	if f.tf == nil {
		f.tf = map[string]float64{}
	}
	for _, t := range a.Terms(text) {
		f.tf[t.Text] += weight
		f.length += weight
	}
}

// publish builds the postings anew from what is stored and swaps them in.
func (ix *Index) publish() {
	s := &snapshot{postings: map[string][]posting{}, names: map[string]map[string]bool{}, nameDocs: map[string]int{}}
	ids := make([]string, 0, len(ix.docs))
	for id := range ix.docs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		s.units = append(s.units, ix.docs[id].units...)
		s.names[id] = ix.docs[id].names
		for t := range ix.docs[id].names {
			s.nameDocs[t]++
		}
	}
	average := averageLengths(s.units)
	for i, u := range s.units {
		best := make(map[string]float64, 2*len(u.editions[0]))
		for e, terms := range u.editions {
			norm := 1 - b + b*u.lengths[e]/average[u.document.Editions[e].Language.String()]
			for t, f := range terms {
				best[t] = max(best[t], f/norm)
			}
		}
		for t, f := range best {
			s.postings[t] = append(s.postings[t], posting{int32(i), float32(f)})
		}
	}
	ix.snapshot.Store(s)
}

func averageLengths(units []unit) map[string]float64 {
	sum, n := map[string]float64{}, map[string]float64{}
	for _, u := range units {
		for e, l := range u.lengths {
			lang := u.document.Editions[e].Language.String()
			sum[lang] += l
			n[lang]++
		}
	}
	for lang := range sum {
		sum[lang] /= n[lang]
	}
	return sum
}
