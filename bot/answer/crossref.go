package answer

import (
	"regexp"
	"slices"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// references finds passages by the section that their locator names.
type references map[string][]located

type located struct {
	document *corpus.Document
	passage  int
}

// newReferences reads the locators of every edition.
func newReferences(lib *corpus.Library, a *analysis.Analyzer) references {
	refs := references{}
	for _, d := range lib.Documents {
		for _, e := range d.Editions {
			for i, p := range e.Passages {
				for _, id := range a.References(p.Locator) {
					at := located{d, i}
					if !slices.Contains(refs[id], at) {
						refs[id] = append(refs[id], at)
					}
				}
			}
		}
	}
	return refs
}

// leansOnReference finds a section whose content a sentence needs to be
// understood: "within the scope of § 734.3(a)", 第25条に定める.
var leansOnReference = regexp.MustCompile(`(?i)(?:\b(?:as )?(?:defined|listed|named|described|set out|set forth|specified|provided|required|referred to|enumerated|laid down) (?:in|by|under)|\bwithin the (?:scope|meaning) of|\bsee|\bconditions of|\bcriteria (?:of|in)|\bexceptions? (?:of|in|under)|\bsubject to)\s+((?:15 CFR|22 CFR|32 CFR|\d+ (?:CFR|U\.S\.C\.))?\s*(?:§+|sections?|part|Art(?:icle|s)?\.?)\s*[\w.()/-]+)|((?:\d+ CFR )?第?[0-9.]+条[^、。]{0,12})(?:に|で)(?:定め|規定|掲げ|列挙|いう)`)

// follow finds the one passage that a picked sentence leans on by naming its
// section, in the same or a related document, as a hit of its own.
func (e *Engine) follow(c candidate) (retrieval.Hit, bool) {
	m := leansOnReference.FindStringSubmatch(c.text)
	if m == nil {
		return retrieval.Hit{}, false
	}
	ids := e.analyzer.References(m[1] + m[2])
	for _, id := range slices.Backward(ids) { // the most exact one last
		for _, at := range e.references[id] {
			near := at.document == c.hit.Document || slices.Contains(c.hit.Document.Related, at.document.ID)
			edition, _ := at.document.Edition(c.hit.Edition.Language)
			p := edition.Passages[at.passage]
			if near && p.ID != c.hit.Passage.ID {
				return retrieval.Hit{Document: at.document, Edition: edition, Passage: p, Score: c.hit.Score}, true
			}
		}
	}
	return retrieval.Hit{}, false
}

// withReference adds, for the first sentence that leans on another provision, the
// sentence of that provision that best meets the question: one step, no further.
func (e *Engine) withReference(q asked, picked []candidate) []candidate {
	if len(picked) >= maxSentences {
		return picked
	}
	for _, c := range picked {
		h, ok := e.follow(c)
		if !ok || slices.ContainsFunc(picked, func(x candidate) bool { return x.hit.Passage.ID == h.Passage.ID }) {
			continue
		}
		found := e.candidates(q, []retrieval.Hit{h})
		if len(found) == 0 {
			continue
		}
		best := slices.MaxFunc(found, func(a, b candidate) int {
			if a.leans != b.leans { // a sentence that needs its neighbour comes last
				if a.leans {
					return -1
				}
				return 1
			}
			return int(1000 * (a.score - b.score))
		})
		best.rank = len(picked) + searchDepth
		return append(picked, best)
	}
	return picked
}
