package answer

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// asked is a question as the drafter sees it: its terms with what each is worth.
type asked struct {
	terms    []weighted
	unknown  float64 // part of the worth that no passage bears
	scale    float64 // brings scores of this index to the scale of calibrationSize passages
	kind     kind
	lang     language.Tag
	quantity *regexp.Regexp // what the answer to a question for a quantity looks like; nil for others
}

type weighted struct {
	retrieval.Weighted
	worth float64 // weight × inverse document frequency
	df    int
}

// calibrationSize is the number of passages over which the decision to decline was
// calibrated; inverse document frequencies, and scores with them, grow with the
// logarithm of that number.
const calibrationSize = 1076

func idf(passages, df int) float64 {
	return math.Log(1 + (float64(passages)-float64(df)+0.5)/(float64(df)+0.5))
}

func (e *Engine) weigh(u retrieval.Understanding, text string, passages int, df []int) asked {
	a := asked{kind: kindOf(text), quantity: quantityWanted(text), lang: analysis.Language(text), scale: idf(calibrationSize, 1) / idf(max(passages, 1), 1)}
	total, unknown := 0.0, 0.0
	for i, t := range u.Terms {
		if t.Weight == 0 || (df[i] == 0 && (knownOtherwise(u.Terms, df, t) || looseName(t))) {
			continue
		}
		w := weighted{t, t.Weight * idf(passages, df[i]), df[i]}
		a.terms = append(a.terms, w)
		total += w.worth
		if df[i] == 0 {
			unknown += w.worth
		}
	}
	if total > 0 {
		a.unknown = unknown / total
	}
	return a
}

// looseName reports whether an identifier is only a word with a number behind it,
// as in "BIS 50% rule", that names nothing.
func looseName(t retrieval.Weighted) bool {
	return t.Kind == analysis.Identifier && strings.Contains(t.From, " ") && !legalIdentifier.MatchString(t.Text)
}

// knownOtherwise reports whether a word that no passage has belongs to a glossary
// term that some passage names in another way.
func knownOtherwise(terms []retrieval.Weighted, df []int, t retrieval.Weighted) bool {
	for i, c := range terms {
		if (c.Kind == analysis.Concept || c.Kind == analysis.Everyday) && df[i] > 0 && strings.Contains(c.From, t.From) {
			return true
		}
	}
	return false
}

// coverage is the part of the question's worth that a text in the language
// bears, from 0 to 1. match grades a term from 0 to 1. A text in the other
// language is not held to words that it cannot have.
func (q asked) coverage(lang language.Tag, match func(weighted) float64) float64 {
	borne, total := 0.0, 0.0
	for _, t := range q.terms {
		m := match(t)
		borne += m * t.worth
		if m > 0 || lang == q.lang || t.Bridges() {
			total += t.worth
		}
	}
	if total == 0 {
		return 0
	}
	return borne / total
}

// candidate is a sentence that might be said.
type candidate struct {
	hit       *retrieval.Hit
	rank      int // of its passage
	index     int // in its passage
	span      corpus.Span
	text      string
	terms     map[string]bool
	score     float64
	coverage  float64 // of the question's worth, by the sentence with what its headings add
	nearness  float64 // in meaning, from 0 to 1 for the nearest sentence of all; coverage where there are no vectors
	fit       float64
	leans     bool // on the sentence before it: "It …", それは
	exempts   bool // states an exception or condition
	announces int  // how many sentences behind it spell out what it announces
}

// Parts of the question that a sentence need not repeat, because its place says
// them: how much a match there counts beside one in the sentence itself.
const (
	inHeading      = 0.55
	inheritedMatch = 0.6 // a follow-up asks for what is new in it
	inTitle        = 0.55
	inBefore       = 0.6 // in the sentence that this one leans on
	inPassage      = 0.25

	comparisonBonus = 1.2 // for a document that compares, where a comparison is asked for
	passagePower    = 1.0 // how much the rank of the passage counts
	fitBonus        = 0.1
	quantityBonus   = 0.6 // for the quantity asked for

	meaningShare = 0.35 // of a sentence's nearness in meaning, beside the words that it covers
	meaningSpan  = 0.3  // cosine below that of the nearest sentence at which nearness ends
)

// candidates scores the sentences of the passages found.
func (e *Engine) candidates(q asked, hits []retrieval.Hit) []candidate {
	var out []candidate
	top := nearest(hits)
	for rank := range hits {
		h := &hits[rank]
		sentences := e.sentencesOf(h.Passage, h.Edition.Language)
		heading := e.termsOf(h.Passage.Locator + " " + h.Passage.Heading)
		title := e.termsOf(titlesOf(*h))
		passage := map[string]bool{}
		for _, s := range sentences {
			for t := range s.terms {
				passage[t] = true
			}
		}
		strength := math.Pow(h.Score/hits[0].Score, passagePower)
		if q.kind == kindDifference && slices.ContainsFunc(h.Why.Priors, func(p retrieval.Prior) bool { return p.Name == "comparison" }) {
			strength *= comparisonBonus
		}
		bridge := e.bridgeCoverage(q, *h)
		for i, s := range sentences {
			c := candidate{hit: h, rank: rank, index: i, span: s.span, text: s.text, terms: s.terms, leans: s.leans, exempts: s.exempts, announces: s.announces}
			c.coverage = q.coverage(h.Edition.Language, func(t weighted) float64 {
				switch {
				case s.terms[t.Text] && t.Inherited:
					return inheritedMatch
				case s.terms[t.Text]:
					return 1
				case heading[t.Text]:
					return inHeading
				case s.leans && sentences[i-1].terms[t.Text]:
					return inBefore
				case title[t.Text]:
					return inTitle
				case passage[t.Text]:
					return inPassage
				}
				return 0
			})
			if bridge >= 0 {
				c.coverage = bridge * (1 - 0.05*float64(min(i, 9)))
			}
			c.nearness = c.coverage
			if len(h.Sentences) == len(sentences) {
				c.nearness = max(0, 1-(top-float64(h.Sentences[i]))/meaningSpan)
			}
			bonus := fitBonus
			if c.fit = q.kind.fits(s.text); q.quantity != nil {
				bonus, c.fit = quantityBonus, 0
				if q.quantity.MatchString(s.text) {
					c.fit = 1
				}
			}
			c.score = ((1-meaningShare)*c.coverage + meaningShare*c.nearness + bonus*c.fit) * strength
			if s.remark {
				c.score *= 0.6
			}
			out = append(out, c)
		}
	}
	return out
}

