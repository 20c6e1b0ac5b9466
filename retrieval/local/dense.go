package local

import (
	"math"
	"runtime"
	"sync"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/rank"
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
	dimension, err := e.Check()
	if err != nil || e.Vectors == nil {
		return vectors{}, err
	}
	out := vectors{model: e.Vectors.Model, dimension: dimension}
	add := func(v []float32, at row) {
		out.values = append(out.values, v...)
		out.rows = append(out.rows, at)
	}
	for i, passages := range e.Vectors.Editions {
		for p, v := range passages {
			add(v.Passage, row{int32(p), int16(i), wholePassage})
			for s, v := range v.Sentences[:min(len(v.Sentences), math.MaxInt16)] {
				add(v, row{int32(p), int16(i), int16(s)})
			}
		}
	}
	return out, nil
}

// scanned is the cosine of a query with one unit: with the nearest edition's whole
// passage and with the nearest sentence of any.
type scanned struct{ passage, sentence float32 }

// scan compares a query with every vector of the documents that are kept; units
// of others, or without vectors, stay Far. It shares the work among the cores.
func (s *snapshot) scan(query []float32, keep func(*corpus.Document) bool) []scanned {
	out := make([]scanned, len(s.units))
	for i := range out {
		out[i] = scanned{rank.Far, rank.Far}
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
