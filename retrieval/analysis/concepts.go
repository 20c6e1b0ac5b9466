package analysis

import (
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/text/language"

	"kakehashi/corpus"
)

// Analyzer adds the glossary's concepts to the terms of a text, which lets a
// question in one language meet a passage in the other.
type Analyzer struct {
	glossary  corpus.Glossary
	english   map[string][]name // by first stem
	japanese  map[string][]name // by first two characters
	everyday  map[string]bool   // by concept
	stems     sync.Map          // word → stem
	stemCount atomic.Int64
}

type name struct {
	concept string
	stems   []string // English
	text    string   // Japanese
	exact   string   // for abbreviations: the case that must stand there
}

// NewAnalyzer prepares the names of the glossary.
func NewAnalyzer(g corpus.Glossary) *Analyzer {
	a := &Analyzer{glossary: g, english: map[string][]name{}, japanese: map[string][]name{}, everyday: map[string]bool{}}
	for _, t := range g {
		a.everyday[t.ID] = t.Everyday
		for _, n := range append([]string{t.English}, t.EnAliases...) {
			a.addEnglish(t.ID, n, "")
		}
		for _, n := range t.Abbr {
			a.addEnglish(t.ID, n, n)
		}
		for _, n := range append([]string{t.Japanese}, t.JaAliases...) {
			a.addJapanese(t.ID, n)
		}
	}
	return a
}

func (a *Analyzer) addEnglish(concept, text, exact string) {
	if i := strings.IndexByte(text, '('); i > 0 && exact == "" {
		text = text[:i] // "resident (FEFTA)": the bracket is a remark
	}
	var stems []string
	for _, t := range a.words(Normalize(text)) {
		stems = append(stems, t.Text)
	}
	if len(stems) == 0 {
		return
	}
	if !strings.ContainsFunc(exact, func(r rune) bool { return r >= 'A' && r <= 'Z' }) || strings.Contains(exact, " ") {
		exact = ""
	}
	a.english[stems[0]] = append(a.english[stems[0]], name{concept: concept, stems: stems, exact: exact})
}

func (a *Analyzer) addJapanese(concept, text string) {
	text = joinKatakana(Normalize(text))
	if utf8.RuneCountInString(text) < 2 || strings.IndexFunc(text, isCJK) < 0 {
		return
	}
	key := firstTwo(text)
	a.japanese[key] = append(a.japanese[key], name{concept: concept, text: text})
}

func firstTwo(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	_, m := utf8.DecodeRuneInString(s[n:])
	return s[:n+m]
}

// joinKatakana drops the middle dots that some writers put between katakana
// words and others do not.
func joinKatakana(s string) string { return strings.ReplaceAll(s, "・", "") }

// A Match is a glossary concept that a text names, with the words that named it.
type Match struct {
	Concept string
	From    string
}

// Concepts finds the glossary terms that a text names, each once. A longer name
// hides the shorter ones inside it: "deemed export" is not also "export".
func (a *Analyzer) Concepts(s string) []Match {
	s = Normalize(s)
	var latin []Term
	for _, r := range runs(s) {
		if !r.japanese {
			latin = append(latin, a.words(r.text)...)
		}
	}
	return a.concepts(s, latin)
}

func (a *Analyzer) concepts(s string, latin []Term) []Match {
	found := a.englishConcepts(latin)
	found = append(found, a.japaneseConcepts(joinKatakana(s))...)
	var out []Match
	seen := map[string]bool{}
	for _, m := range found {
		if !seen[m.Concept] {
			seen[m.Concept] = true
			out = append(out, m)
		}
	}
	return out
}

func (a *Analyzer) englishConcepts(latin []Term) []Match {
	toks := make([]Term, 0, len(latin))
	for _, t := range latin {
		if !t.Stop || !strings.Contains(t.From, "-") { // the whole of a hyphenated word stands beside its parts
			toks = append(toks, t)
		}
	}
	var out []Match
	for i := 0; i < len(toks); {
		best := 0
		var concepts []string
		for _, n := range a.english[toks[i].Text] {
			if len(n.stems) < best || !n.matches(toks[i:]) {
				continue
			}
			if len(n.stems) > best {
				best, concepts = len(n.stems), nil
			}
			concepts = append(concepts, n.concept)
		}
		if best == 0 {
			i++
			continue
		}
		var from []string
		for _, t := range toks[i : i+best] {
			from = append(from, t.From)
		}
		for _, c := range concepts {
			out = append(out, Match{c, strings.Join(from, " ")})
		}
		i += best
	}
	return out
}

func (n name) matches(toks []Term) bool {
	if len(toks) < len(n.stems) || (n.exact != "" && toks[0].From != n.exact && toks[0].From != n.exact+"s") {
		return false
	}
	for i, s := range n.stems {
		if toks[i].Text != s {
			return false
		}
	}
	return true
}

func (a *Analyzer) japaneseConcepts(s string) []Match {
	var out []Match
	for i := 0; i < len(s); {
		_, size := utf8.DecodeRuneInString(s[i:])
		if i+size >= len(s) {
			break
		}
		var best []name
		for _, n := range a.japanese[firstTwo(s[i:])] {
			if !strings.HasPrefix(s[i:], n.text) {
				continue
			}
			if len(best) > 0 && len(n.text) > len(best[0].text) {
				best = nil
			}
			if len(best) == 0 || len(n.text) == len(best[0].text) {
				best = append(best, n)
			}
		}
		for _, n := range best {
			out = append(out, Match{n.concept, n.text})
		}
		if len(best) > 0 {
			size = len(best[0].text)
		}
		i += size
	}
	return out
}

// Glossary is the glossary that the analyzer was made from.
func (a *Analyzer) Glossary() corpus.Glossary { return a.glossary }

// Expansion writes a concept with its names in both languages, to show why a
// passage was found.
func (a *Analyzer) Expansion(concept string) string {
	t, ok := a.glossary.Find(concept)
	if !ok {
		return ""
	}
	names := append(t.Names(language.English)[:1:1], t.Abbr...)
	names = append(names, t.Japanese)
	sort.Strings(names[1:])
	return strings.Join(names, " = ")
}
