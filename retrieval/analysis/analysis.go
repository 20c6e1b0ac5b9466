// Package analysis turns English and Japanese text into the terms that are
// indexed and asked for: stems, character bigrams, whole identifiers (15 CFR
// 734.8, 第25条第1項, NSPM-33) and glossary concepts that bridge the languages.
// Index and query must pass through the same code; nothing here ranks.
package analysis

import (
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Normalize is the form in which text is compared: NFKC, with the various
// hyphens and quotation marks made one.
func Normalize(s string) string {
	return hyphens.Replace(norm.NFKC.String(s))
}

var hyphens = strings.NewReplacer("‐", "-", "‑", "-", "–", "-", "’", "'", "‘", "'", "“", `"`, "”", `"`, "\u00ad", "")

// Language tells the language a question is asked in. A Japanese term inside an
// English sentence does not make it Japanese, nor an abbreviation inside a
// Japanese one English.
func Language(s string) language.Tag {
	japanese, latin, function := 0, 0, 0
	for _, w := range strings.FieldsFunc(Normalize(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	}) {
		isJapanese := false
		for _, r := range w {
			if isCJK(r) {
				japanese++
				isJapanese = true
			}
		}
		if !isJapanese {
			latin++
			if stopWords[strings.ToLower(w)] {
				function++
			}
		}
	}
	switch {
	case japanese == 0:
		return language.English
	case function >= 2, function == 1 && latin*3 > japanese:
		return language.English
	}
	return language.Japanese
}

func isCJK(r rune) bool {
	switch {
	case r < 0x2e80: // Latin and its like
		return false
	case r >= 0x3041 && r <= 0x3096, r >= 0x30a1 && r <= 0x30fa, r >= 0x4e00 && r <= 0x9fff:
		return true
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r == 'ー' || r == '々'
}

// A Kind tells what a Term is made of.
type Kind uint8

// The kinds of terms.
const (
	Word       Kind = iota // an English stem or a number
	Bigram                 // two characters of Japanese
	Kana                   // two characters of katakana, part of a Word
	Identifier             // a section, a citation, the name of a form or order
	Concept                // a glossary term, the same in both languages
	Everyday               // a glossary term that is no term of the field
	Pair                   // two words of English that follow each other
)

// A Term is one unit of matching. Text is unique across kinds.
type Term struct {
	Text string
	Kind Kind
	Stop bool   // carries little meaning on its own: the, こと
	From string // what stood in the text
}

// Bridges reports whether the term can match in either language.
func (t Term) Bridges() bool {
	return t.Kind == Concept || t.Kind == Everyday || t.Kind == Identifier || (t.Kind == Word && t.Text[0] <= '9')
}

// Terms cuts text into terms: identifiers first, then words and bigrams in the
// order of the text, repetitions kept, then each concept once.
func (a *Analyzer) Terms(s string) []Term {
	s = Normalize(s)
	out := identifiers(s)
	var latin []Term
	for _, run := range runs(s) {
		if run.japanese {
			out = append(out, bigrams(run.text)...)
		} else {
			latin = append(latin, a.words(run.text)...)
		}
	}
	out = append(out, latin...)
	out = append(out, pairs(latin)...)
	for _, m := range a.concepts(s, latin) {
		kind := Concept
		if a.everyday[m.Concept] {
			kind = Everyday
		}
		out = append(out, Term{Text: "@" + m.Concept, Kind: kind, From: m.From})
	}
	return out
}

type run struct {
	text     string
	japanese bool
}

// runs splits text where the script changes between Japanese and the rest.
func runs(s string) []run {
	var out []run
	start, japanese := 0, false
	flush := func(end int) {
		if start < end {
			out = append(out, run{s[start:end], japanese})
		}
		start = end
	}
	for i, r := range s {
		if j := isCJK(r); j != japanese {
			flush(i)
			japanese = j
		}
	}
	flush(len(s))
	return out
}

// words yields stems of Latin words and numbers. A hyphenated word yields its
// parts and the whole.
func (a *Analyzer) words(s string) []Term {
	var out []Term
	for _, w := range strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '\'' && r != '.' && r != ','
	}) {
		w = strings.Trim(w, "-'.,")
		if w == "" {
			continue
		}
		if isNumber(w) {
			n := strings.ReplaceAll(w, ",", "")
			out = append(out, Term{Text: n, Kind: Word, From: w})
			continue
		}
		parts := strings.FieldsFunc(w, func(r rune) bool { return r == '-' || r == ',' || r == '.' })
		if isInitials(parts) {
			w = strings.Join(parts, "")
			parts = []string{w}
		}
		for _, p := range parts {
			out = append(out, a.word(p))
		}
		if len(parts) > 1 && strings.Contains(w, "-") {
			if joined := strings.ToLower(strings.Join(parts, "")); len(joined) < 24 {
				out = append(out, Term{Text: a.stem(joined), Kind: Word, From: w, Stop: true})
			}
		}
	}
	return out
}

