package local

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/embed"
)

// vectors are those of one document, in one piece of memory so that a scan reads
// on without a jump.
type vectors struct {
	model     string
	dimension int
	values    []float32 // rows × dimension
	rows      []row
}

// row tells what a vector is of.
type row struct {
	passage  int32
	edition  int16
	sentence int16 // wholePassage for the passage itself
}

const wholePassage = -1

// block is a document's vectors with the position of its first unit.
type block struct {
	vectors
	first int
}

// arrange checks the vectors of an entry and lays them out.
func arrange(e retrieval.Entry) (vectors, error) {
	if e.Vectors == nil {
		return vectors{}, nil
	}
	d, out := e.Document, vectors{model: e.Vectors.Model}
	fault := func(format string, args ...any) (vectors, error) {
		return vectors{}, fmt.Errorf("indexing %s: %s", d.ID, fmt.Sprintf(format, args...))
	}
	if out.model == "" {
		return fault("vectors without the name of their encoder")
	}
	if len(e.Vectors.Editions) != len(d.Editions) {
		return fault("vectors of %d editions for %d", len(e.Vectors.Editions), len(d.Editions))
	}
	add := func(v []float32, at row) bool {
		if out.dimension == 0 {
			out.dimension = len(v)
		}
		length := embed.Dot(v, v)
		if len(v) != out.dimension || !(length > 0.99 && length < 1.01) {
			return false
		}
		out.values = append(out.values, v...)
		out.rows = append(out.rows, at)
		return true
	}
	for i, passages := range e.Vectors.Editions {
		if len(passages) != len(d.Editions[i].Passages) {
			return fault("vectors of %d passages for %d", len(passages), len(d.Editions[i].Passages))
		}
		for p, v := range passages {
			sound := add(v.Passage, row{int32(p), int16(i), wholePassage})
			for s, v := range v.Sentences[:min(len(v.Sentences), math.MaxInt16)] {
				sound = sound && add(v, row{int32(p), int16(i), int16(s)})
			}
			if !sound {
				return fault("a vector of passage %d is not of length 1 or has another dimension than the first", p+1)
			}
		}
	}
	return out, nil
}

// scanned is the cosine of a query with one unit: with the nearest edition's whole
// passage and with the nearest sentence of any.
type scanned struct{ passage, sentence float32 }

// far is below any cosine.
const far = -2

// of joins the two: the sentence counts with its share, unless there are none.
func (s scanned) of(share float64) float64 {
	if s.sentence == far {
		return float64(s.passage)
	}
	return (1-share)*float64(s.passage) + share*float64(s.sentence)
}

// scan compares a query with every vector of the documents that are kept; units
// of others, or without vectors, stay far. It shares the work among the cores.
func (s *snapshot) scan(query []float32, keep func(*corpus.Document) bool) []scanned {
	out := make([]scanned, len(s.units))
	for i := range out {
		out[i] = scanned{far, far}
	}
	workers := runtime.GOMAXPROCS(0)
	share := (len(s.blocks) + workers - 1) / max(workers, 1)
	var wg sync.WaitGroup
	for from := 0; from < len(s.blocks); from += share {
		wg.Go(func() {
			for _, b := range s.blocks[from:min(from+share, len(s.blocks))] {
				if b.dimension == len(query) && keep(s.units[b.first].document) {
					b.scan(query, out[b.first:])
				}
			}
		})
	}
	wg.Wait()
	return out
}

func (b block) scan(query []float32, out []scanned) {
	for i, r := range b.rows {
		cosine := embed.Dot(query, b.values[i*b.dimension:][:b.dimension])
		to := &out[r.passage].sentence
		if r.sentence == wholePassage {
			to = &out[r.passage].passage
		}
		*to = max(*to, cosine)
	}
}

// sentences are the cosines of a query with the sentences of one unit's edition.
func (s *snapshot) sentences(query []float32, at, edition int) []float32 {
	if s.blockOf[at] < 0 {
		return nil
	}
	b := s.blocks[s.blockOf[at]]
	var out []float32
	for i, r := range b.rows {
		if int(r.passage) == s.units[at].passage && int(r.edition) == edition && r.sentence != wholePassage {
			out = append(out, embed.Dot(query, b.values[i*b.dimension:][:b.dimension]))
		}
	}
	return out
}
