package e5

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/viterin/vek/vek32"
)

func parseWeights(file []byte) (*weights, error) {
	t, err := parseTensors(file)
	if err != nil {
		return nil, err
	}
	w := &weights{}
	if w.words, err = t.packed("embeddings.word", vocabularySize, dimension); err != nil {
		return nil, err
	}
	if w.position, err = t.floats("embeddings.position", maxTokens, dimension); err != nil {
		return nil, err
	}
	kinds, err := t.floats("embeddings.token_type", 2, dimension)
	if err != nil {
		return nil, err
	}
	for i := range w.position {
		w.position[i] += kinds[i%dimension]
	}
	if w.norm, err = t.norms("embeddings.norm"); err != nil {
		return nil, err
	}
	errs := make([]error, layers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(layers, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < layers; i = int(next.Add(1)) - 1 {
				w.layer[i], errs[i] = t.layer(fmt.Sprintf("layer.%d.", i))
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (t tensors) norms(name string) (n norms, err error) {
	if n.weight, err = t.floats(name+".weight", dimension); err != nil {
		return n, err
	}
	n.bias, err = t.floats(name+".bias", dimension)
	return n, err
}

func (t tensors) layer(name string) (l layer, err error) {
	for _, m := range []struct {
		to            *matrix
		rows, columns int
		name          string
	}{
		{&l.out, dimension, dimension, "attention.output"},
		{&l.up, intermediate, dimension, "intermediate"},
		{&l.down, dimension, intermediate, "output"},
	} {
		*m.to = matrix{m.rows, m.columns, make([]float32, m.rows*m.columns), make([]float32, m.rows)}
		if err := t.matrix(*m.to, m.rows, name+m.name, func(row int) int { return row }); err != nil {
			return l, err
		}
	}
	l.qkv = matrix{3 * dimension, dimension, make([]float32, 3*dimension*dimension), make([]float32, 3*dimension)}
	for i, part := range []string{"attention.query", "attention.key", "attention.value"} {
		err := t.matrix(l.qkv, dimension, name+part, func(row int) int { return (3*(row/headSize)+i)*headSize + row%headSize })
		if err != nil {
			return l, err
		}
	}
	for head := range heads { // the scale of the attention scores, taken into the queries
		from := 3 * head * headSize
		vek32.MulNumber_Inplace(l.qkv.values[from*dimension:][:headSize*dimension], attentionScale)
		vek32.MulNumber_Inplace(l.qkv.bias[from:][:headSize], attentionScale)
	}
	if l.attended, err = t.norms(name + "attention.norm"); err != nil {
		return l, err
	}
	l.fed, err = t.norms(name + "output.norm")
	return l, err
}

var attentionScale = float32(1 / math.Sqrt(headSize))

// matrix unpacks a matrix of so many rows into m, each row to where place puts it.
func (t tensors) matrix(m matrix, rows int, name string, place func(row int) int) error {
	bias, err := t.floats(name+".bias", rows)
	if err != nil {
		return err
	}
	p, err := t.packed(name+".weight", rows, m.columns)
	if err != nil {
		return err
	}
	for r := range rows {
		to := place(r)
		m.bias[to] = bias[r]
		p.row(m.values[to*m.columns:][:m.columns], r)
	}
	return nil
}
