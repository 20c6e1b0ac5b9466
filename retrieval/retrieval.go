// Package retrieval turns a question into ranked passages. It declares what an
// index must do (Index, with its conformance suite in indextest) and how a
// question is understood before any index sees it; the indexes themselves live in
// sub-packages. It returns passages with the reason for each and never words an
// answer.
package retrieval

import (
	"context"
	"slices"

	"golang.org/x/text/language"

	"kakehashi/corpus"
)

// Query is what is asked of an index.
type Query struct {
	Text       string
	Context    string       // the subject of earlier turns that Text leaves out; counts less than Text
	Background string       // what was answered before to a follow-up; counts least
	Language   language.Tag // of the reader: decides which edition a Hit shows
	Filter     Filter
	Limit      int       // hits wanted; DefaultLimit if 0
	Vector     []float32 // the question's embedding, see Embedded; nil: found by words alone
	Model      string    // the encoder that made Vector
	Stage      Stage
}

// Stage tells which parts of an index rank, to measure them apart.
type Stage uint8

// The stages.
const (
	Hybrid  Stage = iota // words and meaning together; words alone without a Vector
	Lexical              // words alone
	Dense                // meaning alone
)

func (s Stage) String() string { return [...]string{"hybrid", "lexical", "dense"}[s] }

// DefaultLimit is the number of hits returned where a Query does not say.
const DefaultLimit = 10

// Filter leaves out documents before ranking. An empty field filters nothing.
type Filter struct {
	Jurisdictions []corpus.Jurisdiction
	Kinds         []corpus.Kind
	Topics        []string // a document passes with any of them
	Statuses      []corpus.Status
	Collections   []string
	AsOf          corpus.Date // documents published later are left out
}

// Keeps reports whether the document passes the filter.
func (f Filter) Keeps(d *corpus.Document) bool {
	return keeps(f.Jurisdictions, d.Jurisdiction) && keeps(f.Kinds, d.Kind) && keeps(f.Statuses, d.Status) &&
		keeps(f.Collections, d.Collection) &&
		(len(f.Topics) == 0 || slices.ContainsFunc(d.Topics, func(t string) bool { return slices.Contains(f.Topics, t) })) &&
		(f.AsOf.IsZero() || !f.AsOf.Before(d.Published))
}

func keeps[T comparable](allowed []T, v T) bool {
	return len(allowed) == 0 || slices.Contains(allowed, v)
}

// Hit is one passage found. Its two editions are one hit; Edition and Passage
// are the one in the reader's language, or the original where there is none.
type Hit struct {
	Document *corpus.Document
	Edition  *corpus.Edition
	Passage  corpus.Passage
	Score    float64 // comparable within one search only
	Why      Why
	// Sentences holds the cosine of the question with each sentence of Passage, in
	// the order of corpus.Sentences; nil where the index or the query has no vectors.
	Sentences []float32
}

// Why is the reason for a hit, for people and for tests.
type Why struct {
	Lexical    float64  // the BM25 score before priors
	Dense      float64  // cosine of the question with the passage or its best sentence, see Tuning.Sentence
	Words      float64  // what Lexical adds to Score, before priors
	Meaning    float64  // what Dense adds to Score, before priors
	Provision  float64  // how far the passage is the provision that is cited, see Understanding.Provision
	Named      bool     // the question names the document or the provision
	Terms      []Share  // what matched, the largest share first
	Expansions []string // glossary concepts that bridged wording or language
	Priors     []Prior  // what raised or lowered the score
}

// Share is a term's part of the lexical score.
type Share struct {
	Term  string
	Score float64
}

// Prior is a factor on the score that does not come from matching.
type Prior struct {
	Name   string
	Factor float64
}

// Entry is a document as an index stores it, with the vectors of its passages.
type Entry struct {
	Document *corpus.Document
	Vectors  *Vectors // nil: found by words alone
}

// Index stores documents and ranks their passages. Implementations are safe for
// concurrent use; a Search sees a document either whole as put or not at all.
type Index interface {
	// Search returns at most q.Limit hits, best first, equal scores by passage
	// id. A query without terms and without a vector finds nothing and is no error.
	// A vector of another model than the index holds is refused with a *ModelError.
	Search(ctx context.Context, q Query) ([]Hit, error)
	// Frequencies counts the passages held and, for each term, those that hold it
	// in either edition.
	Frequencies(ctx context.Context, terms []string) (passages int, of []int, err error)
	// Put adds documents, or replaces those of the same id. Vectors of another model
	// than the index holds are refused with a *ModelError, and nothing is changed.
	Put(ctx context.Context, entries ...Entry) error
	// Delete removes documents by id; unknown ids are no error.
	Delete(ctx context.Context, ids ...string) error
}
