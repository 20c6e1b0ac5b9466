package retrieval

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval/analysis"
)

// Understanding is what a question says about where to look, apart from its
// subject.
type Understanding struct {
	Terms        []Weighted
	References   []string                     // identifiers named, without the prefixes that longer ones yield
	Jurisdiction map[corpus.Jurisdiction]bool // countries that the question names
	Language     language.Tag                 // of the reader
	Past         bool                         // asks about how things were
	Compares     bool                         // sets two things side by side
	Proposed     bool                         // asks about what is planned or proposed
	tune         Tuning
}

// Weighted is a query term and how much it counts; 0 for a stop word.
type Weighted struct {
	analysis.Term
	Weight    float64
	Inherited bool // from earlier turns, not from the question itself
}

// Understand analyses a query. The same understanding serves every index.
func Understand(a *analysis.Analyzer, tune Tuning, q Query) Understanding {
	u := Understanding{tune: tune, Language: ReaderLanguage(q.Language, q.Text), Jurisdiction: map[corpus.Jurisdiction]bool{}}
	position := map[string]int{}
	inherited := false
	add := func(text string, factor float64) {
		for _, t := range a.Terms(text) {
			w := tune.weigh(t) * factor
			if i, ok := position[t.Text]; ok {
				u.Terms[i].Weight = max(u.Terms[i].Weight, w)
				continue
			}
			position[t.Text] = len(u.Terms)
			u.Terms = append(u.Terms, Weighted{t, w, inherited})
		}
	}
	add(q.Text, 1)
	lower := strings.ToLower(analysis.Normalize(q.Text))
	add(situationOf(lower, analysis.Language(q.Text) == language.Japanese), tune.Situation)
	inherited = true
	add(q.Context, tune.Context)
	add(q.Background, tune.Background)
	for _, t := range u.Terms {
		if t.Kind == analysis.Identifier && !slices.ContainsFunc(u.Terms, func(o Weighted) bool {
			return o.Kind == analysis.Identifier && o.Text != t.Text && strings.HasPrefix(o.Text, t.Text)
		}) {
			u.References = append(u.References, t.Text)
		}
	}
	for _, j := range Countries(q.Text) {
		u.Jurisdiction[j] = true
	}
	if len(u.Jurisdiction) == 0 {
		for _, j := range Countries(q.Context) {
			u.Jurisdiction[j] = true
		}
	}
	u.Past = past.MatchString(lower)
	u.Proposed = proposed.MatchString(lower)
	u.Compares = compares.MatchString(lower)
	return u
}

// Subject reports whether a word belongs to a glossary term that the query names.
func (u Understanding) Subject(w Weighted) bool {
	return slices.ContainsFunc(u.Terms, func(t Weighted) bool {
		return t.Kind == analysis.Concept && strings.Contains(t.From, w.From)
	})
}

// weigh is what a term counts. A Japanese word of n characters yields n-1 bigrams,
// so each counts less than an English stem. A section number names one rule among
// hundreds. A concept stands beside the words that named it.
func (tune Tuning) weigh(t analysis.Term) float64 {
	if t.Stop {
		if t.Kind == analysis.Bigram {
			return tune.Grammar
		}
		return 0
	}
	switch t.Kind {
	case analysis.Bigram:
		return tune.Bigram
	case analysis.Kana:
		return tune.Kana
	case analysis.Identifier:
		return tune.Identifier
	case analysis.Concept:
		return tune.Concept
	case analysis.Everyday:
		return tune.Everyday
	case analysis.Pair:
		return tune.Pair
	}
	return tune.Word
}

var (
	past = regexp.MustCompile(`\b(was|were|used to|formerly|previous(ly)?|originally|histor(y|ical|ically)|before (19|20)\d\d|in (19|20)[012]\d|at the time|until (19|20)\d\d|back then|abolished|rescinded|superseded|old (rule|version|text))\b|以前|当時|かつて|従来|過去|歴史|経緯|改正前|旧|廃止|(19|20)\d\d年(当時|頃|の時点)`)

	compares = regexp.MustCompile(`\b(compar(e|ed|es|ison|isons)|differ(s|ed|ent|ence|ences)?|versus|vs|contrast(s|ed)?)\b|違い|異なる|異なり|相違|差異|比較|どう違`)

	proposed = regexp.MustCompile(`\b(propos(ed|al|als)|bill|bills|draft|pending|planned|plans|would|not yet)\b|法案|提案|案では|予定|検討中|見込み`)

	namesUS = regexp.MustCompile(`\b(u\.?s\.?a?|united states|america|american|washington|federal|ear|itar|nsf|nih|doe|dod|bis|ofac|cfius|nispom|dcsa|uspto|cmmc|nasa|nist|ddtc)\b|米国|アメリカ|米政府|合衆国`)
	namesJP = regexp.MustCompile(`\b(japan|japanese|tokyo|meti|fefta|mext|atla|jst|nedo|cistec|diet)\b|日本|我が国|外為法|経済産業省|経産省|文部科学省|文科省|防衛省|防衛装備庁|内閣府|特定秘密|経済安全保障推進法|特許庁`)
	usWord  = regexp.MustCompile(`\bUS\b|\bU\.S\.?`)
	both    = regexp.MustCompile(`日米|米日|両国|\b(us|u\.s\.)[- ]japan\b|\bjapan[- ](us|u\.s\.)\b|\bboth (countries|governments|sides)\b|\btwo countries\b`)
)

