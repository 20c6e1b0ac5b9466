// Package shipped carries the vectors of the shipped library, both editions,
// passages and sentences, made ahead by the built-in encoder so that starting up
// embeds nothing. A vector is found by the text that it is of: a changed text has
// none until `go generate ./retrieval/shipped` has been run again, which a test
// and the checks before a change demand.
package shipped

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/embed"
)

//go:generate go run ./generate vectors.bin

//go:embed vectors.bin
var file []byte

// Set holds quantized vectors of one encoder by text.
type Set struct {
	model     string
	dimension int
	keys      []uint64 // ascending
	values    []int8   // keys × dimension
}

// Load reads the shipped vectors.
func Load() (*Set, error) {
	s, err := Parse(file)
	if err != nil {
		return nil, fmt.Errorf("the shipped vectors: %w", err)
	}
	return s, nil
}

// Entries are the documents of the shipped library with their vectors, as an index
// takes them.
func Entries(lib *corpus.Library) ([]retrieval.Entry, error) {
	s, err := Load()
	if err != nil {
		return nil, err
	}
	out := make([]retrieval.Entry, len(lib.Documents))
	for i, d := range lib.Documents {
		out[i].Document = d
		if out[i].Vectors, err = s.Vectors(d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// The file: magic, length of the model's name (1 byte), name, dimension (2 bytes),
// number of vectors (4), all little-endian; the keys (8 each), ascending; the
// values (a byte each); the SHA-256 of all before it.
const magic = "KKHSVEC1"

var errDamaged = errors.New("vectors.bin is truncated or changed; run go generate ./retrieval/shipped")

// Parse reads a file of vectors.
func Parse(file []byte) (*Set, error) {
	body := file[:max(0, len(file)-sha256.Size)]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], file[len(body):]) || !bytes.HasPrefix(body, []byte(magic)) {
		return nil, errDamaged
	}
	rest := body[len(magic):]
	if len(rest) < 1 || len(rest) < 1+int(rest[0])+6 {
		return nil, errDamaged
	}
	s := &Set{model: string(rest[1 : 1+rest[0]])}
	rest = rest[1+rest[0]:]
	s.dimension = int(binary.LittleEndian.Uint16(rest))
	n := uint64(binary.LittleEndian.Uint32(rest[2:]))
	rest = rest[6:]
	if uint64(len(rest)) != n*uint64(8+s.dimension) {
		return nil, errDamaged
	}
	s.keys = make([]uint64, n)
	for i := range s.keys {
		s.keys[i] = binary.LittleEndian.Uint64(rest[8*i:])
	}
	s.values = make([]int8, n*uint64(s.dimension))
	for i, b := range rest[8*n:] {
		s.values[i] = int8(b)
	}
	if !slices.IsSorted(s.keys) {
		return nil, errDamaged
	}
	return s, nil
}

// Texts are all that is embedded of a library, each text once.
func Texts(lib *corpus.Library) []string {
	var out []string
	seen := map[string]bool{}
	for _, d := range lib.Documents {
		for i := range d.Editions {
			for _, p := range d.Editions[i].Passages {
				for _, t := range retrieval.Texts(&d.Editions[i], p) {
					if !seen[t] {
						seen[t] = true
						out = append(out, t)
					}
				}
			}
		}
	}
	return out
}

// Key is what a text is found by: the start of its SHA-256.
func Key(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.LittleEndian.Uint64(sum[:])
}

// Write is the file of the vectors of one encoder by key.
func Write(model string, dimension int, vectors map[uint64][]int8) []byte {
	keys := make([]uint64, 0, len(vectors))
	for k := range vectors {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := append([]byte(magic), byte(len(model)))
	out = append(out, model...)
	out = binary.LittleEndian.AppendUint16(out, uint16(dimension))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(keys)))
	for _, k := range keys {
		out = binary.LittleEndian.AppendUint64(out, k)
	}
	for _, k := range keys {
		for _, x := range vectors[k] {
			out = append(out, byte(x))
		}
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// Model names the encoder that made the vectors.
func (s *Set) Model() string { return s.model }

// Quantized is the stored form of a text's vector; false where there is none.
func (s *Set) Quantized(text string) ([]int8, bool) {
	i, ok := slices.BinarySearch(s.keys, Key(text))
	if !ok {
		return nil, false
	}
	return s.values[i*s.dimension:][:s.dimension], true
}

// Vectors are those of a document. The error names the document where a text has
// none.
func (s *Set) Vectors(d *corpus.Document) (*retrieval.Vectors, error) {
	return retrieval.VectorsOf(d, s.model, func(texts []string) ([][]float32, error) {
		out := make([][]float32, len(texts))
		values := make([]float32, len(texts)*s.dimension)
		for i, t := range texts {
			q, ok := s.Quantized(t)
			if !ok {
				return nil, fmt.Errorf("no vector for %.60q; run go generate ./retrieval/shipped", t)
			}
			out[i] = values[i*s.dimension:][:s.dimension:s.dimension]
			embed.Restore(out[i], q)
		}
		return out, nil
	})
}