// bridgeCoverage is the coverage of a passage that is shown in another language
// than the question's, by its edition in the question's; -1 if there is no such
// need or no such edition. Sentence by sentence the two languages cannot be
// compared, so the passage's sentences then stand in the order of the text.
func (e *Engine) bridgeCoverage(q asked, h retrieval.Hit) float64 {
	if h.Edition.Language == q.lang {
		return -1
	}
	if h = inLanguage(h, q.lang); h.Edition.Language != q.lang {
		return -1
	}
	coverage, _, _ := q.passageCoverage(q.lang, e.termsOf(textOf(h)))
	return coverage
}

// inLanguage is the hit in the edition of a language, where there is one.
func inLanguage(h retrieval.Hit, lang language.Tag) retrieval.Hit {
	if edition, ok := h.Document.Edition(lang); ok {
		h.Edition = edition
		h.Passage, _ = edition.Passage(h.Passage.ID)
	}
	return h
}

// titlesOf are the names by which a question may call the document of a hit.
func titlesOf(h retrieval.Hit) string {
	s := h.Edition.Title + " " + h.Edition.Citation
	if h.Edition.Language == language.English {
		s += " " + h.Document.TitleJA
	}
	return s
}

// sentence is one sentence of a passage, analysed once and remembered.
type sentence struct {
	span      corpus.Span
	text      string
	terms     map[string]bool
	leans     bool
	exempts   bool
	remark    bool // speaks of this library rather than of the rule
	announces int
}

var (
	leansBack = regexp.MustCompile(`^(?:It|This|These|Those|They|Its|Their|Such|That|He|She|His|Her|Both|Neither|Each|Either|Another|The (?:latter|former|same|test|change|two|three|other|others|first|second|third)|Before (?:it|that|then)|After (?:it|that)|During it|Under it|In (?:it|that case|this case|both cases)|For (?:it|them|this|these)|If so|Otherwise|However|But|Also|In addition|Then|Instead|Thus|Hence|So)\b|^(?:If|When|Where|Giving|Under|For|In|To|With|Of) (?:the student|the person|the project|the partner|the company|that|such|those) |^(?:\S+ ){1,6}(?:then|those|such|therefore|thereby|accordingly)\b|^(?:これ|それ|その|この|また、|さらに|ただし|あわせて|同(?:法|条|令|省|規則|通達|指針|年|日|月)|当該|第[2-9]に|一方|なお|しかし|したがって|そのため|いずれも|両者|後者|前者|ほかに|他方|すなわち|もっとも)`)
	exempting = regexp.MustCompile(`(?i)\b(?:except|exception|exceptions|unless|exempt|exemption|however|but|provided that|only if|only when|only where|does not apply|do not apply|not apply|excluded|excludes|waive|waiver|carve-out)\b|ただし|除き|除く|例外|限り|場合を除|適用されない|適用除外|対象外|免除|に限`)
	// "The report names three weaknesses.": the sentences that follow are its list.
	announcing = regexp.MustCompile(`(?i)\b(two|three|four|five)\b(?: [\w-]+){1,5}[.:]$|([2-5]|二|三|四|五)(?:つ|点|種類|項目|要素|段階)[^。]{0,24}。$`)
	remarking  = regexp.MustCompile(`(?i)\b(?:newest page|this file|pages? (?:checked|read|found)|no page|page checked|these pages|sources? (?:checked|read) )\b|このファイル|この資料集|確認した(?:ページ|最新)|最新の(?:確認)?ページ`)
)

func (e *Engine) sentencesOf(p corpus.Passage, lang language.Tag) []sentence {
	if s, ok := e.memo.Load(p.Hash); ok {
		return s.([]sentence)
	}
	spans := corpus.Sentences(p.Text, lang)
	out := make([]sentence, len(spans))
	for i, s := range spans {
		text := s.Of(p.Text)
		out[i] = sentence{
			span: s, text: text, terms: e.termsOf(text),
			leans: i > 0 && leansBack.MatchString(text), exempts: exempting.MatchString(text), remark: remarking.MatchString(text), announces: announced(text),
		}
	}
	e.memo.Store(p.Hash, out)
	return out
}

// announced is the number of things that a sentence says will follow.
func announced(text string) int {
	m := announcing.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	return map[string]int{"two": 2, "three": 3, "four": 4, "five": 5, "2": 2, "3": 3, "4": 4, "5": 5, "二": 2, "三": 3, "四": 4, "五": 5}[strings.ToLower(m[1]+m[2])]
}

func (e *Engine) termsOf(text string) map[string]bool {
	m := map[string]bool{}
	for _, t := range e.analyzer.Terms(text) {
		m[t.Text] = true
	}
	return m
}

// overlap is the Jaccard similarity of two sentences' terms, stop words apart.
func overlap(a, b map[string]bool) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	both := 0
	for t := range a {
		if b[t] {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
