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

	"github.com/viterin/vek"
	"github.com/viterin/vek/vek32"
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
	scale := 1 / math.Sqrt(sum) // overflows a float32 for the smallest vectors
	for i, x := range v {
		v[i] = float32(float64(x) * scale)
	}
	return nil
}

// Dot is the inner product of two vectors of the same length: their cosine, where
// both have length 1.
func Dot(a, b []float32) float32 {
	if Accelerated && len(a) > 0 { // vek panics on empty slices
		return vek32.Dot(a, b)
	}
	return dot(a, b)
}

// Accelerated tells whether vek has vector instructions for this processor (AVX2 and
// FMA on amd64). Its plain loops are slower than ours.
var Accelerated = vek.Info().Acceleration

// dot keeps eight sums, which a processor adds up at once.
//
//go:norace
func dot(a, b []float32) float32 {
	var s [8]float32
	b = b[:len(a)]
	for len(a) >= 8 {
		x, y := a[:8], b[:8]
		s[0] += x[0] * y[0]
		s[1] += x[1] * y[1]
		s[2] += x[2] * y[2]
		s[3] += x[3] * y[3]
		s[4] += x[4] * y[4]
		s[5] += x[5] * y[5]
		s[6] += x[6] * y[6]
		s[7] += x[7] * y[7]
		a, b = a[8:], b[8:]
	}
	for i, x := range a {
		s[0] += x * b[i]
	}
	return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
}

// Quantize gives the direction of v with a byte a value: v rounded to 127 steps of its
// largest value each way. It takes a quarter of the room; the cosine of a vector with
// its quantized form is above 0.9998 for the built-in encoder.
func Quantize(v []float32) []int8 {
	largest := float32(0)
	for _, x := range v {
		largest = max(largest, x, -x)
	}
	out := make([]int8, len(v))
	if largest == 0 {
		return out
	}
	step := largest / 127
	for i, x := range v {
		out[i] = int8(math.RoundToEven(float64(x / step)))
	}
	return out
}

// Restore writes a quantized vector to dst, scaled to length 1.
func Restore(dst []float32, quantized []int8) {
	sum := 0
	for _, x := range quantized {
		sum += int(x) * int(x)
	}
	scale := float32(1 / math.Sqrt(float64(max(sum, 1))))
	for i, x := range quantized {
		dst[i] = float32(x) * scale
	}
}
