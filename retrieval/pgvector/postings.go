package pgvector

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"kakehashi/retrieval"
	"kakehashi/retrieval/rank"
)

// The postings of a term say which passages have it and what it is worth there, its
// impact: BM25's saturated and normalized frequency in 255 steps (Anh, de Kretser &
// Moffat, "Vector-space ranking with effective early termination", 2001). They are
// ordered by impact, so that a search reads the best and may stop.
//
// A segment keeps them in pages. Terms whose postings are short lie together in the
// bucket of their hash's first bits; those of a frequent term are cut into chunks of
// their own, of which the bucket holds a list.
//
//	bucket:   entry …
//	entry:    hash − the one before (uvarint; the first: − the bucket's)
//	          passages that have the term (varint; below zero where some are gone)
//	          2 × bytes of postings, which follow; or 2 × chunks + 1, then for each
//	          chunk its first impact (1 byte) and its number of postings (uvarint)
//	postings: impact (1 byte), number of passages (uvarint), their numbers, ascending,
//	          each less the one before (uvarint); then the next lower impact

const (
	steps     = 255
	chunkSize = 3900 // two rows of a page of Postgres
	// inlineMost is how long postings may be to stay in the bucket.
	inlineMost = 600
	bucketSize = 1000 // aimed at
)

// impactOf is the step of a normalized frequency, 1 to 255.
func impactOf(tune retrieval.Tuning, tf float32) uint8 {
	return uint8(max(1, math.Ceil(rank.Saturate(tune, tf)/(tune.K1+1)*steps)))
}

// worth is what a step adds to BM25 before the term's weight.
func worth(tune retrieval.Tuning, impact uint8) float64 {
	return float64(impact) / steps * (tune.K1 + 1)
}

type posting struct {
	hash   uint32
	unit   uint32
	impact uint8
}

// count is a term's change of the number of passages that have it.
type count struct {
	hash uint32
	by   int
}

// page is a row of the table pages.
type page struct {
	key   int64
	chunk int32
	data  []byte
}

// bucketChunk marks the page of a bucket.
const bucketChunk = -1

// postingsOf lists what a passage adds to the postings, and to the counts.
func postingsOf(tune retrieval.Tuning, average lengths, unit uint32, f forward, to []posting) []posting {
	for i, e := range f {
		for t := range e.terms() {
			h := e.hash(t)
			tf := average.normalized(tune, e, e.tf(t))
			earlier := false
			for j, other := range f {
				if x, ok := other.find(h); j != i && ok {
					tf = max(tf, average.normalized(tune, other, x))
					earlier = earlier || j < i
				}
			}
			if !earlier {
				to = append(to, posting{h, unit, impactOf(tune, tf)})
			}
		}
	}
	return to
}

// countsOf is what taking away a passage changes in the counts.
func countsOf(f forward, by int, to []count) []count {
	for i, e := range f {
		for t := range e.terms() {
			if h := e.hash(t); !f[:i].has(h) {
				to = append(to, count{h, by})
			}
		}
	}
	return to
}

// bitsFor are the first bits that tell the buckets of a segment apart.
func bitsFor(terms, postings int) int {
	return bits.Len(uint(terms*5+postings*2) / bucketSize)
}

// writer makes the pages of a segment from entries in the order of their hashes.
type writer struct {
	bits   int
	pages  []page
	size   int64
	bucket []byte
	key    uint32 // of the bucket
	last   uint32 // hash written before
}

func firstBits(h uint32, n int) uint32 {
	return uint32(uint64(h) >> (32 - n) << (32 - n))
}

// build writes all that is known of some terms: their postings, in any order, and the
// changes of their counts.
func (w *writer) build(postings []posting, counts []count) {
	slices.SortFunc(postings, func(a, b posting) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(b.impact, a.impact), cmp.Compare(a.unit, b.unit))
	})
	slices.SortFunc(counts, func(a, b count) int { return cmp.Compare(a.hash, b.hash) })
	for len(postings) > 0 || len(counts) > 0 {
		h := uint32(math.MaxUint32)
		if len(postings) > 0 {
			h = postings[0].hash
		}
		if len(counts) > 0 {
			h = min(h, counts[0].hash)
		}
		n, df := 0, 0
		for n < len(postings) && postings[n].hash == h {
			n++
		}
		for len(counts) > 0 && counts[0].hash == h {
			df += counts[0].by
			counts = counts[1:]
		}
		w.entry(h, df, postings[:n])
		postings = postings[n:]
	}
}