// Countries tells which of the two countries a text names, by name or by an
// agency or law of theirs.
func Countries(text string) []corpus.Jurisdiction {
	text = analysis.Normalize(text)
	lower := strings.ToLower(text)
	us := namesUS.MatchString(lower)
	if us && !usWord.MatchString(text) && namesUS.FindString(lower) == "us" {
		us = false // the pronoun, not the country
	}
	jp := namesJP.MatchString(lower)
	if both.MatchString(lower) {
		us, jp = true, true
	}
	var out []corpus.Jurisdiction
	if us {
		out = append(out, corpus.US)
	}
	if jp {
		out = append(out, corpus.JP)
	}
	return out
}

// Provision tells how far the locator of a passage, given by the references in it,
// is the place that the query cites: 1 for the very provision, ½ for another part of
// the same section, 0 otherwise.
func (u Understanding) Provision(locator []string) float64 {
	found := 0.0
	for _, r := range u.References {
		if !strings.HasPrefix(r, "#") { // the name of a form or an order, which many passages share
			continue
		}
		section, _, _ := strings.Cut(r, "(")
		switch {
		case slices.Contains(locator, r):
			return 1
		case section != r && slices.Contains(locator, section):
			found = 0.5
		}
	}
	return found
}

// Priors are the factors by which a passage's place and its document's standing
// change a score: the provision that is cited comes first, what
// is in force outranks what is not, unless the question is about the past or
// about proposals or names the document, and the country that is asked about
// outranks the other.
func (u Understanding) Priors(d *corpus.Document, named bool, provision float64) []Prior {
	var out []Prior
	if provision > 0 {
		out = append(out, Prior{"provision cited", 1 + (u.tune.Provision-1)*provision})
	}
	switch {
	case d.Status.Current() || named:
	case d.Status == corpus.Proposed && !u.Proposed:
		out = append(out, Prior{"proposed", u.tune.Proposed})
	case d.Status == corpus.Historical && !u.Past:
		out = append(out, Prior{"historical", u.tune.Historical})
	case (d.Status == corpus.Superseded || d.Status == corpus.Rescinded) && !u.Past:
		out = append(out, Prior{string(d.Status), u.tune.NotInForce})
	}
	if (d.Kind == corpus.Report || d.Kind == corpus.Article || d.Kind == corpus.Event) && !named {
		out = append(out, Prior{"report", u.tune.Report})
	}
	if _, readable := d.Edition(u.Language); !readable {
		out = append(out, Prior{"in the other language", u.tune.OtherLanguage})
	}
	asksUS, asksJP := u.Jurisdiction[corpus.US], u.Jurisdiction[corpus.JP]
	switch {
	case asksUS && asksJP && d.Jurisdiction == corpus.Bilateral:
		out = append(out, Prior{"both countries", u.tune.BothCountries})
	case asksUS != asksJP && d.Jurisdiction == corpus.Bilateral:
		out = append(out, Prior{"both countries", u.tune.Bilateral})
	case asksUS && !asksJP && d.Jurisdiction == corpus.JP, asksJP && !asksUS && d.Jurisdiction == corpus.US:
		out = append(out, Prior{"other country", u.tune.OtherCountry})
	}
	if u.Compares && compares.MatchString(strings.ToLower(d.Editions[0].Title)) {
		out = append(out, Prior{"comparison", u.tune.Comparison})
	}
	return out
}

// ReaderLanguage is the language to show: the wanted one, else the question's.
func ReaderLanguage(wanted language.Tag, text string) language.Tag {
	if wanted == language.English || wanted == language.Japanese {
		return wanted
	}
	return analysis.Language(text)
}

// NamesPair reports whether a text names the two countries as one pair, as in
// "the US-Japan agreement" or 日米協定.
func NamesPair(text string) bool {
	return both.MatchString(strings.ToLower(analysis.Normalize(text)))
}

// WithoutCountries takes the names of both countries and of their bodies out of
// a text: what is left is the subject that a question about the other country
// keeps.
func WithoutCountries(text string) string {
	text = analysis.Normalize(text)
	text = namesBoth.ReplaceAllString(text, " ")
	return strings.Join(strings.Fields(text), " ")
}

var namesBoth = regexp.MustCompile(`(?i)` + namesUS.String() + `|` + namesJP.String())
