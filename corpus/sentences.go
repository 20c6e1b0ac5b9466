package corpus

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Span is a piece of a text by byte offsets.
type Span struct{ Start, End int }

// Of is the piece itself.
func (s Span) Of(text string) string { return text[s.Start:s.End] }

// abbreviations end in a point that ends no sentence, in the prose of the
// library.
var abbreviations = map[string]bool{
	"art": true, "arts": true, "sec": true, "secs": true, "no": true, "nos": true, "fed": true, "reg": true, "stat": true,
	"pub": true, "cong": true, "rev": true, "supp": true, "vol": true, "ch": true, "para": true, "paras": true, "pp": true,
	"dr": true, "mr": true, "ms": true, "mrs": true, "prof": true, "gen": true, "lt": true, "col": true, "st": true, "jr": true,
	"vs": true, "cf": true, "etc": true, "inc": true, "ltd": true, "corp": true, "co": true, "e.g": true, "i.e": true, "al": true,
	"jan": true, "feb": true, "mar": true, "apr": true, "jun": true, "jul": true, "aug": true, "sept": true, "sep": true,
	"oct": true, "nov": true, "dec": true, "approx": true, "dept": true, "univ": true, "ed": true, "eds": true,
}

// Sentences cuts a text into its sentences. Concatenating the spans with the
// white space between them gives the text again; no span begins or ends with
// white space.
func Sentences(text string, lang language.Tag) []Span {
	var out []Span
	start, depth := 0, 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		end := i + size
		depth = bracketDepth(depth, r)
		if r == '\n' && strings.HasPrefix(text[end:], "\n") || endsSentence(text, i, r, depth, lang) {
			end = closeQuotes(text, end)
			out = appendSpan(out, text, start, end)
			start, depth = end, 0
		}
		i = end
	}
	return appendSpan(out, text, start, len(text))
}

func appendSpan(out []Span, text string, start, end int) []Span {
	for start < end {
		r, n := utf8.DecodeRuneInString(text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		start += n
	}
	for start < end {
		r, n := utf8.DecodeLastRuneInString(text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		end -= n
	}
	if start < end {
		out = append(out, Span{start, end})
	}
	return out
}

// closeQuotes moves past the quotation marks and brackets that close with the
// sentence.
func closeQuotes(text string, end int) int {
	for end < len(text) {
		r, n := utf8.DecodeRuneInString(text[end:])
		if !strings.ContainsRune(`"'”’)」』)`, r) {
			break
		}
		end += n
	}
	return end
}

func endsSentence(text string, at int, r rune, depth int, lang language.Tag) bool {
	rest := text[at+utf8.RuneLen(r):]
	switch r {
	case '。', '\uff01', '\uff1f': // the full-width marks
		return depth == 0 && !strings.HasPrefix(rest, "と") && !strings.HasPrefix(rest, "」と")
	case '!', '?':
		return followedByStart(rest)
	case '.':
		return lang != language.Japanese && followedByStart(rest) && !isAbbreviation(text[:at], rest)
	}
	return false
}

// bracketDepth counts the Japanese quotations and brackets that are open; a full
// stop in one does not end the sentence around it.
func bracketDepth(depth int, r rune) int {
	switch r {
	case '「', '『', '(', '\uff08':
		return depth + 1
	case '」', '』', ')', '\uff09':
		return max(depth-1, 0)
	case '\n':
		return 0
	}
	return depth
}

// followedByStart reports whether white space and then the beginning of a
// sentence follow, closing quotation marks apart.
func followedByStart(rest string) bool {
	rest = rest[closeQuotes(rest, 0):]
	trimmed := strings.TrimLeft(rest, " \t\r\n")
	if trimmed == "" {
		return true
	}
	if len(trimmed) == len(rest) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(trimmed)
	return unicode.IsUpper(r) || unicode.IsDigit(r) || unicode.Is(unicode.Lo, r) || strings.ContainsRune(`"“‘'(§「`, r)
}

// isAbbreviation reports whether the point after before belongs to a word such
// as "Art." or "U.S.". Initials end a sentence only where a word follows that
// begins sentences.
func isAbbreviation(before, rest string) bool {
	before = before[max(0, len(before)-64):]
	i := strings.LastIndexFunc(before, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`("“‘[§`, r) })
	word := before[i+1:]
	if i >= 0 && !unicode.IsSpace(rune(before[i])) {
		word = strings.TrimLeft(before[i:], `("“‘[§`)
	}
	lower := strings.ToLower(word)
	if abbreviations[lower] {
		next := nextWord(rest)
		return lower != "no" || (next != "" && next[0] >= '0' && next[0] <= '9')
	}
	if initials.MatchString(word) {
		next := nextWord(rest)
		return next != "" && !sentenceStarts[next]
	}
	return false
}

// nextWord is the first word of a text, as far as a short look shows it.
func nextWord(s string) string {
	f := strings.Fields(s[:min(len(s), 64)])
	if len(f) == 0 {
		return ""
	}
	return f[0]
}

var initials = regexp.MustCompile(`^(?:[A-Za-z]\.)*[A-Z]$`) // the U.S of "U.S."

var sentenceStarts = map[string]bool{
	"The": true, "A": true, "An": true, "It": true, "This": true, "These": true, "In": true, "If": true, "For": true, "Under": true,
	"They": true, "Its": true, "Their": true, "When": true, "Where": true, "By": true, "On": true, "As": true, "At": true, "No": true,
	"But": true, "However": true, "Both": true, "Each": true, "Neither": true, "There": true, "Those": true, "Since": true,
}
