package answer

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"kakehashi/bot/answer/verify"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
	"kakehashi/retrieval"
)

// say turns picked sentences into verified ones with their sources and notices.
// What does not pass the verifier is left out.
func (e *Engine) say(a *Answer, m messages, picked []candidate, asOf, today corpus.Date) {
	twoCountries := spansCountries(picked)
	var passed, notYet []corpus.Date
	for _, c := range picked {
		claim := verify.Claim{Text: c.text, Cites: []verify.Cite{{Version: c.hit.Passage.Version(), Quote: c.text}}}
		if len(verify.Check(claim, e)) > 0 {
			continue
		}
		n := a.sourceNumber(*c.hit, m)
		start := utf8.RuneCountInString(c.hit.Passage.Text[:c.span.Start])
		lead := ""
		if twoCountries {
			lead = m.country(c.hit.Document.Jurisdiction)
		}
		text := lead + c.text
		if c.hit.Edition.Language != m.language {
			text = lead + m.original(c.hit.Edition.Language, c.text)
		}
		a.Sentences = append(a.Sentences, Sentence{
			Text:  text,
			Cites: []Cite{{Source: n, Quote: c.text, Start: start, End: start + utf8.RuneCountInString(c.text)}},
		})
		passed = appendNew(passed, corpus.PassedDates(c.hit.Passage.Text, c.hit.Document.AsOf, asOf)...)
		if from := c.hit.Document.Effective; !from.IsZero() && asOf.Before(from) {
			notYet = appendNew(notYet, from)
		}
	}
	a.noteStatus(m)
	for _, d := range notYet {
		a.note(NoticeNotYet, m.notYet(d))
	}
	if len(passed) > 0 {
		a.note(NoticePassed, m.passed(passed))
	}
	if asOf != today {
		a.note(NoticeAsOf, m.asOf(asOf))
	}
}

func appendNew(dates []corpus.Date, more ...corpus.Date) []corpus.Date {
	for _, d := range more {
		if !slices.Contains(dates, d) {
			dates = append(dates, d)
		}
	}
	return dates
}

// Text implements verify.Texts over the library and the glossary.
func (e *Engine) Text(v corpus.Version) (string, bool) {
	if id, ok := strings.CutPrefix(string(v.Passage), corpus.GlossaryDocument+"#"); ok {
		if t, ok := e.library.Glossary.Find(id); ok {
			for _, lang := range []language.Tag{language.English, language.Japanese} {
				if text := t.Text(lang); corpus.HashText(text) == v.Hash {
					return text, true
				}
			}
		}
		return "", false
	}
	d, ok := e.library.Document(v.Passage.Document())
	if !ok {
		return "", false
	}
	for i := range d.Editions {
		if p, ok := d.Editions[i].Passage(v.Passage); ok && p.Hash == v.Hash {
			return p.Text, true
		}
	}
	return "", false
}

func spansCountries(picked []candidate) bool {
	first := corpus.Jurisdiction("")
	for _, c := range picked {
		if first != "" && c.hit.Document.Jurisdiction != first {
			return true
		}
		first = c.hit.Document.Jurisdiction
	}
	return false
}

// sourceNumber is the number of the hit's passage among the answer's sources,
// which it joins at its first use.
func (a *Answer) sourceNumber(h retrieval.Hit, m messages) int {
	for _, s := range a.Sources {
		if s.Passage == h.Passage.ID {
			return s.N
		}
	}
	a.Sources = append(a.Sources, sourceOf(h, len(a.Sources)+1, m))
	return len(a.Sources)
}

func sourceOf(h retrieval.Hit, n int, m messages) Source {
	return Source{
		N: n, Passage: h.Passage.ID, Document: h.Document.ID,
		Title: h.Edition.Title, Citation: h.Edition.Citation, Locator: h.Passage.Locator, Heading: h.Passage.Heading,
		Jurisdiction: h.Document.Jurisdiction, Kind: h.Document.Kind, Status: h.Document.Status,
		Effective: h.Document.Effective, AsOf: h.Document.AsOf, URL: h.Document.URL, Edition: h.Edition.Language,
		Digest:  m.digest(h.Document.AsOf),
		Version: hex.EncodeToString(h.Passage.Hash[:]), SupersededBy: h.Document.SupersededBy,
	}
}

// addOtherEditions puts beside each source its passage in the other language,
// where there is one.
func (e *Engine) addOtherEditions(sources []Source) {
	for i, s := range sources {
		d, ok := e.library.Document(s.Document)
		if !ok {
			continue
		}
		for _, ed := range d.Editions {
			if p, ok := ed.Passage(s.Passage); ok && ed.Language != s.Edition {
				sources[i].Other = &OtherEdition{ed.Language, ed.Title, p.Locator, p.Heading, p.Text}
			}
		}
	}
}

// noteStatus puts in front what rests on text that does not state present law,
// one notice a status.
func (a *Answer) noteStatus(m messages) {
	byStatus := map[corpus.Status][]Source{}
	var order []corpus.Status
	for _, s := range a.Sources {
		if s.Status.Current() || slices.ContainsFunc(byStatus[s.Status], func(x Source) bool { return x.Document == s.Document }) {
			continue
		}
		if byStatus[s.Status] == nil {
			order = append(order, s.Status)
		}
		byStatus[s.Status] = append(byStatus[s.Status], s)
	}
	for _, status := range slices.Backward(order) {
		a.Notices = slices.Insert(a.Notices, 0, Notice{NoticeStatus, m.status(status, byStatus[status])})
	}
}

// followUps suggests what to ask next: the other country, and passages of the
// same documents that were not used.
func (e *Engine) followUps(m messages, hits []retrieval.Hit, used []Source, r thread.Resolved) []string {
	out := []string{}
	if len(used) == 0 {
		return out
	}
	d, ok := e.library.Document(used[0].Document)
	if !ok {
		return out
	}
	switch d.Jurisdiction {
	case corpus.US:
		out = append(out, m.andJapan)
	case corpus.JP:
		out = append(out, m.andUS)
	}
	edition, _ := d.Edition(m.language)
	for _, p := range edition.Passages {
		if len(out) >= 3 {
			break
		}
		if !slices.ContainsFunc(used, func(s Source) bool { return s.Passage == p.ID }) {
			out = append(out, m.more(p.Locator, p.Heading))
		}
	}
	return out
}
