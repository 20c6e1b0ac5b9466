package rank

import (
	"cmp"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// Scores are the two scores of a unit and what each adds to the fused one.
type Scores struct {
	Lexical, Dense float64 // BM25; cosine, Far where there is none
	Words, Meaning float64
}

// Far is below any cosine.
const Far = -2

// Cosine is the cosine of a question with a unit: that of the nearest edition's whole
// passage, joined with that of the nearest sentence of any; Far where there is none.
func Cosine(tune retrieval.Tuning, passage, sentence float32) float64 {
	if sentence == Far {
		return float64(passage)
	}
	return (1-tune.Sentence)*float64(passage) + tune.Sentence*float64(sentence)
}

// Fusion joins both scores: each is brought to the range from 0 to 1 first, BM25 by
// its best value, the cosine, which is never near 0, by what lies between the best
// value and that of the unit at Tuning.Depth.
type Fusion struct {
	Share     float64 // of meaning; see Share
	Highest   float64 // BM25 score of all units
	Low, High float64 // cosine, see Spread
}

// Share is the part of meaning in the fused score.
func Share(tune retrieval.Tuning, stage retrieval.Stage, vectors bool) float64 {
	switch {
	case !vectors:
		return 0
	case stage == retrieval.Dense:
		return 1
	}
	return tune.Meaning
}

// Of is the fused score of a unit; bridged is its BM25 score with what Bridge adds.
func (f Fusion) Of(lexical, bridged, dense float64) Scores {
	s := Scores{Lexical: lexical}
	if f.Highest > 0 {
		s.Words = (1 - f.Share) * bridged / f.Highest
	}
	if dense > Far {
		s.Dense = dense
		if f.High > f.Low {
			s.Meaning = f.Share * max(0, (dense-f.Low)/(f.High-f.Low))
		}
	}
	return s
}

// leastDepth is how many units take part in a small index.
const leastDepth = 30

// Spread is the cosine of the nearest unit, and of the last one of the share that
// is nearest; those that are Far do not count. dense has all units, or a sample: part
// of them. Counting in steps finds it in one pass, to a thousandth of what usually
// lies between the two.
func Spread(dense []float64, share, part float64) (low, high float64) {
	const steps = 1 << 14
	step := func(c float64) int { return int((c + 1) / 2 * (steps - 1)) }
	var counts [steps]int
	n := 0
	high = Far
	for _, c := range dense {
		if c > Far {
			n++
			high = max(high, c)
			counts[step(max(-1, min(1, c)))]++
		}
	}
	if n == 0 {
		return 0, 0
	}
	depth := max(leastDepth, int(share*float64(n)/part))
	depth = min(n, max(1, int(float64(depth)*part)))
	at, passed := steps-1, 0
	for ; at > 0 && passed+counts[at] < depth; at-- {
		passed += counts[at]
	}
	return min(float64(at)/(steps-1)*2-1, high-0.01), high // the farthest of a few still counts a little
}

// Bridge is the factor that makes up for words which no passage in the other
// language can match: the worth of all terms over the worth of those that mean
// the same in both languages. df counts the passages that have a term.
func Bridge(tune retrieval.Tuning, u retrieval.Understanding, passages int, df func(term string) int) float64 {
	all, shared := 0.0, 0.0
	for _, t := range u.Terms {
		if n := df(t.Text); n > 0 && t.Weight > 0 {
			w := t.Weight * IDF(passages, n)
			all += w
			if t.Bridges() {
				shared += w
			}
		}
	}
	if shared == 0 {
		return 1
	}
	return min(all/shared, tune.Bridge)
}

// HasEdition reports whether a document can be matched in a language as such.
func HasEdition(d *corpus.Document, lang language.Tag) bool {
	return slices.ContainsFunc(d.Editions, func(e corpus.Edition) bool { return e.Language == lang })
}

// MostNamed is how many documents may share a word of their titles for it to name
// them: an author or a series, but not a subject.
const MostNamed = 12

// CanName reports whether a term of a question can be the proper name of a document:
// a word written with a capital, or in katakana.
func CanName(t retrieval.Weighted) bool {
	r, _ := utf8.DecodeRuneInString(t.From)
	return t.Kind == analysis.Word && t.Weight > 0 && (unicode.IsUpper(r) || unicode.Is(unicode.Katakana, r))
}

// Named reports whether the question names the passage's document: by a
// reference that the passage has, or by a proper name from its title or citation.
// The abbreviation of a subject (CUI) names a rule on it, but no report on it.
// names tells whether a term is a rare one of the document's titles.
func Named(u retrieval.Understanding, d *corpus.Document, has, names func(term string) bool) bool {
	return slices.ContainsFunc(u.References, has) || slices.ContainsFunc(u.Terms, func(t retrieval.Weighted) bool {
		return CanName(t) && names(t.Text) && (d.Status.Current() || !u.Subject(t))
	})
}

// Candidate is a unit on its way to a hit.
type Candidate struct {
	Scores
	At       int // the index's own number of the unit
	ID       corpus.PassageID
	Document *corpus.Document
	Locator  []string // the references in its locators
	Named    bool     // see Named

	Score     float64 // set by Order, with the rest
	Provision float64
	Priors    []retrieval.Prior
}

// PoolPerHit is how many units are looked at more closely for each hit wanted:
// more than priors can lift from below.
const PoolPerHit = 40

// Order weighs the candidates by their documents' standing and returns the best of
// them, equal scores by passage id.
func Order(tune retrieval.Tuning, u retrieval.Understanding, all []Candidate, limit int) []Candidate {
	for i := range all {
		c := &all[i]
		c.Provision = u.Provision(c.Locator)
		c.Priors = u.Priors(c.Document, c.Named, c.Provision)
		c.Score = c.Words + c.Meaning
		for _, p := range c.Priors {
			c.Score *= p.Factor
		}
	}
	sortByScore(all)
	spreadOut(tune, all)
	return all[:min(len(all), limit)]
}

func sortByScore(all []Candidate) {
	slices.SortFunc(all, func(x, y Candidate) int { return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.ID, y.ID)) })
}

