// Package local is the index that runs in process: BM25 over the fields of both
// editions and an exact scan of their vectors, held in memory. It needs no server;
// it is built from the library at start, or kept in a file by a Store.
package local

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/rank"
)

// Index implements retrieval.Index.
type Index struct {
	analyzer *analysis.Analyzer
	tune     retrieval.Tuning
	write    sync.Mutex
	docs     map[string]analysed
	snapshot atomic.Pointer[snapshot]
}

var _ retrieval.Index = (*Index)(nil)

// analysed is a document with the term frequencies and vectors of its passages,
// kept so that a later Put need not analyse it again.
type analysed struct {
	document *corpus.Document
	units    []unit
	names    map[string]bool // words of its titles and citations
	vectors  vectors
}

// unit is one passage, both editions together.
type unit struct {
	rank.Unit
	document *corpus.Document
	passage  int // position in every edition
}

type snapshot struct {
	units    []unit
	postings map[string][]posting
	names    map[string]map[string]bool // by document: words of its titles and citations
	nameDocs map[string]int             // how many documents have the word there
	model    string                     // of the vectors; "" where there are none
	blocks   []block
	blockOf  []int32 // by unit; -1 where it has no vectors
}

type posting struct {
	unit int32
	tf   float32 // weighted, normalised by length, before saturation
}

// New is an empty index whose concepts come from the analyzer.
func New(a *analysis.Analyzer, tune retrieval.Tuning) *Index {
	ix := &Index{analyzer: a, tune: tune, docs: map[string]analysed{}}
	ix.snapshot.Store(&snapshot{})
	return ix
}

// Put implements retrieval.Index.
func (ix *Index) Put(ctx context.Context, entries ...retrieval.Entry) error {
	fresh := make([]analysed, len(entries))
	errs := make([]error, len(entries))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(entries) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				fresh[i], errs[i] = ix.analyse(entries[i])
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	ix.write.Lock()
	defer ix.write.Unlock()
	if err := ix.oneModel(fresh); err != nil {
		return err
	}
	for _, a := range fresh {
		ix.docs[a.document.ID] = a
	}
	ix.publish()
	return nil
}

// oneModel makes sure that all vectors are of one encoder, those about to be
// replaced apart.
func (ix *Index) oneModel(fresh []analysed) error {
	replaced := map[string]bool{}
	for _, a := range fresh {
		replaced[a.document.ID] = true
	}
	model := ""
	for id, a := range ix.docs {
		if !replaced[id] && a.vectors.model != "" {
			model = a.vectors.model
			break
		}
	}
	for _, a := range fresh {
		switch {
		case a.vectors.model == "":
		case model == "":
			model = a.vectors.model
		case model != a.vectors.model:
			return fmt.Errorf("indexing %s: %w", a.document.ID, &retrieval.ModelError{Index: model, Given: a.vectors.model})
		}
	}
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

func (ix *Index) analyse(e retrieval.Entry) (analysed, error) {
	units, names := rank.Analyse(ix.analyzer, ix.tune, e.Document)
	out := analysed{document: e.Document, units: make([]unit, len(units)), names: names}
	for i, u := range units {
		out.units[i] = unit{u, e.Document, i}
	}
	var err error
	out.vectors, err = arrange(e)
	return out, err
}

// publish builds the postings anew from what is stored and swaps them in.
func (ix *Index) publish() {
	s := &snapshot{postings: make(map[string][]posting, len(ix.snapshot.Load().postings)), names: map[string]map[string]bool{}, nameDocs: map[string]int{}}
	ids := make([]string, 0, len(ix.docs))
	for id := range ix.docs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		d := ix.docs[id]
		at := int32(-1)
		if d.vectors.model != "" {
			s.model, at = d.vectors.model, int32(len(s.blocks))
			s.blocks = append(s.blocks, block{d.vectors, len(s.units)})
		}
		for range d.units {
			s.blockOf = append(s.blockOf, at)
		}
		s.units = append(s.units, d.units...)
		s.names[id] = d.names
		for t := range d.names {
			s.nameDocs[t]++
		}
	}
	average := averageLengths(s.units)
	for i, u := range s.units {
		for e, terms := range u.Editions {
			mean := average[u.document.Editions[e].Language.String()]
			for _, t := range terms {
				ps, tf := s.postings[t.Term], rank.Normalized(ix.tune, t.TF, u.Lengths[e], mean)
				if n := len(ps); n > 0 && ps[n-1].unit == int32(i) { // another edition has it too
					ps[n-1].tf = max(ps[n-1].tf, tf)
					continue
				}
				s.postings[t.Term] = append(ps, posting{int32(i), tf})
			}
		}
	}
	ix.snapshot.Store(s)
}

func averageLengths(units []unit) map[string]float64 {
	sum, n := map[string]float64{}, map[string]float64{}
	for _, u := range units {
		for e, l := range u.Lengths {
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