func (w *writer) entry(h uint32, df int, postings []posting) {
	if df == 0 && len(postings) == 0 {
		return
	}
	if key := firstBits(h, w.bits); len(w.bucket) == 0 || key != w.key {
		w.flush()
		w.key, w.last = key, key
	}
	w.bucket = binary.AppendUvarint(w.bucket, uint64(h-w.last))
	w.bucket = binary.AppendVarint(w.bucket, int64(df))
	w.last = h
	if data, rest := encode(postings, inlineMost); rest == 0 {
		w.bucket = binary.AppendUvarint(w.bucket, 2*uint64(len(data)))
		w.bucket = append(w.bucket, data...)
		return
	}
	var list []byte
	chunks := 0
	for len(postings) > 0 {
		data, rest := encode(postings, chunkSize)
		list = append(list, postings[0].impact)
		list = binary.AppendUvarint(list, uint64(len(postings)-rest))
		w.add(page{int64(h), int32(chunks), data})
		postings = postings[len(postings)-rest:]
		chunks++
	}
	w.bucket = binary.AppendUvarint(w.bucket, 2*uint64(chunks)+1)
	w.bucket = append(w.bucket, list...)
}

func (w *writer) add(p page) {
	w.pages = append(w.pages, p)
	w.size += int64(len(p.data))
}

// flush ends a bucket.
func (w *writer) flush() {
	if len(w.bucket) > 0 {
		w.add(page{int64(w.key), bucketChunk, w.bucket})
		w.bucket = nil
	}
}

// encode writes postings in order until the next one could go beyond most bytes, and
// returns how many are left.
func encode(postings []posting, most int) (data []byte, rest int) {
	for len(postings) > 0 {
		impact, n, size := postings[0].impact, 0, len(data)+1+binary.MaxVarintLen32
		before := uint32(0)
		for n < len(postings) && postings[n].impact == impact {
			size += (bits.Len32((postings[n].unit-before)|1) + 6) / 7
			if size > most {
				break
			}
			before = postings[n].unit
			n++
		}
		if n == 0 {
			return data, len(postings)
		}
		data = append(data, impact)
		data = binary.AppendUvarint(data, uint64(n))
		before = 0
		for _, p := range postings[:n] {
			data = binary.AppendUvarint(data, uint64(p.unit-before))
			before = p.unit
		}
		postings = postings[n:]
	}
	return data, 0
}

// decode calls each with what encode wrote.
func decode(data []byte, each func(impact uint8, unit uint32)) error {
	for len(data) > 0 {
		impact := data[0]
		n, k := binary.Uvarint(data[1:])
		if k <= 0 {
			return errDamaged
		}
		data = data[1+k:]
		unit := uint32(0)
		for range n {
			d, k := binary.Uvarint(data)
			if k <= 0 {
				return errDamaged
			}
			data = data[k:]
			unit += uint32(d)
			each(impact, unit)
		}
	}
	return nil
}

// entry is what a bucket holds of a term.
type entry struct {
	hash     uint32
	df       int
	postings []byte      // where they lie in the bucket
	chunks   []chunkHead // where they do not
}

type chunkHead struct {
	impact uint8 // the first, which is the highest
	n      int
}

// entries calls each with what a bucket holds, by hash, until it says false.
func entries(key uint32, data []byte, each func(entry) bool) error {
	h := key
	for len(data) > 0 {
		d, k := binary.Uvarint(data)
		if k <= 0 {
			return errDamaged
		}
		df, m := binary.Varint(data[k:])
		if m <= 0 {
			return errDamaged
		}
		n, l := binary.Uvarint(data[k+m:])
		if l <= 0 || n/2 > uint64(len(data)) {
			return errDamaged
		}
		data = data[k+m+l:]
		h += uint32(d)
		e := entry{hash: h, df: int(df)}
		if n%2 == 0 {
			if n/2 > uint64(len(data)) {
				return errDamaged
			}
			e.postings, data = data[:n/2], data[n/2:]
		} else {
			e.chunks = make([]chunkHead, n/2)
			for i := range e.chunks {
				if len(data) == 0 {
					return errDamaged
				}
				size, k := binary.Uvarint(data[1:])
				if k <= 0 {
					return errDamaged
				}
				e.chunks[i] = chunkHead{data[0], int(size)}
				data = data[1+k:]
			}
		}
		if !each(e) {
			return nil
		}
	}
	return nil
}
