package e5

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/viterin/vek/vek32"

	encoder "kakehashi/retrieval/embed"
)

// buffer is what one forward pass writes to, kept for the next one.
type buffer struct {
	x, y     []float32 // tokens × dimension
	qkv      []float32 // tokens × heads × (query, key, value)
	fed      []float32 // tokens × intermediate
	attended []float32 // tokens × dimension
	heads    []headBuffer
}

// headBuffer is what one worker writes to while it attends for a head.
type headBuffer struct {
	q, k, v []float32 // tokens × headSize; k is headSize × tokens
	scores  []float32 // rows × tokens
	sum     []float32 // rows × headSize
}

func (b *buffer) grow(tokens, workers int) {
	for _, s := range []struct {
		to     *[]float32
		values int
	}{
		{&b.x, dimension}, {&b.y, dimension}, {&b.qkv, 3 * dimension}, {&b.fed, intermediate}, {&b.attended, dimension},
	} {
		*s.to = sized(*s.to, tokens*s.values)
	}
	for len(b.heads) < workers {
		b.heads = append(b.heads, headBuffer{})
	}
}

func sized(s []float32, n int) []float32 { return slices.Grow(s[:0], n)[:n] }

// forward is the model: embeddings, twelve post-norm transformer blocks as in BERT
// (Devlin et al., 2019), and the mean over all tokens. workers goroutines share
// the work.
func (w *weights) forward(ctx context.Context, b *buffer, ids []int32, workers int) ([]float32, error) {
	n := len(ids)
	b.grow(n, workers)
	for t, id := range ids {
		x := b.x[t*dimension:][:dimension]
		w.words.row(x, int(id))
		vek32.Add_Inplace(x, w.position[t*dimension:][:dimension])
	}
	w.norm.apply(b.x)
	for i := range w.layer {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w.block(&w.layer[i], b, n, workers)
	}
	out := make([]float32, dimension)
	for t := range n {
		vek32.Add_Inplace(out, b.x[t*dimension:][:dimension])
	}
	vek32.DivNumber_Inplace(out, float32(n))
	return out, nil
}

// block runs one transformer block over b.x. What needs no word from the other
// workers follows in the same stretch: a head attends as soon as its own queries,
// keys and values are there.
func (w *weights) block(l *layer, b *buffer, n, workers int) {
	split(workers, heads, func(worker, from, to int) {
		for h := from; h < to; h++ {
			w.linear(&l.qkv, b.qkv, b.x, 3*headSize*h, 3*headSize*(h+1))
			b.heads[worker].attend(b.attended, b.qkv, n, h)
		}
	})
	w.parallel(&l.out, b.y, b.attended, workers)
	vek32.Add_Inplace(b.x, b.y)
	l.attended.apply(b.x)
	split(workers, intermediate, func(_, from, to int) {
		w.linear(&l.up, b.fed, b.x, from, to)
		for t := range n {
			gelu(b.fed[t*intermediate+from : t*intermediate+to])
		}
	})
	w.parallel(&l.down, b.y, b.fed, workers)
	vek32.Add_Inplace(b.x, b.y)
	l.fed.apply(b.x)
}

// split divides 0…n among the workers and waits for them.
func split(workers, n int, work func(worker, from, to int)) {
	share := (n + workers - 1) / workers
	var wg sync.WaitGroup
	for i, from := 1, share; from < n; i, from = i+1, from+share {
		wg.Go(func() { work(i, from, min(n, from+share)) })
	}
	work(0, 0, min(share, n))
	wg.Wait()
}

// parallel is linear for all rows of the matrix.
func (w *weights) parallel(m *matrix, y, x []float32, workers int) {
	split(workers, m.rows, func(_, from, to int) { w.linear(m, y, x, from, to) })
}

// Sizes at which a part of the work stays in the first two levels of the cache.
const (
	blockTokens = 16 // tokens that one row of a matrix meets in turn
	blockRows   = 64 // rows of a matrix that meet all tokens
)

// linear is y = x·Wᵀ + b for all tokens and some rows of W.
func (w *weights) linear(m *matrix, y, x []float32, from, to int) {
	if w.portable || !encoder.Accelerated {
		m.plain(y, x, from, to)
		return
	}
	for r := from; r < to; r += blockRows {
		m.tile(y, x, r, min(r+blockRows, to))
	}
}

// tile multiplies some rows of the matrix, at most blockRows, with all tokens. The
// products are gathered token by token before they are written, as rows of y lie
// so far apart that they push each other out of the cache.
func (m *matrix) tile(y, x []float32, from, to int) {
	var products [blockTokens * blockRows]float32
	n := len(x) / m.columns
	for t := 0; t < n; t += blockTokens {
		block := x[t*m.columns : min(t+blockTokens, n)*m.columns]
		for r := from; r < to; r++ {
			row := m.values[r*m.columns:][:m.columns]
			at := r - from
			for rest := block; len(rest) > 0; rest = rest[m.columns:] {
				products[at] = vek32.Dot(rest[:m.columns], row)
				at += blockRows
			}
		}
		for i := 0; i*m.columns < len(block); i++ {
			out := y[(t+i)*m.rows+from : (t+i)*m.rows+to]
			vek32.Add_Into(out, products[i*blockRows:][:len(out)], m.bias[from:to])
		}
	}
}

// attend writes one head's part of the attention: softmax(Q·Kᵀ)·V. The scale is
// in Q already.
func (h *headBuffer) attend(out, qkv []float32, n, head int) {
	h.q, h.k, h.v = sized(h.q, n*headSize), sized(h.k, n*headSize), sized(h.v, n*headSize)
	for t := range n {
		at := qkv[3*(t*dimension+head*headSize):]
		copy(h.q[t*headSize:][:headSize], at[:headSize])
		copy(h.v[t*headSize:][:headSize], at[2*headSize:][:headSize])
		for i, x := range at[headSize:][:headSize] {
			h.k[i*n+t] = x
		}
	}
	rows := max(1, min(n, alone/(n*headSize)))
	h.scores, h.sum = sized(h.scores, rows*n), sized(h.sum, rows*headSize)
	for t := 0; t < n; t += rows {
		r := min(rows, n-t)
		scores := vek32.MatMul_Into(h.scores[:r*n], h.q[t*headSize:][:r*headSize], h.k, headSize)
		for i := range r {
			softmax(scores[i*n:][:n])
		}
		sum := vek32.MatMul_Into(h.sum[:r*headSize], scores, h.v, n)
		for i := range r {
			copy(out[(t+i)*dimension+head*headSize:][:headSize], sum[i*headSize:][:headSize])
		}
	}
}

// alone is the number of products up to which vek multiplies without goroutines of
// its own: the workers here are divided already.
const alone = 99_999

func softmax(x []float32) {
	vek32.SubNumber_Inplace(x, vek32.Max(x))
	vek32.Exp_Inplace(x)
	vek32.DivNumber_Inplace(x, vek32.Sum(x))
}

// apply is layer normalisation, row by row (Ba et al., 2016), ε = 1e-12.
func (n norms) apply(x []float32) {
	for ; len(x) > 0; x = x[dimension:] {
		row := x[:dimension]
		vek32.SubNumber_Inplace(row, vek32.Sum(row)/dimension)
		variance := float64(vek32.Dot(row, row)) / dimension
		vek32.MulNumber_Inplace(row, float32(1/math.Sqrt(variance+1e-12)))
		vek32.Mul_Inplace(row, n.weight)
		vek32.Add_Inplace(row, n.bias)
	}
}
