package pgvector

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/rank"
)

// read takes pages apart again: the postings of each term, and its count.
func read(t *testing.T, pages []page) (map[uint32][]posting, map[uint32]int) {
	t.Helper()
	chunks := map[chunkKey][]byte{}
	for _, p := range pages {
		if p.chunk != bucketChunk {
			chunks[chunkKey{p.chunk, uint32(p.key)}] = p.data
		}
	}
	postings, counts := map[uint32][]posting{}, map[uint32]int{}
	take := func(h uint32, data []byte) (n int) {
		must(t, decode(data, func(impact uint8, unit uint32) {
			postings[h] = append(postings[h], posting{h, unit, impact})
			n++
		}))
		return n
	}
	for _, p := range pages {
		if p.chunk != bucketChunk {
			continue
		}
		must(t, entries(uint32(p.key), p.data, func(e entry) bool {
			counts[e.hash] += e.df
			take(e.hash, e.postings)
			for i, c := range e.chunks {
				before := len(postings[e.hash])
				if n := take(e.hash, chunks[chunkKey{int32(i), e.hash}]); n != c.n || postings[e.hash][before].impact != c.impact {
					t.Errorf("chunk %d holds %d postings from impact %d on; its bucket says %+v", i, n, postings[e.hash][before].impact, c)
				}
			}
			return true
		}))
	}
	return postings, counts
}

func TestPagesHoldWhatWasWritten(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, bits := range []int{0, 1, 7, 16} {
		want, counts := map[uint32][]posting{}, map[uint32]int{}
		var all []posting
		var changes []count
		for i := range 100 {
			h := r.Uint32() >> (i % 5 * 4) // some close together
			if _, twice := want[h]; twice {
				continue
			}
			n := []int{0, 1, 3, 200, 9000}[i%5]
			units := map[uint32]bool{}
			for range n {
				units[r.Uint32N(1_000_000)+1] = true
			}
			for u := range units {
				want[h] = append(want[h], posting{h, u, uint8(1 + r.IntN(255))})
			}
			all = append(all, want[h]...)
			counts[h] = len(units) - i%5
			changes = append(changes, count{h, len(units)}, count{h, -(i % 5)})
			if counts[h] == 0 && len(units) == 0 {
				delete(counts, h)
			}
		}
		w := &writer{bits: bits}
		w.build(all, changes)
		w.flush()
		got, gotCounts := read(t, w.pages)
		if !maps.Equal(counts, gotCounts) {
			t.Errorf("%d bits: the counts differ", bits)
		}
		for h, ps := range want {
			if !slices.IsSortedFunc(got[h], func(a, b posting) int { return int(b.impact) - int(a.impact) }) {
				t.Errorf("%d bits: the postings of a term are not in the order of their impact", bits)
			}
			sorted := func(ps []posting) []posting {
				return slices.SortedFunc(slices.Values(ps), func(a, b posting) int { return int(a.unit) - int(b.unit) })
			}
			if !slices.Equal(sorted(ps), sorted(got[h])) {
				t.Fatalf("%d bits: %d postings of a term came back as %d", bits, len(ps), len(got[h]))
			}
		}
		for _, p := range w.pages {
			if len(p.data) > chunkSize && p.chunk != bucketChunk {
				t.Errorf("a chunk of %d bytes", len(p.data))
			}
		}
	}
}

func TestForwardRowsHoldWhatWasWritten(t *testing.T) {
	t.Parallel()
	editions := []corpus.Edition{{Language: language.English}, {Language: language.Japanese}}
	u := rank.Unit{Lengths: []float64{12.4, 7}, Editions: [][]rank.Frequency{{{Term: "licenc", TF: 3.2}, {Term: "#734.13", TF: 2}, {Term: "often", TF: 1e6}}, {{Term: "許可", TF: 1}}}}
	f, err := decodeForward(encodeForward(u, editions))
	must(t, err)
	if len(f) != 2 || f[0].length != 1240 || f[1].length != 700 || f[0].japanese || !f[1].japanese {
		t.Fatalf("%+v", f)
	}
	for e, terms := range []map[string]float64{{"licenc": 3.2, "#734.13": 2, "often": 655.35}, {"許可": 1}} {
		for term, want := range terms {
			if got, ok := f[e].find(hash(term)); !ok || got != want {
				t.Errorf("%s has %v, %v; want %v", term, got, ok, want)
			}
		}
		if _, ok := f[e].find(hash("nowhere")); ok {
			t.Error("finds a term that is not there")
		}
	}
	var l lengths
	l.add(f, 1)
	l.add(f, -1)
	if l != (lengths{}) {
		t.Errorf("what was added and taken back leaves %+v", l)
	}
}

// FuzzDecode feeds what is read from the database to what reads it: damage is an
// error, never a panic or a loop.
func FuzzDecode(f *testing.F) {
	w := &writer{bits: 1}
	w.build([]posting{{5, 1, 9}, {5, 2, 9}, {1 << 31, 7, 200}}, []count{{5, 2}, {1 << 31, 1}})
	w.flush()
	for _, p := range w.pages {
		f.Add(p.data)
	}
	f.Add(encodeForward(rank.Unit{Lengths: []float64{2}, Editions: [][]rank.Frequency{{{Term: "a", TF: 1}}}}, make([]corpus.Edition, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = entries(0, data, func(e entry) bool {
			_ = decode(e.postings, func(uint8, uint32) {})
			return true
		})
		_ = decode(data, func(uint8, uint32) {})
		if f, err := decodeForward(data); err == nil {
			f.has(7)
			countsOf(f, 1, nil)
			postingsOf(retrieval.DefaultTuning(), lengths{}, 1, f, nil)
		}
		_ = new(unpacker).each(data, 4, func(int, []float32) {})
	})
}

func TestBitmap(t *testing.T) {
	t.Parallel()
	var b bitmap
	want := []int32{0, 1, 63, 64, 1000, 70_000}
	for _, u := range want {
		b.add(u)
	}
	var got []int32
	for u := range int32(100_000) {
		if b.has(u) {
			got = append(got, u)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Error(fmt.Sprint("holds ", got, "; want ", want))
	}
}
