package answer

import (
	"regexp"
	"strings"

	"golang.org/x/text/language"

	"kakehashi/bot/thread"
	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// reason is why a question is declined.
type reason int

const (
	inScope reason = iota
	notHeld
	evasion
	aboutPerson
	thirdCountry
	unknownRule
	determination
)

func (r reason) showsNearest() bool { return r != evasion && r != aboutPerson }

// scope knows what the library could answer at all.
type scope struct {
	text      string // all editions, normalised and in lower case
	countries *regexp.Regexp
	region    map[string]language.Region
}

func newScope(lib *corpus.Library) scope {
	var b strings.Builder
	for _, d := range lib.Documents {
		b.WriteString(d.TitleJA + "\n")
		for _, ed := range d.Editions {
			b.WriteString(ed.Title + "\n" + ed.Citation + "\n" + ed.Issuer + "\n")
			for _, p := range ed.Passages {
				b.WriteString(p.Locator + "\n" + p.Heading + "\n" + p.Text + "\n")
			}
		}
	}
	for _, t := range lib.Glossary {
		b.WriteString(strings.Join(append(t.Names(language.English), t.Names(language.Japanese)...), "\n") + "\n")
	}
	s := scope{text: strings.ToLower(analysis.Normalize(b.String()))}
	s.countries, s.region = analysis.ThirdCountries()
	return s
}

// outside decides whether the question lies outside what may or can be answered.
func (s scope) outside(e *Engine, q asked, r thread.Resolved, hits []retrieval.Hit) reason {
	text := analysis.Normalize(r.Text)
	lower := strings.ToLower(text)
	switch {
	case evading.MatchString(lower) || unnoticed.MatchString(lower) || (evadingJA.MatchString(text) || unnoticedJA.MatchString(text)) && !breachJA.MatchString(text):
		return evasion
	case s.asksAboutPerson(text):
		return aboutPerson
	case command.MatchString(text) || news.MatchString(lower):
		return notHeld
	case ownFiles.MatchString(text) || classify.MatchString(text) || classifyJA.MatchString(text) || s.asksAboutListing(text):
		return determination
	case s.asksOtherCountry(text, hits):
		return thirdCountry
	case s.namesUnknownRule(r.Text, q):
		return unknownRule
	case len(hits) > 0 && e.definesTerm(r):
		return inScope
	case !s.covered(e, q, hits):
		return notHeld
	}
	return inScope
}
