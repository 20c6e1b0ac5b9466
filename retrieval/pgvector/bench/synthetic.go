package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/embed"
)

// The synthetic corpus. Everything in it is invented; what is made like the shipped
// library is how often words come (Zipf and Mandelbrot: the share of the word of rank r
// falls as 1/(r+q)^s), that documents have subjects with words of their own, and that
// vectors lie in clusters.
const (
	dimension   = 384
	perDocument = 10 // passages
	exponent    = 1.07
	offset      = 2.7
	subjects    = 2000
	subjectOwn  = 300 // words that a subject lifts
	subjectPart = 0.35
	spread      = 0.75 // length of what sets a passage apart from the centre of its subject, whose length is 1
	common      = 1.6  // length of the direction that all share, as the built-in encoder's vectors do
)

// synthetic makes documents by number: the same seed gives the same, whatever is made
// at the same time.
type synthetic struct {
	seed       uint64
	vocabulary int
	cumulative []float64
	centres    [][]float32
	shared     []float32
}

func newSynthetic(seed uint64, passages int) *synthetic {
	s := &synthetic{seed: seed}
	// Heaps: the vocabulary grows with a power of the text's length.
	s.vocabulary = int(44 * math.Pow(float64(passages*65), 0.5))
	s.cumulative = make([]float64, s.vocabulary)
	sum := 0.0
	for r := range s.cumulative {
		sum += math.Pow(float64(r)+1+offset, -exponent)
		s.cumulative[r] = sum
	}
	r := s.random(0, 0)
	s.shared = direction(r)
	for range subjects {
		s.centres = append(s.centres, direction(r))
	}
	return s
}

func (s *synthetic) random(kind, n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(s.seed*3+kind, n))
}

func direction(r *rand.Rand) []float32 {
	v := make([]float32, dimension)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	must(embed.Normalize(v))
	return v
}

// word draws one by its frequency.
func (s *synthetic) word(r *rand.Rand, subject int) int {
	if r.Float64() < subjectPart {
		// The words of a subject are spread over the rarer ranks.
		i := int(float64(subjectOwn) * math.Pow(r.Float64(), 2))
		return (subject*7919 + i*104729) % (s.vocabulary - s.vocabulary/50)
	}
	x := r.Float64() * s.cumulative[s.vocabulary-1]
	low, high := 0, s.vocabulary-1
	for low < high {
		if m := (low + high) / 2; s.cumulative[m] < x {
			low = m + 1
		} else {
			high = m
		}
	}
	return low
}

var syllables = []string{"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "zu"}

// spell writes a word in syllables, or in Chinese characters.
func spell(n int, japanese bool) string {
	var b strings.Builder
	for n += 20; n > 0; n /= 20 {
		if japanese {
			b.WriteRune(rune(0x4e00 + n%2000))
		} else {
			b.WriteString(syllables[n%20])
		}
	}
	return b.String()
}

// passage is what there is of one, before it is put into a document.
type passage struct {
	words    []int
	japanese bool
	vector   []float32
}

func (s *synthetic) subject(document int) int { return s.random(1, uint64(document)).IntN(subjects) }

func (s *synthetic) passage(n int) passage {
	r := s.random(2, uint64(n))
	subject := s.subject(n / perDocument)
	p := passage{japanese: n/perDocument%5 == 0, words: make([]int, 40+r.IntN(51))}
	for i := range p.words {
		p.words[i] = s.word(r, subject)
	}
	p.vector = s.near(r, s.centres[subject], spread)
	return p
}

// near is a vector about a centre.
func (s *synthetic) near(r *rand.Rand, centre []float32, apart float32) []float32 {
	own := direction(r)
	v := make([]float32, dimension)
	for i := range v {
		v[i] = common*s.shared[i] + centre[i] + apart*own[i]
	}
	must(embed.Normalize(v))
	return v
}

func text(words []int, japanese bool) string {
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = spell(w, japanese)
	}
	if japanese {
		return strings.Join(parts, "の") + "。"
	}
	return strings.Join(parts, " ") + "."
}

// entry is a document with its vectors. One in twenty is Japanese law that is in force:
// what the filter keeps.
func (s *synthetic) entry(document int) retrieval.Entry {
	id := fmt.Sprintf("us-%07d", document)
	d := &corpus.Document{ID: id, Jurisdiction: corpus.US, Kind: "report", Status: corpus.InForce, Published: corpus.Date{Year: 1990 + document%35}}
	if document%20 == 7 {
		d.Jurisdiction = corpus.JP
	}
	e, vectors := corpus.Edition{Language: language.English, Title: spell(s.subject(document), false), Citation: id}, []retrieval.PassageVectors(nil)
	for i := range perDocument {
		p := s.passage(document*perDocument + i)
		body := text(p.words, p.japanese)
		e.Passages = append(e.Passages, corpus.Passage{ID: corpus.PassageID(fmt.Sprintf("%s#%d", id, i)), Locator: fmt.Sprintf("p. %d", i+1), Text: body, Hash: corpus.HashText(body)})
		vectors = append(vectors, retrieval.PassageVectors{Passage: p.vector})
		if p.japanese {
			e.Language = language.Japanese
		}
	}
	d.Editions = []corpus.Edition{e}
	return retrieval.Entry{Document: d, Vectors: &retrieval.Vectors{Model: "synthetic", Editions: [][]retrieval.PassageVectors{vectors}}}
}

// query asks for a passage: by some of its words, common and rare, and by a vector near
// its own.
func (s *synthetic) query(n, passages int) retrieval.Query {
	r := s.random(3, uint64(n))
	p := s.passage(r.IntN(passages))
	words := make([]int, 3+r.IntN(6))
	for i := range words {
		words[i] = p.words[r.IntN(len(p.words))]
	}
	return retrieval.Query{Text: text(words, p.japanese), Vector: s.nearTo(r, p.vector), Model: "synthetic"}
}

// nearTo moves a vector a little: the cosine of question and passage is about 0.9.
func (s *synthetic) nearTo(r *rand.Rand, v []float32) []float32 {
	own, out := direction(r), make([]float32, dimension)
	for i := range out {
		out[i] = v[i] + 0.48*own[i]
	}
	must(embed.Normalize(out))
	return out
}

func must(err error) {
	if err != nil {
		panic(err) // a draw of 384 numbers that are all zero
	}
}
