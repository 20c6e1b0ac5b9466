package answer

import (
	"regexp"
	"slices"
	"strings"

	"kakehashi/retrieval/analysis"
)

var (
	instrument   = regexp.MustCompile(`\b((?:[A-Z][\w'-]+|of|and|on|for|the|to)(?: (?:[A-Z][\w'-]+|of|and|on|for|the|to))* )?(Act|Rule|Regulations?|Directive|Treaty|Agreement|Protocol|Initiative|Guidelines?|Statement|Memorandum|Accord|Convention|Charter|Ordinance|Form|Framework|Programme|Program|List|Pact|Code|Notice|Circular|Standard)\b( (?:of )?\d{4})?`)
	instrumentJA = regexp.MustCompile(`[\p{Han}ァ-ヺー・]{2,24}(?:法|条例|条約|協定|指令|議定書|憲章|規程)`)
	smallWords   = map[string]bool{"of": true, "and": true, "on": true, "for": true, "the": true, "to": true, "a": true, "in": true}
	commonLawJA  = regexp.MustCompile(`^(?:方法|手法|作法|合法|違法|適法|不法|司法|立法|憲法|国際法|国内法|同法|旧法|新法|現行法|関連法|外国法|.*(?:方法|手法|国の法|各国法|米国法|日本法))$`)
)

// namesUnknownRule finds a named law, form, order or list, or a section number,
// that stands nowhere in the library.
func (s scope) namesUnknownRule(original string, q asked) bool {
	for _, t := range q.terms {
		if t.Kind == analysis.Identifier && t.df == 0 && t.Weight >= 1 && legalIdentifier.MatchString(t.Text) && !s.prefixHeld(q, t.Text) {
			return true
		}
	}
	text := analysis.Normalize(original)
	for _, m := range instrument.FindAllStringSubmatch(text, -1) {
		if s.unknownInstrument(m[1], m[2], m[3]) {
			return true
		}
	}
	for _, name := range instrumentJA.FindAllString(text, -1) {
		if !commonLawJA.MatchString(name) && s.unknownJapanese(name) {
			return true
		}
	}
	return false
}

// legalIdentifier tells sections and orders from numbers of things.
var legalIdentifier = regexp.MustCompile(`^(?:#\d|eo\d|proclamation\d|nspm|nsdd|nsm|ppd|sf\d|ds\d|doeo|omb|far|dfars|nistsp|annex)`)

// prefixHeld reports whether the reference continues one that is held:
// § 734.8(z) is a place in § 734.8.
func (s scope) prefixHeld(q asked, id string) bool {
	for _, t := range q.terms {
		if t.df > 0 && t.Text != id && strings.HasPrefix(id, t.Text) && t.Kind == analysis.Identifier {
			return true
		}
	}
	return false
}

func (s scope) unknownInstrument(before, noun, year string) bool {
	words := strings.Fields(before)
	for len(words) > 0 && (smallWords[strings.ToLower(words[0])] || questionWord[words[0]] || strings.HasSuffix(words[0], "'s")) {
		words = words[1:]
	}
	all := named(words)
	if all == 0 {
		return false
	}
	// The name may stand behind other capitalised words, and be shortened: "CHIPS
	// Act" of "CHIPS and Science Act" has its words close together somewhere.
	for ; named(words) >= min(all, 2) && len(words) > 0; words = words[1:] {
		if s.closeTogether(words, noun) {
			phrase := strings.ToLower(strings.Join(append(slices.Clone(words), noun), " "))
			return year != "" && all >= 2 && strings.Contains(s.text, phrase) && !s.yearNear(phrase, year)
		}
	}
	return true
}

// named counts the words of a name that are more than grammar.
func named(words []string) int {
	n := 0
	for _, w := range words {
		if !smallWords[strings.ToLower(w)] {
			n++
		}
	}
	return n
}

var questionWord = set("What Which When Where Who How Does Do Did Is Are Was Were Under In May Can Must Should The A An And If Since For To Has Have Will Would By")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// yearNear reports whether the year stands within a line of the name somewhere.
func (s scope) yearNear(phrase, year string) bool {
	year = year[len(year)-4:]
	for from := 0; ; {
		i := strings.Index(s.text[from:], phrase)
		if i < 0 {
			return false
		}
		at := from + i
		if strings.Contains(s.text[max(0, at-160):min(len(s.text), at+len(phrase)+160)], year) {
			return true
		}
		from = at + len(phrase)
	}
}

// closeTogether reports whether some place of the library has the words of a name
// in their order with at most three others between two of them.
func (s scope) closeTogether(words []string, noun string) bool {
	var pattern strings.Builder
	for _, w := range append(slices.Clone(words), noun) {
		w = strings.ToLower(w)
		if smallWords[w] {
			continue
		}
		if pattern.Len() > 0 {
			pattern.WriteString(`[^\pL\pN\n]+(?:[\pL\pN]+[^\pL\pN\n]+){0,3}?`)
		}
		pattern.WriteString(regexp.QuoteMeta(strings.TrimSuffix(w, "s")) + `s?`)
	}
	re, err := regexp.Compile(`\b` + pattern.String() + `\b`)
	return err == nil && re.MatchString(s.text)
}

// unknownJapanese reports whether neither an ending of the name of four characters
// or more stands in the library (米国輸出管理改革法 ends in 輸出管理改革法) nor what
// such an ending says before 法, 協定 and the like (輸出管理 of 輸出管理法).
func (s scope) unknownJapanese(name string) bool {
	rs := []rune(strings.ReplaceAll(name, "・", ""))
	for from := 0; from+4 <= len(rs); from++ {
		ending := rs[from:]
		if strings.Contains(s.text, string(ending)) || len(ending) >= 5 && strings.Contains(s.text, string(ending[:len(ending)-1])) {
			return false
		}
	}
	return len(rs) >= 4 || !strings.Contains(s.text, string(rs))
}