// mostOfOne is how many passages of one document stand in a row without loss.
const mostOfOne = 3

// spreadOut lowers what a document has beyond its first passages, so that one long
// document does not hide the others.
func spreadOut(tune retrieval.Tuning, all []Candidate) {
	seen := map[string]int{}
	for i := range all {
		id := all[i].Document.ID
		seen[id]++
		if more := seen[id] - mostOfOne; more > 0 {
			p := retrieval.Prior{Name: "same document", Factor: math.Pow(tune.Repeated, float64(more))}
			all[i].Priors = append(all[i].Priors, p)
			all[i].Score *= p.Factor
		}
	}
	sortByScore(all)
}

// Why gives the reasons for a candidate. part is what a term adds to its BM25 score;
// false where the passage does not have the term.
func Why(a *analysis.Analyzer, u retrieval.Understanding, c Candidate, part func(retrieval.Weighted) (float64, bool)) retrieval.Why {
	why := retrieval.Why{Lexical: c.Lexical, Dense: c.Dense, Words: c.Words, Meaning: c.Meaning, Named: c.Named, Priors: c.Priors, Provision: c.Provision}
	for _, t := range u.Terms {
		score, ok := part(t)
		if !ok || t.Weight == 0 {
			continue
		}
		share := retrieval.Share{Term: t.From, Score: score}
		if t.Kind == analysis.Concept || t.Kind == analysis.Everyday {
			share.Term = t.Text
			why.Expansions = append(why.Expansions, a.Expansion(t.Text[1:]))
		}
		why.Terms = append(why.Terms, share)
	}
	slices.SortStableFunc(why.Terms, func(x, y retrieval.Share) int { return cmp.Compare(y.Score, x.Score) })
	return why
}
