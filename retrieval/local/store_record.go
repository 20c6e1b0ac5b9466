package local

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"

	"kakehashi/corpus"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/record"
)

// stored is a row of the table.
type stored struct {
	id        string
	document  []byte
	model     string
	dimension int
	vectors   []byte
	checksum  uint32
}

func (r *stored) columns() []any {
	return []any{r.id, string(r.document), r.model, r.dimension, r.vectors, r.checksum}
}

func (r *stored) targets() []any {
	return []any{&r.id, &r.document, &r.model, &r.dimension, &r.vectors, &r.checksum}
}

// store makes the row of a document, and its vectors as they will come back. A
// document that would come back as another is refused while it can still be mended.
func store(d *corpus.Document, v vectors) (stored, vectors, error) {
	text, err := json.Marshal(record.Of(d))
	if err != nil {
		return stored{}, vectors{}, fmt.Errorf("storing %s: %w", d.ID, err)
	}
	r := stored{id: d.ID, document: text, model: v.model, dimension: v.dimension, vectors: v.pack()}
	r.checksum = r.sum()
	back, rounded, err := r.read()
	if err != nil {
		return stored{}, vectors{}, fmt.Errorf("storing %s: %w", d.ID, err)
	}
	if !reflect.DeepEqual(back, d) {
		return stored{}, vectors{}, fmt.Errorf("storing %s: it would not come back as it is; its texts must be UTF-8 and its dates those of a calendar", d.ID)
	}
	return r, rounded, nil
}

// read checks a row and takes it apart. The error tells what is wrong with it.
func (r *stored) read() (*corpus.Document, vectors, error) {
	if r.checksum != r.sum() {
		return nil, vectors{}, errors.New("it does not match its checksum")
	}
	var kept record.Document
	if err := json.Unmarshal(r.document, &kept); err != nil {
		return nil, vectors{}, err
	}
	d, err := kept.Restore()
	if err != nil {
		return nil, vectors{}, err
	}
	v, err := unpack(r, d)
	return d, v, err
}

// sum is the CRC-32C of the row. It finds what neither the database nor the hashes
// of the texts betray: a bit that flipped in a date or a vector, a part of one
// document under the id of another.
func (r *stored) sum() uint32 {
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d\x00", r.id, r.document, r.model, r.dimension)
	h.Write(r.vectors)
	return h.Sum32()
}

// rowHead is what stands before the values of a vector: the passage (4 bytes,
// little-endian), the edition (2), the sentence (2, signed; wholePassage).
const rowHead = 8

// pack writes vectors one after the other, each with what it is of and then a byte a
// value.
func (v vectors) pack() []byte {
	out := make([]byte, 0, len(v.rows)*(rowHead+v.dimension))
	for i, r := range v.rows {
		out = binary.LittleEndian.AppendUint32(out, uint32(r.passage))
		out = binary.LittleEndian.AppendUint16(out, uint16(r.edition))
		out = binary.LittleEndian.AppendUint16(out, uint16(r.sentence))
		for _, x := range embed.Quantize(v.values[i*v.dimension:][:v.dimension]) {
			out = append(out, byte(x))
		}
	}
	return out
}

// unpack reads what pack wrote of the vectors of a document.
func unpack(r *stored, d *corpus.Document) (vectors, error) {
	size := rowHead + max(r.dimension, 0)
	n := len(r.vectors) / size
	if r.dimension < 0 || len(r.vectors) != n*size {
		return vectors{}, fmt.Errorf("its vectors take %d bytes, no multiple of %d", len(r.vectors), size)
	}
	v := vectors{model: r.model, dimension: r.dimension, values: make([]float32, n*r.dimension), rows: make([]row, n)}
	q := make([]int8, r.dimension)
	for i := range n {
		b := r.vectors[i*size:][:size]
		at := row{int32(binary.LittleEndian.Uint32(b)), int16(binary.LittleEndian.Uint16(b[4:])), int16(binary.LittleEndian.Uint16(b[6:]))}
		if at.edition < 0 || int(at.edition) >= len(d.Editions) || at.passage < 0 || int(at.passage) >= len(d.Editions[at.edition].Passages) {
			return vectors{}, fmt.Errorf("vector %d is of a passage that it does not have", i+1)
		}
		for j, x := range b[rowHead:] {
			q[j] = int8(x)
		}
		embed.Restore(v.values[i*r.dimension:][:r.dimension], q)
		v.rows[i] = at
	}
	return v, nil
}
