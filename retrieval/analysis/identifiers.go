package analysis

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The shapes of legal references, on normalised lower-case text. Sources: the
// Bluebook forms for US law (15 C.F.R. § 734.8(a)), 法制執務 forms for Japanese
// law (第25条の2第1項第3号).
var (
	codeCitation = regexp.MustCompile(`(\d+)\s*(cfr|c\.f\.r\.|u\.?s\.?c\.?|usc)\s*(?:parts?|§+|sections?|sec\.|第)?\s*(\d+[a-z]*(?:[.\-]\d+[a-z]?)*)条?((?:\s?\([a-z0-9]{1,4}\))*)`)
	section      = regexp.MustCompile(`(?:§+|\bsections?|\bsec\.|\barticles?|\barts?\.)\s*(\d+[a-z]*(?:[.\-]\d+[a-z]?)*)((?:\s?\([a-z0-9]{1,4}\))*)`)
	japanese     = regexp.MustCompile(`第?([0-9.]+|[一二三四五六七八九十百]+)(条|項|号|章|表|部)((?:の[0-9]+|の[一二三四五六七八九十]+)*)(?:第([0-9]+|[一二三四五六七八九十]+)項)?(\([a-z0-9]{1,4}\))?`)
	annex        = regexp.MustCompile(`(?:別表|様式|附属書)第?([0-9]+|[一二三四五六七八九十]+)`)
	order        = regexp.MustCompile(`(?:executive orders?|e\.o\.|大統領令)\s*(?:第|no\.? ?)?(\d+)`)
	proclamation = regexp.MustCompile(`(?:proclamation|布告)\s*(?:第|no\.? ?)?(\d+)`)
	paragraph    = regexp.MustCompile(`\(([a-z0-9]{1,4})\)`)
)

// notNames are words that stand before a number without naming anything by it.
var notNames = set(`
and or of to in by for from over under than on at about until since after before within least most
section sections sec article articles art part parts chapter title fiscal year years page pages phase level levels type
january february march april may june july august september october november december jan feb mar apr jun jul aug sept sep oct nov dec
usd usc cfr pp p a the is are was were category item items no order
`)

// References are the texts of the identifiers in s: sections, orders, forms.
func (a *Analyzer) References(s string) []string {
	var out []string
	for _, t := range identifiers(Normalize(s)) {
		out = append(out, t.Text)
	}
	return out
}

// identifiers finds references and names that must be matched whole. A reference
// also yields its prefixes, so that § 734.8(a)(1) finds § 734.8.
func identifiers(s string) []Term {
	s = strings.ToLower(s)
	var out []Term
	seen := map[string]bool{}
	add := func(text, from string) {
		if !seen[text] {
			seen[text] = true
			out = append(out, Term{Text: text, Kind: Identifier, From: strings.TrimSpace(from)})
		}
	}
	addSection := func(prefix, number, paragraphs, from string) {
		id := prefix + strings.TrimRight(number, ".-")
		add(id, from)
		for _, p := range paragraph.FindAllStringSubmatch(paragraphs, -1) {
			id += "(" + p[1] + ")"
			add(id, from)
		}
	}
	hasDigit := strings.ContainsAny(s, "0123456789")
	if hasDigit && containsAny(s, "cfr", "c.f.r", "usc", "u.s.c") {
		for _, m := range codeCitation.FindAllStringSubmatch(s, -1) {
			code := strings.ReplaceAll(m[2], ".", "")
			addSection("#"+m[1]+code, m[3], m[4], m[0])
			addSection("#", m[3], m[4], m[0])
			if part, _, ok := strings.Cut(m[3], "."); ok {
				add("#"+m[1]+code+part, m[0])
			}
		}
	}
	if hasDigit && containsAny(s, "§", "section", "sec.", "art") {
		for _, m := range section.FindAllStringSubmatch(s, -1) {
			addSection("#", m[1], m[2], m[0])
		}
	}
	if hasDigit && containsAny(s, "order", "e.o.", "大統領令", "proclamation", "布告") {
		for _, m := range order.FindAllStringSubmatch(s, -1) {
			add("eo"+m[1], m[0])
		}
		for _, m := range proclamation.FindAllStringSubmatch(s, -1) {
			add("proclamation"+m[1], m[0])
		}
	}
	if hasDigit {
		numberedNames(s, add)
	}
	if strings.ContainsAny(s, "条項号章表部") {
		for _, m := range japanese.FindAllStringSubmatch(s, -1) {
			addJapanese(m, addSection, add)
		}
		for _, m := range annex.FindAllStringSubmatch(s, -1) {
			add("annex"+kanjiNumber(m[1]), m[0])
		}
	}
	return out
}

func containsAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

// numberedNames finds names that end in a number, with or without a space or
// hyphen before it: NSPM-33, SF 328, H-1B, NOT-OD-26-017.
func numberedNames(s string, add func(text, from string)) {
	letter := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= 'a' && s[i] <= 'z' }
	digit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	for i := 0; i < len(s); i++ {
		if !digit(i) {
			continue
		}
		end := i + 1
		for digit(end) || letter(end) || (end < len(s) && strings.IndexByte("-./", s[end]) >= 0 && digit(end+1)) {
			end++
		}
		start := i
		if start > 0 && (s[start-1] == ' ' || s[start-1] == '-') {
			start--
		}
		word := start
		for letter(word - 1) {
			word--
		}
		if word > 1 && s[word-1] == '-' && letter(word-2) && start-word <= 4 { // NOT-OD-26
			for word--; letter(word - 1); word-- {
			}
		}
		name := s[word:start]
		standsAlone := word == 0 || !(digit(word-1) || s[word-1] == '-' || s[word-1] == '.' || s[word-1] == '\'')
		if name != "" && len(name) <= 16 && standsAlone && !notNames[name] && (len(name) > 1 || s[start] != ' ') {
			add(strings.ReplaceAll(name, "-", "")+s[i:end], s[word:end])
		}
		i = end
	}
}

// addJapanese writes 第25条の2第1項 as the same identifier as Art. 25-2(1).
func addJapanese(m []string, addSection func(prefix, number, paragraphs, from string), add func(text, from string)) {
	number := kanjiNumber(m[1])
	switch m[2] {
	case "条":
		for _, branch := range strings.Split(m[3], "の")[1:] {
			number += "-" + kanjiNumber(branch)
		}
		paragraphs := m[5]
		if m[4] != "" {
			paragraphs = "(" + kanjiNumber(m[4]) + ")" + paragraphs
		}
		addSection("#", number, paragraphs, m[0])
	case "章":
		add("chapter"+number, m[0])
	case "部":
		add("part"+number, m[0])
	}
}

var kanjiDigits = map[rune]int{'一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}

// kanjiNumber reads 二十五 as 25 and leaves Arabic digits alone.
func kanjiNumber(s string) string {
	if s == "" || s[0] < 0x80 {
		return s
	}
	total, digit := 0, 0
	for _, r := range s {
		switch r {
		case '十':
			total += max(digit, 1) * 10
			digit = 0
		case '百':
			total += max(digit, 1) * 100
			digit = 0
		default:
			digit = kanjiDigits[r]
		}
	}
	return strconv.Itoa(total + digit)
}
