package answer

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"kakehashi/bot/answer/verify"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
	"kakehashi/retrieval/analysis"
)

// Questions about a word rather than a rule. The group is the word.
var termQuestions = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^(?:what|wat) (?:does|do|did) (?:the )?(?:term |abbreviation |acronym |letters )?["「]?(.+?)["」]? stand for\b`),
	regexp.MustCompile(`(?i)^what (?:is|are) ["「]?(.+?)["」]? (?:short for|an abbreviation (?:of|for)|an acronym (?:of|for))`),
	regexp.MustCompile(`(?i)^(?:what(?: is|'s)|how do (?:you|i|we) say|how is|translate|how to say) (?:the )?(?:japanese (?:term|word|name|expression|translation) (?:for|of) )["「]?(.+?)["」]?(?: called)?\??$`),
	regexp.MustCompile(`(?i)^(?:what(?: is|'s| do you call)|how do (?:you|i|we) (?:say|write|translate)|how is|translate) ["「]?(.+?)["」]? (?:(?:called|translated|said|written|rendered) )?(?:in|into|to) (?:japanese|english)\b`),
	regexp.MustCompile(`(?i)^what(?: is|'s) the (?:japanese|english) (?:term|word|name|translation|equivalent|expression)? ?(?:for|of) ["「]?(.+?)["」]?\??$`),
	regexp.MustCompile(`(?i)^(?:spell out|expand) (?:the )?(?:abbreviation )?["「]?(.+?)["」]?[.?]?$`),
	regexp.MustCompile(`^[「"]?(.+?)[」"]?(?:と)?(?:は|を|って|の)?(?:英語|日本語)(?:では|で|に|の|訳|名|表記|は|だと)`),
	regexp.MustCompile(`^[「"]?(.+?)[」"]?(?:とは|は|って|というのは)?何の(?:略|頭文字)`),
	regexp.MustCompile(`^[「"]?(.+?)[」"]?の(?:略称|正式名称|略語|日本語名|英語名|英訳|和訳)`),
}

// termAsked finds the glossary term that a question about words names.
func (e *Engine) termAsked(r thread.Resolved) (corpus.Term, bool) {
	if r.Context != "" {
		return corpus.Term{}, false
	}
	text := strings.TrimSpace(analysis.Normalize(r.Text))
	for _, re := range termQuestions {
		if m := re.FindStringSubmatch(text); m != nil {
			if t, ok := e.termNamed(m[1]); ok {
				return t, true
			}
		}
	}
	return corpus.Term{}, false
}

// termNamed finds the term whose name the words are, capitals and articles apart.
func (e *Engine) termNamed(words string) (corpus.Term, bool) {
	want := termKey(words)
	var found corpus.Term
	ok := false
	for _, t := range e.library.Glossary {
		for _, n := range append(t.Names(language.English), t.Names(language.Japanese)...) {
			if n == words {
				return t, true // an exact name before one that differs in capitals
			}
			if !ok && termKey(n) == want {
				found, ok = t, true
			}
		}
	}
	return found, ok
}

func termKey(s string) string {
	s = strings.ToLower(strings.Trim(analysis.Normalize(s), ` "'「」?.`))
	for _, article := range []string{"a ", "an ", "the "} {
		s = strings.TrimPrefix(s, article)
	}
	return strings.NewReplacer("・", "", "-", " ", ".", "").Replace(s)
}

// definitions are questions what a thing is. The group is its name.
var definitions = regexp.MustCompile(`(?i)^what(?:'s| is| are) (?:an? |the )?["「]?([^?]{2,60}?)["」]?\??$|^(?:define|what does) ["「]?(.{2,60}?)["」]?(?: mean)?\??$|^[「"]?(.{2,30}?)[」"]?とは(?:何(?:ですか|か)?|なに(?:ですか)?|どういう(?:意味|もの)(?:ですか)?)?[?。]?$`)

// termDefined finds the glossary term of the field whose meaning is asked for.
// says tells whether the glossary itself says what it is, in the language: in
// Japanese it only spells out abbreviations.
func (e *Engine) termDefined(r thread.Resolved, lang language.Tag) (t corpus.Term, ok, says bool) {
	m := definitions.FindStringSubmatch(strings.TrimSpace(analysis.Normalize(r.Text)))
	if m == nil || r.Context != "" {
		return t, false, false
	}
	name := m[1] + m[2] + m[3]
	t, ok = e.termNamed(name)
	ok = ok && !t.Everyday
	return t, ok, ok && (lang == language.English || slices.Contains(t.Abbr, name))
}

func (e *Engine) definesTerm(r thread.Resolved) bool {
	_, ok, _ := e.termDefined(r, language.Und)
	return ok
}

// answerTerm answers from the glossary, cited as such.
func (e *Engine) answerTerm(a Answer, m messages, t corpus.Term) Answer {
	e.sayTerm(&a, m, t)
	a.Outcome = Answered
	a.FollowUps = append(a.FollowUps, m.choose("What is "+t.English+"?", t.Japanese+"とは何ですか。"))
	return a
}

// sayTerm adds the sentences of a glossary entry.
func (e *Engine) sayTerm(a *Answer, m messages, t corpus.Term) {
	text := t.Text(m.language)
	hash := corpus.HashText(text)
	n := len(a.Sources) + 1
	a.Sources = append(a.Sources, Source{
		N: n, Passage: t.PassageID(), Document: corpus.GlossaryDocument,
		Title: m.choose("Kakehashi glossary", "Kakehashi用語集"), Citation: m.choose("Kakehashi glossary, “"+t.English+"”", "Kakehashi用語集「"+t.Japanese+"」"),
		Locator: t.ID, Heading: m.choose(t.English, t.Japanese),
		Jurisdiction: corpus.Bilateral, Kind: "guidance", Status: corpus.InForce, Edition: m.language,
		Digest: m.digest(corpus.Date{}), Version: hex.EncodeToString(hash[:]),
	})
	for _, s := range corpus.Sentences(text, m.language) {
		claim := verify.Claim{Text: s.Of(text), Cites: []verify.Cite{{
			Version: corpus.Version{Passage: t.PassageID(), Hash: hash}, Quote: s.Of(text),
		}}}
		if len(verify.Check(claim, e)) > 0 {
			continue
		}
		start := utf8.RuneCountInString(text[:s.Start])
		a.Sentences = append(a.Sentences, Sentence{Text: s.Of(text), Cites: []Cite{{
			Source: n, Quote: s.Of(text), Start: start, End: start + utf8.RuneCountInString(s.Of(text)),
		}}})
	}
}
