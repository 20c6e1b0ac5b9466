package retrieval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kakehashi/corpus"
	"kakehashi/retrieval/embed"
)

// Vectors are the embeddings of a document: for each edition and each passage in
// order, those of Texts.
type Vectors struct {
	Model    string
	Editions [][]PassageVectors
}

// PassageVectors are the embeddings of a passage and of its sentences.
type PassageVectors struct {
	Passage   []float32
	Sentences [][]float32 // in the order of corpus.Sentences; may be nil
}

// ModelError tells that vectors of two encoders met, which never compare.
type ModelError struct{ Index, Given string }

func (e *ModelError) Error() string {
	return fmt.Sprintf("the index holds vectors of the encoder %q, these are of %q: embed the documents again with the encoder that asks, or ask with the one that embedded them", e.Index, e.Given)
}

// Check makes sure that the vectors of an entry are of its passages, sound and of one
// dimension, which it returns; 0 where there are none. The error names the document.
func (e Entry) Check() (dimension int, err error) {
	if e.Vectors == nil {
		return 0, nil
	}
	d := e.Document
	fault := func(format string, args ...any) (int, error) {
		return 0, fmt.Errorf("indexing %s: %s", d.ID, fmt.Sprintf(format, args...))
	}
	if e.Vectors.Model == "" {
		return fault("vectors without the name of their encoder")
	}
	if len(e.Vectors.Editions) != len(d.Editions) {
		return fault("vectors of %d editions for %d", len(e.Vectors.Editions), len(d.Editions))
	}
	sound := func(v []float32) bool {
		if dimension == 0 {
			dimension = len(v)
		}
		if len(v) != dimension || len(v) == 0 {
			return false
		}
		length := embed.Dot(v, v)
		return length > 0.99 && length < 1.01
	}
	for i, passages := range e.Vectors.Editions {
		if len(passages) != len(d.Editions[i].Passages) {
			return fault("vectors of %d passages for %d", len(passages), len(d.Editions[i].Passages))
		}
		for p, v := range passages {
			if !sound(v.Passage) || slices.ContainsFunc(v.Sentences, func(s []float32) bool { return !sound(s) }) {
				return fault("a vector of passage %d is not of length 1 or has another dimension than the first", p+1)
			}
		}
	}
	return dimension, nil
}

// Texts are what is embedded of a passage: first the whole under its title and
// heading, then each sentence under the heading.
func Texts(e *corpus.Edition, p corpus.Passage) []string {
	spans := corpus.Sentences(p.Text, e.Language)
	out := make([]string, 0, len(spans)+1)
	out = append(out, joined(e.Title, p.Heading, p.Text))
	for _, s := range spans {
		out = append(out, joined(p.Heading, s.Of(p.Text)))
	}
	return out
}

func joined(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "\n")
}

// VectorsOf arranges the vectors that of gives for the texts of a document; the
// document's texts are asked for in one call.
func VectorsOf(d *corpus.Document, model string, of func(texts []string) ([][]float32, error)) (*Vectors, error) {
	var texts []string
	for i := range d.Editions {
		for _, p := range d.Editions[i].Passages {
			texts = append(texts, Texts(&d.Editions[i], p)...)
		}
	}
	vectors, err := of(texts)
	if err != nil {
		return nil, fmt.Errorf("embedding %s: %w", d.ID, err)
	}
	out := &Vectors{Model: model}
	for i := range d.Editions {
		var passages []PassageVectors
		for _, p := range d.Editions[i].Passages {
			n := len(Texts(&d.Editions[i], p))
			passages = append(passages, PassageVectors{vectors[0], vectors[1:n]})
			vectors = vectors[n:]
		}
		out.Editions = append(out.Editions, passages)
	}
	return out, nil
}

// Embedded is the query with the vector of its text, under the subject of earlier
// turns.
func Embedded(ctx context.Context, e embed.Embedder, q Query) (Query, error) {
	vs, err := e.Embed(ctx, embed.Query, []string{joined(q.Context, q.Text)})
	if err != nil {
		return q, err
	}
	q.Vector, q.Model = vs[0], e.Model()
	return q, nil
}
