package eval

import (
	"context"
	"fmt"
	"net/url"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"kakehashi/corpus"
	"kakehashi/retrieval"
)

// Corpus are the documents of the set as an index takes them: each one document in
// force with one edition and one passage, of no country, so that nothing but
// matching ranks them and every filter by date lets them through.
func (s Set) Corpus() []*corpus.Document {
	out := make([]*corpus.Document, len(s.Documents))
	for i, t := range s.Documents {
		id := documentID(t.ID)
		text := norm.NFC.String(t.Text)
		out[i] = &corpus.Document{
			ID: id, Jurisdiction: corpus.Multilateral, Kind: "article", Status: corpus.InForce, Published: corpus.Date{Year: 1},
			Editions: []corpus.Edition{{
				Language: language.Make(t.Language()), Title: norm.NFC.String(t.Title),
				Passages: []corpus.Passage{{ID: corpus.PassageID(id + "#text"), Text: text, Hash: corpus.HashText(text)}},
			}},
		}
	}
	return out
}

// documentID escapes an id of a set, in which a # would end the document's part of
// a corpus.PassageID.
func documentID(id string) string { return url.QueryEscape(id) }

// BEIRID is the id that a document of Corpus had in its set.
func BEIRID(id corpus.PassageID) string {
	out, err := url.QueryUnescape(id.Document())
	if err != nil {
		return id.Document() // not from Corpus
	}
	return out
}

// Embedding is how documents are embedded: one vector for each text, in order.
type Embedding func(ctx context.Context, texts []string) ([][]float32, error)

// Entries are the documents with the vectors of their passages, and of the
// sentences too if wanted, which takes several times as long. All texts are asked
// for in one call. Without an embedding the entries have no vectors.
func (s Set) Entries(ctx context.Context, model string, of Embedding, sentences bool) ([]retrieval.Entry, error) {
	documents := s.Corpus()
	out := make([]retrieval.Entry, len(documents))
	counts := make([]int, len(documents))
	var texts []string
	for i, d := range documents {
		out[i].Document = d
		own := retrieval.Texts(&d.Editions[0], d.Editions[0].Passages[0])
		if !sentences {
			own = own[:1]
		}
		counts[i] = len(own)
		texts = append(texts, own...)
	}
	if of == nil {
		return out, nil
	}
	vectors, err := of(ctx, texts)
	if err != nil {
		return nil, err
	}
	if len(vectors) != len(texts) {
		return nil, fmt.Errorf("%d vectors for %d texts", len(vectors), len(texts))
	}
	for i, n := range counts {
		own := retrieval.PassageVectors{Passage: vectors[0], Sentences: vectors[1:n]}
		out[i].Vectors = &retrieval.Vectors{Model: model, Editions: [][]retrieval.PassageVectors{{own}}}
		vectors = vectors[n:]
	}
	return out, nil
}

// titleOf shows a document of a set to people.
func titleOf(t Text) string {
	text := t.Title
	if text == "" {
		text = t.Text
	}
	return t.ID + " (" + cut(text, 60) + ")"
}

// cut shortens a text to n characters, on one line.
func cut(s string, n int) string {
	rs := []rune(oneLine(s))
	if len(rs) <= n {
		return string(rs)
	}
	return string(rs[:n-1]) + "…"
}
