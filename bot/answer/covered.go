package answer

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// The decision whether the passages found hold the answer is a logistic model over
// what the search says of its best passage. It was fitted to 784 development
// questions in both languages, 521 of them answerable, with near misses of the
// field, which use its very words, at a third of the weight; in eight-fold
// cross-validation it lets 96 % of the answerable ones through. Cosines of another
// encoder lie elsewhere: there, words alone decide.
const (
	calibratedOn = "multilingual-e5-small/"

	biasAnswerable = -44.0
	perCovered     = 0.95  // of the part of the question's worth that the passage bears
	perAsked       = 1.05  // of ln(1 + number of terms asked for)
	perPassage     = 39.0  // of the cosine with the best passage
	perSentence    = 9.74  // of the cosine with the nearest sentence of the first passages
	japanese       = -1.72 // cosines are a little higher in Japanese
	perFigure      = -1.01 // of the figures asked for that the passage lacks, two at most
	noQuantity     = -4.36 // where a quantity is asked for and none of the kind stands there
	nearestDepth   = 8     // passages in which the nearest sentence is looked for

	citedCoverage = 0.4 // enough for the very provision that is cited

	namedBonus = 0.3 // of coverage, where the question names the document

	// A short question that one passage bears whole, with a rare word among the
	// matches, needs no more.
	wholeCoverage = 0.9
	wholeRarity   = 5.2
)

// The same by words alone, for an index without vectors, fitted to 532 questions of
// which it decides 90 % rightly.
const (
	wordsBias     = -11.3
	wordsScore    = 2.89  // of ln(1 + BM25 score of the best passage)
	wordsCovered  = 1.74  // of the part of the question's worth that it bears
	wordsUnknown  = -2.67 // of the part that no passage of the library bears
	wordsAsked    = 1.12  // of ln(1 + number of terms asked for)
	wordsStranger = -1.39 // of the names asked for that the library does not know, two at most
)

func (s scope) covered(e *Engine, q asked, hits []retrieval.Hit) bool {
	if len(hits) == 0 {
		return false
	}
	best := inLanguage(hits[0], q.lang) // judged in the language of the question
	terms := e.termsOf(textOf(best))
	coverage, rarest, anchored := q.passageCoverage(best.Edition.Language, terms)
	lacks := e.lacksQuantity(q, hits)
	if best.Edition.Language != q.lang && best.Sentences == nil && (!anchored || q.unknown > 0.5) {
		return false // across languages only a term of the field or a reference counts
	}
	if best.Why.Named && q.unknown == 0 {
		coverage += namedBonus
	}
	if !lacks && coverage >= citedCoverage && best.Why.Provision == 1 {
		return true
	}
	if coverage >= wholeCoverage && rarest*q.scale >= wholeRarity && q.unknown == 0 && !lacks {
		return true
	}
	if best.Sentences == nil || !strings.HasPrefix(e.options.Encoder.Model(), calibratedOn) {
		return wordsBias+wordsScore*math.Log1p(best.Why.Lexical*q.scale)+wordsCovered*coverage+wordsUnknown*q.unknown+
			wordsAsked*math.Log1p(float64(len(q.terms)))+wordsStranger*float64(min(q.strangers(), 2)) > 0
	}
	score := biasAnswerable + perCovered*coverage + perAsked*math.Log1p(float64(len(q.terms))) +
		perPassage*best.Why.Dense + perSentence*nearest(hits[:min(nearestDepth, len(hits))]) +
		perFigure*float64(min(q.figuresLacking(terms), 2))
	if q.lang == language.Japanese {
		score += japanese
	}
	if lacks {
		score += noQuantity
	}
	return score > 0
}

// nearest is the cosine of the question with the nearest sentence of the hits.
func nearest(hits []retrieval.Hit) float64 {
	best := float32(0)
	for _, h := range hits {
		best = max(best, slices.Max(append(h.Sentences, 0)))
	}
	return float64(best)
}

// figuresLacking counts the figures of the question that a passage of those terms
// does not have.
func (q asked) figuresLacking(terms map[string]bool) int {
	n := 0
	for _, t := range q.terms {
		if t.Text[0] >= '0' && t.Text[0] <= '9' && !terms[t.Text] {
			n++
		}
	}
	return n
}

// textOf is a passage with all that stands over it.
func textOf(h retrieval.Hit) string {
	return titlesOf(h) + " " + h.Passage.Locator + " " + h.Passage.Heading + " " + h.Passage.Text
}

// strangers counts the names and references in the question that stand nowhere in
// the library: a product, a company, a person.
func (q asked) strangers() int {
	n := 0
	for i, t := range q.terms {
		if t.df == 0 && (t.Kind == analysis.Identifier || t.Kind == analysis.Word && i > 0 && isProperName(t.From)) {
			n++
		}
	}
	return n
}

// isProperName reports whether a word is written as a name: in Latin letters with a
// capital. Katakana is no sign of one, as loanwords are spelled in many ways.
func isProperName(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return len(w) > 1 && r < 0x250 && unicode.IsUpper(r)
}

// passageCoverage is the part of the question's worth that a passage with its
// headings, given by their terms, bears, the worth of the rarest word matched, and
// whether a term of the field or a reference is matched.
func (q asked) passageCoverage(lang language.Tag, terms map[string]bool) (coverage, rarest float64, anchored bool) {
	coverage = q.coverage(lang, func(t weighted) float64 {
		if !terms[t.Text] {
			return 0
		}
		anchored = anchored || t.Kind == analysis.Concept || t.Kind == analysis.Identifier
		if t.Kind == analysis.Word {
			rarest = max(rarest, t.worth)
		}
		return 1
	})
	return coverage, rarest, anchored
}
