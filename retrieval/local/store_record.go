package local

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval/embed"
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
	text, err := json.Marshal(recordOf(d))
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
	var kept record
	if err := json.Unmarshal(r.document, &kept); err != nil {
		return nil, vectors{}, err
	}
	d, err := kept.document()
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

// record is the form of a corpus.Document in the file. It is a form of its own so
// that a name which changes in the program changes nothing in files that users have;
// a field that is added here needs a new version.
type record struct {
	ID           string              `json:"id"`
	Jurisdiction corpus.Jurisdiction `json:"jurisdiction"`
	Kind         corpus.Kind         `json:"kind"`
	URL          string              `json:"url"`
	Published    day                 `json:"published"`
	Effective    day                 `json:"effective"`
	Status       corpus.Status       `json:"status"`
	SupersededBy []string            `json:"superseded_by"`
	Related      []string            `json:"related"`
	Topics       []string            `json:"topics"`
	TitleJA      string              `json:"title_ja"`
	AsOf         day                 `json:"as_of"`
	CheckedPages []string            `json:"checked_against"`
	Editions     []recordEdition     `json:"editions"`
	File         string              `json:"file"`
}

type recordEdition struct {
	Language language.Tag    `json:"language"` // BCP 47
	Title    string          `json:"title"`
	Citation string          `json:"citation"`
	Issuer   string          `json:"issuer"`
	Passages []recordPassage `json:"passages"`
	File     string          `json:"file"`
}

type recordPassage struct {
	ID      corpus.PassageID `json:"id"`
	Locator string           `json:"locator"`
	Heading string           `json:"heading"`
	Text    string           `json:"text"`
	Hash    string           `json:"sha256"` // hexadecimal
	Line    int              `json:"line"`
}

// day is a date as precise as it is known; "" where it is not.
type day corpus.Date

func (d day) MarshalText() ([]byte, error) { return []byte(corpus.Date(d).String()), nil }

func (d *day) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	parsed, err := corpus.ParseDate(string(text))
	*d = day(parsed)
	return err
}

func recordOf(d *corpus.Document) record {
	r := record{
		ID: d.ID, Jurisdiction: d.Jurisdiction, Kind: d.Kind, URL: d.URL,
		Published: day(d.Published), Effective: day(d.Effective), Status: d.Status, SupersededBy: d.SupersededBy,
		Related: d.Related, Topics: d.Topics, TitleJA: d.TitleJA, AsOf: day(d.AsOf), CheckedPages: d.CheckedPages, File: d.File,
	}
	for _, e := range d.Editions {
		re := recordEdition{Language: e.Language, Title: e.Title, Citation: e.Citation, Issuer: e.Issuer, File: e.File}
		for _, p := range e.Passages {
			re.Passages = append(re.Passages, recordPassage{p.ID, p.Locator, p.Heading, p.Text, hex.EncodeToString(p.Hash[:]), p.Line})
		}
		r.Editions = append(r.Editions, re)
	}
	return r
}

// document is what was stored. Each text is held against its hash: a citation names
// a wording by it.
func (r record) document() (*corpus.Document, error) {
	d := &corpus.Document{
		ID: r.ID, Jurisdiction: r.Jurisdiction, Kind: r.Kind, URL: r.URL,
		Published: corpus.Date(r.Published), Effective: corpus.Date(r.Effective), Status: r.Status, SupersededBy: r.SupersededBy,
		Related: r.Related, Topics: r.Topics, TitleJA: r.TitleJA, AsOf: corpus.Date(r.AsOf), CheckedPages: r.CheckedPages, File: r.File,
	}
	for _, re := range r.Editions {
		e := corpus.Edition{Language: re.Language, Title: re.Title, Citation: re.Citation, Issuer: re.Issuer, File: re.File}
		for _, p := range re.Passages {
			hash := corpus.HashText(p.Text)
			if hex.EncodeToString(hash[:]) != p.Hash {
				return nil, fmt.Errorf("the text of %s does not match its hash", p.ID)
			}
			e.Passages = append(e.Passages, corpus.Passage{ID: p.ID, Locator: p.Locator, Heading: p.Heading, Text: p.Text, Hash: hash, Line: p.Line})
		}
		d.Editions = append(d.Editions, e)
	}
	return d, nil
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