// pairs joins each two words that follow each other and carry meaning: "deemed
// export" says more than "deemed" and "export".
func pairs(words []Term) []Term {
	var out []Term
	for i := 1; i < len(words); i++ {
		a, b := words[i-1], words[i]
		if !a.Stop && !b.Stop {
			out = append(out, Term{Text: a.Text + " " + b.Text, Kind: Pair, From: a.From + " " + b.From})
		}
	}
	return out
}

// isInitials recognises U.S. and E.O., written with or without points.
func isInitials(parts []string) bool {
	for _, p := range parts {
		if len(p) != 1 {
			return false
		}
	}
	return len(parts) > 1
}

func (a *Analyzer) word(w string) Term {
	w = strings.TrimSuffix(w, "'s")
	lower := strings.ToLower(w)
	if w == "US" || w == "USA" { // the country, not the pronoun
		return Term{Text: "usa", Kind: Word, From: w}
	}
	return Term{Text: a.stem(lower), Kind: Word, Stop: stopWords[lower], From: w}
}

// maxStems bounds the memory that words of strangers can take.
const maxStems = 1 << 16

// stem is the Snowball (Porter 2) stem of a lower-case English word, remembered
// because texts repeat their words. British spellings fold into American ones
// first, as sources use both.
func (a *Analyzer) stem(w string) string {
	if s, ok := a.stems.Load(w); ok {
		return s.(string)
	}
	stem := english.Stem(american(w), false)
	if a.stemCount.Add(1) < maxStems {
		a.stems.Store(strings.Clone(w), stem)
	}
	return stem
}

func american(w string) string {
	for _, p := range british {
		if strings.HasPrefix(w, p[0]) {
			return p[1] + w[len(p[0]):]
		}
	}
	return w
}

var british = [][2]string{
	{"licenc", "licens"}, {"defence", "defense"}, {"programme", "program"}, {"organis", "organiz"},
	{"authoris", "authoriz"}, {"centre", "center"}, {"labour", "labor"}, {"favour", "favor"},
	{"behaviour", "behavior"}, {"recognis", "recogniz"}, {"utilis", "utiliz"}, {"penalis", "penaliz"},
	{"postdoctoral", "postdoc"}, {"postdocs", "postdoc"},
}

func isNumber(w string) bool {
	for _, r := range w {
		if (r < '0' || r > '9') && r != ',' && r != '.' {
			return false
		}
	}
	return true
}

// bigrams yields overlapping pairs of characters; a run of one character yields
// itself. Pairs of hiragana carry grammar more than meaning and are marked so. A
// run of katakana is a word as well, as it names something whole.
func bigrams(s string) []Term {
	rs := []rune(s)
	if len(rs) == 1 {
		return []Term{{Text: s, Kind: Bigram, From: s, Stop: isHiragana(rs[0])}}
	}
	out := make([]Term, 0, len(rs)+1)
	for i := 0; i+1 < len(rs); i++ {
		kind := Bigram
		if isKatakana(rs[i]) && isKatakana(rs[i+1]) {
			kind = Kana
		}
		t := string(rs[i : i+2])
		out = append(out, Term{Text: t, Kind: kind, From: t, Stop: isGrammar(t, rs[i], rs[i+1])})
	}
	for start := 0; start < len(rs); start++ {
		end := start
		for end < len(rs) && isKatakana(rs[end]) {
			end++
		}
		if end-start >= 3 {
			w := string(rs[start:end])
			out = append(out, Term{Text: w, Kind: Word, From: w})
		}
		start = max(start, end)
	}
	return out
}

func isKatakana(r rune) bool {
	return r >= 0x30a1 && r <= 0x30fa || r == 'ー' || r > 0x30fa && unicode.Is(unicode.Katakana, r)
}

func isHiragana(r rune) bool {
	return r >= 0x3041 && r <= 0x3096 || r > 0x3096 && unicode.Is(unicode.Hiragana, r)
}

// isGrammar marks pairs in which a particle or ending takes part.
func isGrammar(pair string, a, b rune) bool {
	return isHiragana(a) || isHiragana(b) || stopBigrams[pair]
}
