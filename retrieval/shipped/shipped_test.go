package shipped

import (
	"bytes"
	"testing"

	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/retrieval"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/e5"
)

func load(tb testing.TB) (*corpus.Library, *Set) {
	tb.Helper()
	lib, err := corpus.Load(library.Files)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := Load()
	if err != nil {
		tb.Fatal(err)
	}
	return lib, s
}

// Every text of the library has its vector, and no vector is of a text that is gone.
func TestTheVectorsAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	lib, s := load(t)
	texts := Texts(lib)
	for _, text := range texts {
		if _, ok := s.Quantized(text); !ok {
			t.Fatalf("no vector for %.60q: run go generate ./retrieval/shipped", text)
		}
	}
	if len(texts) != len(s.keys) {
		t.Errorf("%d vectors for %d texts: run go generate ./retrieval/shipped", len(s.keys), len(texts))
	}
	if e := e5.New(); s.Model() != e.Model() || s.dimension != e.Dimension() {
		t.Errorf("vectors of %s with %d values; the encoder is %s with %d", s.Model(), s.dimension, e.Model(), e.Dimension())
	}
}

// The file is what the encoder gives: a sample is embedded again.
func TestTheVectorsAreTheEncoders(t *testing.T) {
	t.Parallel()
	lib, s := load(t)
	e := e5.New()
	for n := 0; n < len(lib.Documents); n += 25 {
		d := lib.Documents[n]
		for i := range d.Editions {
			text := retrieval.Texts(&d.Editions[i], d.Editions[i].Passages[0])[0]
			want, err := e.Embed(t.Context(), embed.Passage, []string{text})
			if err != nil {
				t.Fatal(err)
			}
			q, ok := s.Quantized(text)
			if !ok {
				t.Fatalf("no vector for %.60q", text)
			}
			got := make([]float32, len(q))
			embed.Restore(got, q)
			if c := embed.Dot(got, want[0]); c < 0.999 {
				t.Errorf("%.60q: cosine %v to what the encoder gives", text, c)
			}
		}
	}
}

func TestADamagedFileIsRefused(t *testing.T) {
	t.Parallel()
	sound := Write("model", 2, map[uint64][]int8{1: {1, 2}, 7: {3, 4}})
	if s, err := Parse(sound); err != nil || s.Model() != "model" || len(s.keys) != 2 {
		t.Fatalf("a sound file gives %v, %v", s, err)
	}
	for n := range sound {
		if _, err := Parse(sound[:n]); err == nil {
			t.Fatalf("%d of %d bytes pass", n, len(sound))
		}
		flipped := bytes.Clone(sound)
		flipped[n] ^= 0x10
		if _, err := Parse(flipped); err == nil {
			t.Fatalf("a file changed at byte %d passes", n)
		}
	}
}

func TestAnUnknownTextHasNoVector(t *testing.T) {
	t.Parallel()
	lib, s := load(t)
	d := *lib.Documents[0]
	d.Editions = []corpus.Edition{{Title: "changed", Passages: []corpus.Passage{{Text: "Nothing of the kind."}}}}
	if v, err := s.Vectors(&d); err == nil {
		t.Errorf("a changed document has the vectors %v", v)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Write("m", 1, map[uint64][]int8{1: {1}}))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, file []byte) {
		if s, err := Parse(file); err == nil {
			s.Quantized("a text")
		}
	})
}
