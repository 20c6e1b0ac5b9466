package pgvector

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"math"
	"slices"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/rank"
)

// hash is what a term is found by. Of 20 million terms, as a million passages have
// them, one in two hundred shares its number with another, most of which stand in one
// passage only: a search then looks at one passage in vain.
func hash(term string) uint32 {
	h := fnv.New64a()
	h.Write([]byte(term))
	x := h.Sum64()
	x ^= x >> 33 // MurmurHash3's finaliser: FNV leaves the first bits of short texts alike
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return uint32(x >> 32)
}

// forward is what one passage has of which term, kept beside it so that those found
// are scored exactly.
//
// Stored: the number of editions; for each, 1 byte for its language, the length in
// hundredths of a word (uvarint), the number of terms (uvarint), their hashes in
// ascending order (4 bytes each, big-endian), their frequencies in hundredths (2
// bytes each). The weights of Tuning have no more than two decimals, so nothing is lost.
type forward []forwardEdition

type forwardEdition struct {
	japanese    bool
	length      int    // hundredths
	hashes      []byte // 4 × terms
	frequencies []byte // 2 × terms
}

const hundredths = 100

func encodeForward(u rank.Unit, editions []corpus.Edition) []byte {
	type term struct {
		hash uint32
		tf   uint16
	}
	out := []byte{byte(len(u.Editions))}
	for e, frequencies := range u.Editions {
		terms := make([]term, len(frequencies))
		for i, f := range frequencies {
			terms[i] = term{hash(f.Term), uint16(min(math.Round(f.TF*hundredths), math.MaxUint16))}
		}
		slices.SortFunc(terms, func(a, b term) int {
			return bytes.Compare(binary.BigEndian.AppendUint32(nil, a.hash), binary.BigEndian.AppendUint32(nil, b.hash))
		})
		terms = slices.CompactFunc(terms, func(a, b term) bool { return a.hash == b.hash })
		lang := byte(0)
		if editions[e].Language == language.Japanese {
			lang = 1
		}
		out = append(out, lang)
		out = binary.AppendUvarint(out, uint64(math.Round(u.Lengths[e]*hundredths)))
		out = binary.AppendUvarint(out, uint64(len(terms)))
		for _, t := range terms {
			out = binary.BigEndian.AppendUint32(out, t.hash)
		}
		for _, t := range terms {
			out = binary.BigEndian.AppendUint16(out, t.tf)
		}
	}
	return out
}

var errDamaged = errors.New("the index in the database is damaged: restore it from a backup, or empty it and push the documents again")

func decodeForward(b []byte) (forward, error) {
	if len(b) == 0 {
		return nil, errDamaged
	}
	out := make(forward, 0, b[0])
	n := int(b[0])
	b = b[1:]
	for range n {
		if len(b) == 0 {
			return nil, errDamaged
		}
		e := forwardEdition{japanese: b[0] == 1}
		length, k := binary.Uvarint(b[1:])
		if k <= 0 {
			return nil, errDamaged
		}
		terms, m := binary.Uvarint(b[1+k:])
		if m <= 0 || terms > uint64(len(b)) || len(b)-1-k-m < 6*int(terms) {
			return nil, errDamaged
		}
		b = b[1+k+m:]
		e.length, e.hashes, e.frequencies = int(length), b[:4*terms], b[4*terms:6*terms]
		b = b[6*terms:]
		out = append(out, e)
	}
	return out, nil
}

func (e forwardEdition) terms() int { return len(e.hashes) / 4 }

func (e forwardEdition) hash(i int) uint32 { return binary.BigEndian.Uint32(e.hashes[4*i:]) }

func (e forwardEdition) tf(i int) float64 {
	return float64(binary.BigEndian.Uint16(e.frequencies[2*i:])) / hundredths
}

// find is the frequency of a term; false where the edition does not have it.
func (e forwardEdition) find(h uint32) (float64, bool) {
	low, high := 0, e.terms()
	for low < high {
		if m := (low + high) / 2; e.hash(m) < h {
			low = m + 1
		} else {
			high = m
		}
	}
	if low == e.terms() || e.hash(low) != h {
		return 0, false
	}
	return e.tf(low), true
}

// normalized is the highest normalized frequency of a term in any edition.
func (f forward) normalized(tune retrieval.Tuning, average lengths, h uint32) (tf float32, found bool) {
	for _, e := range f {
		if x, ok := e.find(h); ok {
			tf, found = max(tf, average.normalized(tune, e, x)), true
		}
	}
	return tf, found
}

func (f forward) has(h uint32) bool {
	return slices.ContainsFunc(f, func(e forwardEdition) bool { _, ok := e.find(h); return ok })
}

// lengths sums the texts of an index, by language.
type lengths struct {
	units                 int
	english, japanese     int   // editions
	inEnglish, inJapanese int64 // hundredths of a word
}

// add counts a passage n times; -1 takes it back.
func (l *lengths) add(f forward, n int) {
	l.units += n
	for _, e := range f {
		if e.japanese {
			l.japanese += n
			l.inJapanese += int64(n * e.length)
		} else {
			l.english += n
			l.inEnglish += int64(n * e.length)
		}
	}
}

func (l *lengths) plus(o lengths) {
	l.units += o.units
	l.english += o.english
	l.inEnglish += o.inEnglish
	l.japanese += o.japanese
	l.inJapanese += o.inJapanese
}

// normalized brings a frequency to the average length of its language.
func (l lengths) normalized(tune retrieval.Tuning, e forwardEdition, tf float64) float32 {
	sum, n := l.inEnglish, l.english
	if e.japanese {
		sum, n = l.inJapanese, l.japanese
	}
	average := float64(sum) / float64(max(n, 1))
	return rank.Normalized(tune, tf, float64(e.length), average)
}
