package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
)

// synthetic makes documents and queries by number. All that they say is invented. The
// same seed gives the same, in whatever order they are made, and a larger corpus begins
// with the smaller one.
type synthetic struct {
	seed      uint64
	sentences bool // whether sentences have vectors too
	shared    []float64
}

const (
	perDocument = 10 // passages
	model       = "synthetic"
)

func newSynthetic(seed uint64, sentences bool) *synthetic {
	s := &synthetic{seed: seed, sentences: sentences}
	r, sum := s.random(sharedMeaning, 0), 0.0
	for range dimension {
		x := r.NormFloat64()
		s.shared = append(s.shared, x)
		sum += x * x
	}
	for k := range s.shared {
		s.shared[k] /= math.Sqrt(sum)
	}
	return s
}

// What is drawn, each from a source of its own.
type kind uint64

const (
	sharedMeaning kind = iota
	subjectMeaning
	documentMeaning
	subjectWord
	phrase
	spelling
	head
	body
	asked
)

// random is where what is drawn for the n-th of a kind comes from.
func (s *synthetic) random(k kind, n int) *rand.Rand {
	return rand.New(rand.NewPCG(s.seed<<8|uint64(k), uint64(n)*0x9e3779b97f4a7c15))
}

// document is what one is made from.
type document struct {
	*synthetic
	no, subject int
	japanese    bool
	meaning     meaning
	head        *rand.Rand // for the rest
}

func (s *synthetic) document(no int) document {
	r := s.random(head, no)
	subject := int(float64(subjects(no)) * math.Pow(r.Float64(), 1.5)) // some are written about more than others
	return document{s, no, subject, r.IntN(5) == 0, s.meaning(no, subject), r}
}

const subjectFactor = 9.5

// subjects is how many there are when a document is written: 3,000 at a million passages.
func subjects(document int) int { return int(subjectFactor*math.Sqrt(float64(document))) + 1 }

// begins is the first document that can be on a subject.
func begins(subject int) int {
	return int(math.Ceil(math.Pow(float64(subject)/subjectFactor, 2)))
}

// passage is what one is made from.
type passage struct {
	sentences [][]int // of words
	meaning   []float64
	rest      *rand.Rand
}

func (d document) passage(i int) passage {
	r := d.random(body, d.no*perDocument+i)
	p := passage{sentences: make([][]int, 2+r.IntN(3)), meaning: d.meaning.passage(r), rest: r}
	words := 24 + r.IntN(32) // 40 to 90 with those of grammar
	if d.japanese {
		words = 30 + r.IntN(36) // 115 to 260 bigrams
	}
	for i, w := range d.words(r, words) {
		at := i * len(p.sentences) / words
		p.sentences[at] = append(p.sentences[at], w)
	}
	return p
}

// entry is a document with its vectors.
func (s *synthetic) entry(no int) retrieval.Entry {
	from := s.document(no)
	r := from.head
	d := &corpus.Document{
		ID:           fmt.Sprintf("us-%07d", no),
		Jurisdiction: corpus.US,
		Kind:         "regulation",
		Status:       corpus.InForce,
		Published:    corpus.Date{Year: 1990 + r.IntN(35)},
		Topics:       []string{fmt.Sprint("topic ", from.subject%topics)},
	}
	if r.IntN(4) == 0 {
		d.Jurisdiction = corpus.JP
	}
	if r.IntN(8) == 0 {
		d.Status = corpus.Superseded
	}
	e := corpus.Edition{Language: language.English, Title: from.text(r, from.words(r, 3)), Citation: d.ID}
	if from.japanese {
		e.Language = language.Japanese
	}
	vectors := make([]retrieval.PassageVectors, perDocument)
	for i := range vectors {
		p := from.passage(i)
		text := from.prose(p)
		e.Passages = append(e.Passages, corpus.Passage{
			ID:      corpus.PassageID(fmt.Sprintf("%s#%d", d.ID, i)),
			Locator: fmt.Sprintf("§ %d(%c)", no%1000+1, 'a'+i),
			Text:    text,
			Hash:    corpus.HashText(text),
		})
		vectors[i].Passage = s.vector(1, p.meaning)
		for range p.sentences {
			if s.sentences {
				own := departure(p.rest, 2*p.rest.Float64()*sentenceOwn)
				vectors[i].Sentences = append(vectors[i].Sentences, s.vector(1, add(p.meaning, own, 1)))
			}
		}
	}
	d.Editions = []corpus.Edition{e}
	return retrieval.Entry{Document: d, Vectors: &retrieval.Vectors{Model: model, Editions: [][]retrieval.PassageVectors{vectors}}}
}

// prose writes a passage out.
func (d document) prose(p passage) string {
	sentences := make([]string, len(p.sentences))
	for i, words := range p.sentences {
		sentences[i] = d.text(p.rest, words)
		if !d.japanese {
			sentences[i] = strings.ToUpper(sentences[i][:1]) + sentences[i][1:] + "."
		}
	}
	if d.japanese {
		return strings.Join(sentences, "。") + "。"
	}
	return strings.Join(sentences, " ")
}

// filter keeps about one document in twenty: those of a country and a topic.
var filter = retrieval.Filter{Jurisdictions: []corpus.Jurisdiction{corpus.JP}, Topics: []string{"topic 1"}}

const topics = 5

// query asks for one of so many passages: by 3 to 16 of its words that carry meaning, as
// keywords and whole questions have, in runs of up to three, and by a vector near its own.
func (s *synthetic) query(no, passages int) retrieval.Query {
	r := s.random(asked, no)
	n := r.IntN(passages)
	d := s.document(n / perDocument)
	p := d.passage(n % perDocument)
	var all, words []int
	for _, s := range p.sentences {
		all = append(all, s...)
	}
	for most := 3 + r.IntN(14); len(words) < most; {
		from, run := r.IntN(len(all)), 1+r.IntN(min(3, most-len(words)))
		words = append(words, all[from:min(from+run, len(all))]...)
	}
	own := departure(r, (0.5+r.Float64())*questionOwn)
	return retrieval.Query{Text: d.text(r, words), Vector: s.vector(questionShared, add(p.meaning, own, 1)), Model: model}
}
