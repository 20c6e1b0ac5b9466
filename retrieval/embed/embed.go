// Package embed declares what turns text into vectors: sentence embeddings whose
// cosine tells how near two texts are in meaning, across English and Japanese. The
// encoders live in sub-packages: e5 is built in, openai asks a server. They only
// encode; what is compared with what is for the index to decide. embedtest is the
// suite that each passes.
package embed

import (
	"context"
	"fmt"
	"math"
)

// Kind tells the encoder what a text is for. Retrieval models are trained to bring
// a query near the passages that answer it, and want to know which is which.
type Kind uint8

// The kinds of texts.
const (
	Query   Kind = iota // what is asked
	Passage             // what is searched
)

func (k Kind) String() string {
	if k == Query {
		return "query"
	}
	return "passage"
}

// Embedder turns texts into vectors. Implementations are safe for concurrent use.
type Embedder interface {
	// Embed returns one vector of length 1 and of Dimension values for each text,
	// in order. It returns all of them or an error, never a vector with a NaN. No
	// texts give no vectors. An empty text has a vector like any other.
	Embed(ctx context.Context, kind Kind, texts []string) ([][]float32, error)
	// Model names what made the vectors: those of different models never compare.
	Model() string
	// Dimension is the number of values in a vector.
	Dimension() int
}

// Normalize scales v to length 1 in place. It returns an error where v is not
// finite or has no direction, which no encoder should give.
func Normalize(v []float32) error {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return fmt.Errorf("a vector of %d values has no direction (squared length %v)", len(v), sum)
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
	return nil
}

// Dot is the inner product of two vectors of the same length: their cosine, where
// both have length 1.
func Dot(a, b []float32) float32 {
	var sum float32
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}
