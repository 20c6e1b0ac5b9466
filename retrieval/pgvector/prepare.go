package pgvector

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"

	"golang.org/x/sync/errgroup"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/rank"
	"kakehashi/retrieval/record"
)

// prepared is a document as it will be written.
type prepared struct {
	document *corpus.Document
	head     string
	names    []uint32
	units    []preparedUnit
	// The encoder of the vectors that came with it; "" where none did.
	model     string
	dimension int
	// keepVectors leaves alone those of passages that stay as they are.
	keepVectors bool
}

type preparedUnit struct {
	version [sha256.Size]byte
	locator []string
	forward []byte
	packed  [][]byte // by edition; nil: no vectors
}

// prepare analyses documents on all cores.
func (ix *Index) prepare(entries []retrieval.Entry) ([]prepared, error) {
	out := make([]prepared, len(entries))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range entries {
		group.Go(func() (err error) {
			out[i], err = ix.prepareOne(entries[i])
			return err
		})
	}
	return out, group.Wait()
}

func (ix *Index) prepareOne(e retrieval.Entry) (prepared, error) {
	dimension, err := e.Check()
	if err != nil {
		return prepared{}, err
	}
	d := e.Document
	for i := range d.Editions {
		if len(d.Editions[i].Passages) != len(d.Editions[0].Passages) {
			return prepared{}, fmt.Errorf("indexing %s: its editions have %d and %d passages", d.ID, len(d.Editions[0].Passages), len(d.Editions[i].Passages))
		}
	}
	units, names := rank.Analyse(ix.analyzer, ix.tune, d)
	out := prepared{document: d, dimension: dimension, units: make([]preparedUnit, len(units))}
	if dimension > 0 {
		out.model = e.Vectors.Model
	}
	for n := range names {
		out.names = append(out.names, hash(n))
	}
	if out.head, err = headOf(d); err != nil {
		return prepared{}, err
	}
	for i, u := range units {
		out.units[i] = preparedUnit{version: versionOf(d, i), locator: u.Locator, forward: encodeForward(u, d.Editions)}
		if e.Vectors != nil {
			for edition := range d.Editions {
				out.units[i].packed = append(out.units[i].packed, pack(e.Vectors.Editions[edition][i]))
			}
		}
	}
	return out, nil
}

// headOf is the stored form of a document without its passages, which are kept one by
// one.
func headOf(d *corpus.Document) (string, error) {
	r := record.Of(d)
	for i := range r.Editions {
		r.Editions[i].Passages = nil
	}
	head, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("storing %s: %w", d.ID, err)
	}
	return string(head), nil
}

// versionOf is the SHA-256 of all of a passage that is stored, analysed or embedded.
func versionOf(d *corpus.Document, passage int) [sha256.Size]byte {
	h := sha256.New()
	for _, e := range d.Editions {
		p := e.Passages[passage]
		fields := []string{e.Language.String(), e.Title, e.Citation, string(p.ID), p.Locator, p.Heading, p.Text}
		if len(d.Editions) == 1 {
			fields = append(fields, d.TitleJA)
		}
		fmt.Fprintf(h, "%q\n", fields)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// pack lays out the vectors of a passage: first its own, two bytes a value (int16,
// little-endian, the largest value being 32767), so that of passages that lie close
// together the nearest is found; then its sentences', a byte a value.
func pack(v retrieval.PassageVectors) []byte {
	out := make([]byte, 0, (2+len(v.Sentences))*len(v.Passage))
	largest := float32(0)
	for _, x := range v.Passage {
		largest = max(largest, x, -x)
	}
	for _, x := range v.Passage {
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.RoundToEven(float64(x/largest)*math.MaxInt16))))
	}
	for _, v := range v.Sentences {
		for _, x := range embed.Quantize(v) {
			out = append(out, byte(x))
		}
	}
	return out
}

// unpacker reads what pack laid out.
type unpacker struct {
	v []float32
	q []int8
}

// each calls do with the vectors, scaled to length 1; the slice is used again.
func (u *unpacker) each(packed []byte, dimension int, do func(i int, v []float32)) error {
	if dimension == 0 || len(packed) < 2*dimension || len(packed)%dimension != 0 {
		return errDamaged
	}
	if len(u.v) != dimension {
		u.v, u.q = make([]float32, dimension), make([]int8, dimension)
	}
	v, q := u.v, u.q
	for i := range v {
		v[i] = float32(int16(binary.LittleEndian.Uint16(packed[2*i:])))
	}
	if err := embed.Normalize(v); err != nil {
		return errDamaged
	}
	do(0, v)
	for i := 2; i*dimension < len(packed); i++ {
		for j, b := range packed[i*dimension:][:dimension] {
			q[j] = int8(b)
		}
		embed.Restore(v, q)
		do(i-1, v)
	}
	return nil
}

// draw is a number at random by which passages are sampled.
func draw() int32 { return int32(rand.Uint32()) }
