package main

import (
	"math"
	"math/rand/v2"

	"kakehashi/retrieval/embed"
)

// Vectors are made like those of the built-in encoder for the shipped library: a
// direction that all share, and departures from it, of the subject, the document and the
// passage. Departures use some directions more than others; the passages of one subject
// differ in few, which makes a graph of them as hard to search as a real one.
const (
	dimension = 384

	// Squared lengths of the departures, where the shared direction has 1.
	ofSubject  = 0.05
	ofDocument = 0.04
	ofPassage  = 0.114

	flat   = 3.0 // the variance in the k-th direction is in proportion to 1/(k+flat)
	matter = 22  // directions in which the passages of a subject differ

	// A question keeps more to what all share, and has something of its own.
	questionShared = 1.62
	questionOwn    = 0.61
	// A sentence has something of its own beside what is its passage's.
	sentenceOwn = 0.2
)

// scales are the standard deviations in the directions, as far as they differ.
var scales = func() (out [dimension]float64) {
	for k := range out {
		out[k] = 1 / math.Sqrt(float64(k)+1+flat)
	}
	return out
}()

// departure is one at random, of a squared length.
func departure(r *rand.Rand, squared float64) []float64 {
	v, sum := make([]float64, dimension), 0.0
	for k := range v {
		v[k] = scales[k] * r.NormFloat64()
		sum += v[k] * v[k]
	}
	for k := range v {
		v[k] *= math.Sqrt(squared / sum)
	}
	return v
}

// add returns v with w added in a share.
func add(v, w []float64, share float64) []float64 {
	out := make([]float64, len(v))
	for k := range v {
		out[k] = v[k] + share*w[k]
	}
	return out
}

// meaning is where a document stands, and how its passages can differ.
type meaning struct {
	centre []float64
	ways   [matter][]float64
}

func (s *synthetic) meaning(document, subject int) meaning {
	r := s.random(subjectMeaning, subject)
	m := meaning{centre: add(departure(r, ofSubject), departure(s.random(documentMeaning, document), ofDocument), 1)}
	for i := range m.ways {
		m.ways[i] = departure(r, ofPassage)
	}
	return m
}

// passage is the meaning of one, at random.
func (m meaning) passage(r *rand.Rand) []float64 {
	var shares [matter]float64
	sum := 0.0
	for i := range shares {
		shares[i] = r.NormFloat64()
		sum += shares[i] * shares[i]
	}
	v := m.centre
	for i, x := range shares {
		v = add(v, m.ways[i], x/math.Sqrt(sum))
	}
	return v
}

// vector is what departs so from the shared direction, of length 1.
func (s *synthetic) vector(shared float64, departure []float64) []float32 {
	along := 0.0
	for k, x := range departure {
		along += x * s.shared[k]
	}
	v := make([]float32, dimension)
	for k, x := range add(departure, s.shared, shared-along) {
		v[k] = float32(x)
	}
	if err := embed.Normalize(v); err != nil {
		panic(err) // a draw of 384 numbers that are all zero
	}
	return v
}
