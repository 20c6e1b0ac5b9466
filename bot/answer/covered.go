package answer

import (
	"math"
	"unicode"
	"unicode/utf8"

	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// The decision whether the passages found hold the answer is a logistic model
// over what the search says of its best passage. Its coefficients were fitted to
// 532 development questions, 367 of them answerable, on which it decides 90 %
// rightly in eight-fold cross-validation.
const (
	biasAnswerable = -11.3
	perScore       = 2.89  // of ln(1 + score of the best passage)
	perCoverage    = 1.74  // of the part of the question's worth that it bears
	perUnknown     = -2.67 // of the part that no passage of the library bears
	perTerms       = 1.12  // of ln(1 + number of terms asked for)
	perStranger    = -1.39 // of the names asked for that the library does not know, two at most

	namedBonus = 0.3 // of coverage, where the question names the document

	// A short question that one passage bears whole, with a rare word among the
	// matches, needs no high score.
	wholeCoverage = 0.9
	wholeRarity   = 5.2
)

func (s scope) covered(e *Engine, q asked, hits []retrieval.Hit) bool {
	if len(hits) == 0 {
		return false
	}
	best := hits[0]
	if edition, ok := best.Document.Edition(q.lang); ok { // judged in the language of the question
		best.Edition = edition
		best.Passage, _ = edition.Passage(best.Passage.ID)
	}
	coverage, rarest, anchored := e.passageCoverage(q, best)
	if best.Edition.Language != q.lang && (!anchored || q.unknown > 0.5) {
		return false // across languages only a term of the field or a reference counts
	}
	if best.Why.Named && q.unknown == 0 {
		coverage += namedBonus
	}
	if coverage >= wholeCoverage && rarest*q.scale >= wholeRarity && q.unknown == 0 {
		return true
	}
	return biasAnswerable+perScore*math.Log1p(max(best.Score, best.Why.Lexical)*q.scale)+perCoverage*coverage+perUnknown*q.unknown+
		perTerms*math.Log1p(float64(len(q.terms)))+perStranger*float64(min(q.strangers(), 2)) > 0
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
// headings bears, the worth of the rarest word matched, and whether a term of the
// field or a reference is matched.
func (e *Engine) passageCoverage(q asked, h retrieval.Hit) (coverage, rarest float64, anchored bool) {
	terms := e.termsOf(titlesOf(h) + " " + h.Passage.Locator + " " + h.Passage.Heading + " " + h.Passage.Text)
	coverage = q.coverage(h.Edition.Language, func(t weighted) float64 {
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
