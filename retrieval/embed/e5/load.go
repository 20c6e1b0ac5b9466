package e5

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

const (
	vocabularySize = 54845
	blockColumns   = 32 // columns that share a scale
	blockBytes     = blockColumns / 2

	modelSum        = "647da48db9c62df4c93568d8e417298ffa377aef3f8347c30e9dcff4b1d3178a"
	vocabularySum   = "b499869fcfb4b4810ae29b025b0bb4fae9d740052cf0478412de90c0000fda26"
	replacementsSum = "834dac746431cb6c6134dff49af382e2d70b5bf99d51c991d12f0a1e60b8ba20"
)

// weights are the model, its matrices unpacked but for the word embeddings, of
// which a text needs few rows.
type weights struct {
	words    packed
	position []float32 // maxTokens × dimension, the token type's embedding added
	norm     norms
	layer    [layers]layer
	portable bool // forces the kernel in plain Go; for tests
}

// layer is one block of the transformer. Its matrices have a row an output.
type layer struct {
	qkv, out, up, down matrix
	attended, fed      norms
}

type matrix struct {
	rows, columns int
	values        []float32
	bias          []float32
}

type norms struct{ weight, bias []float32 }

// files are the contents of model.safetensors, vocab.tsv and normalize.tsv.
type files struct{ model, vocabulary, replacements []byte }

// open reads the files. One that is not what this code was written for is named and
// not used.
func open(f files) (w *weights, v *vocabulary, err error) {
	var errW, errV error
	var wg sync.WaitGroup
	wg.Go(func() {
		if errW = intact("model.safetensors", f.model, modelSum); errW == nil {
			w, errW = parseWeights(f.model)
		}
	})
	wg.Go(func() {
		errV = errors.Join(intact("vocab.tsv", f.vocabulary, vocabularySum), intact("normalize.tsv", f.replacements, replacementsSum))
		if errV == nil {
			v, errV = parseVocabulary(f.vocabulary, f.replacements)
		}
	})
	wg.Wait()
	if err := errors.Join(errW, errV); err != nil {
		return nil, nil, err
	}
	return w, v, nil
}

func intact(name string, file []byte, sum string) error {
	if got := sha256.Sum256(file); hex.EncodeToString(got[:]) != sum {
		return fmt.Errorf("%s is truncated or changed: %d bytes with the SHA-256 %x, want %s; build again from a clean checkout", name, len(file), got[:8], sum[:16])
	}
	return nil
}

// tensors is a safetensors file: eight bytes with the length of a JSON header, the
// header, the values (https://github.com/huggingface/safetensors, format).
type tensors struct {
	header map[string]tensor
	data   []byte
}

type tensor struct {
	Type    string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

func parseTensors(file []byte) (tensors, error) {
	if len(file) < 8 {
		return tensors{}, fmt.Errorf("model.safetensors is truncated: %d bytes", len(file))
	}
	n := binary.LittleEndian.Uint64(file)
	if n > uint64(len(file)-8) {
		return tensors{}, fmt.Errorf("model.safetensors is truncated: a header of %d bytes in a file of %d", n, len(file))
	}
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(file[8:8+n], &raw); err != nil {
		return tensors{}, fmt.Errorf("model.safetensors: the header: %w", err)
	}
	t := tensors{header: map[string]tensor{}, data: file[8+n:]}
	for name, m := range raw {
		var x tensor
		if name == "__metadata__" {
			continue
		}
		if err := json.Unmarshal(m, &x); err != nil {
			return tensors{}, fmt.Errorf("model.safetensors: the header of %s: %w", name, err)
		}
		t.header[name] = x
	}
	return t, nil
}

// bytes are the values of a tensor of the wanted type and shape.
func (t tensors) bytes(name, kind string, size int, shape ...int) ([]byte, error) {
	x, ok := t.header[name]
	if !ok {
		return nil, fmt.Errorf("model.safetensors lacks %s", name)
	}
	if x.Type != kind || !slices.Equal(x.Shape, shape) {
		return nil, fmt.Errorf("model.safetensors: %s is %s %v; want %s %v", name, x.Type, x.Shape, kind, shape)
	}
	for _, n := range shape {
		size *= n
	}
	from, to := x.Offsets[0], x.Offsets[1]
	if from < 0 || from > to || to > len(t.data) || to-from != size {
		return nil, fmt.Errorf("model.safetensors is truncated: %s stands at bytes %d to %d of %d, want %d bytes", name, from, to, len(t.data), size)
	}
	return t.data[from:to], nil
}

func (t tensors) floats(name string, shape ...int) ([]float32, error) {
	b, err := t.bytes(name, "F32", 4, shape...)
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if !finite(out[i]) {
			return nil, fmt.Errorf("model.safetensors: %s holds a value that is not finite", name)
		}
	}
	return out, nil
}

func finite(x float32) bool { return x-x == 0 }

// packed is a matrix in 4 bits: 16 bytes for 32 columns, byte j of which holds
// column j in its low nibble and column 16+j in its high one; a weight is
// (nibble − 8) × the block's scale.
type packed struct {
	columns int
	nibbles []byte
	scales  []float32
}

func (t tensors) packed(name string, rows, columns int) (packed, error) {
	nibbles, err := t.bytes(name+".q4", "U8", 1, rows, columns/2)
	if err != nil {
		return packed{}, err
	}
	halves, err := t.bytes(name+".scale", "F16", 2, rows, columns/blockColumns)
	if err != nil {
		return packed{}, err
	}
	p := packed{columns, nibbles, make([]float32, len(halves)/2)}
	for i := range p.scales {
		p.scales[i] = half(binary.LittleEndian.Uint16(halves[2*i:]))
		if !finite(p.scales[i]) {
			return packed{}, fmt.Errorf("model.safetensors: %s holds a scale that is not finite", name)
		}
	}
	return p, nil
}

// half reads an IEEE 754 binary16.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0:
		x := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(x) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// row unpacks one row into dst.
//
//go:norace
func (p packed) row(dst []float32, row int) {
	blocks := p.columns / blockColumns
	for b := range blocks {
		scale := p.scales[row*blocks+b]
		bytes := p.nibbles[(row*blocks+b)*blockBytes:][:blockBytes]
		out := dst[b*blockColumns:][:blockColumns]
		for j, x := range bytes {
			out[j] = float32(int(x&15)-8) * scale
			out[blockBytes+j] = float32(int(x>>4)-8) * scale
		}
	}
}
