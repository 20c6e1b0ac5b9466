// Package thread makes a follow-up stand alone: "and in Japan?" takes its subject
// from the turns before. It works by rules on our own transcript, changes no word
// of what was asked, and leaves a question that has its own subject alone, so that
// an earlier topic does not leak into it.
package thread

import (
	"regexp"
	"strings"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// Role tells who spoke.
type Role string

// The roles of a transcript.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Turn is one message of a thread.
type Turn struct {
	Role Role   `json:"role"`
	Text string `json:"text"`
}

// Resolved is a question with the subject that it takes from earlier turns.
type Resolved struct {
	Text       string              // as asked
	Context    string              // the earlier words that it refers to; empty if it stands alone
	Background string              // the reply before, to a question that does not stand alone
	Country    corpus.Jurisdiction // the country that a follow-up turns to, if it does
}

var (
	opens      = regexp.MustCompile(`(?i)^\s*(?:and|but|so|then|also|or|what about|how about|what if|same for|the same|likewise|even if|only|why|since when|until when|by when|who else|what else|anything else|which ones?|any exceptions?|is that|are those|does that|do they|is it|are they|does it|did it|could they|must they|ok(?:ay)?[,.]? (?:and|but|so))\b`)
	refersEN   = regexp.MustCompile(`(?i)\b(?:it|its|they|them|their|theirs|that|those|these|this|there|such|the same|the former|the latter|he|she|him|her|the (?:rule|rules|order|law|act|form|list|exception|exclusion|exemption|requirement|deadline|penalty|penalties|report|threshold|statement|agreement|program|programme|limit|provision|certificate|certification))\b`)
	thatClause = regexp.MustCompile(`(?i)\b(?:that|this|these|those|there) (?:is|are|was|were|has|have|will|must|may|can|would|should|do|does)\b|\b(?:someone|anyone|person|people|those|company|companies|firm|university|researcher|student|technology|item|items|results|information|data|country|countries|project|projects|research|entity|institution|invention|work|partner|contract|funding|rule|rules|law|act|list) that\b|\bthis (?:year|month|week)\b|\bis there\b|\bare there\b`)
	opensJA    = regexp.MustCompile(`^\s*(?:では|それでは|じゃあ|じゃ、|それなら|そうすると|また|それから|ほかに|他に|ちなみに|なぜ|いつから|いつまで|誰が|だれが|同じ|例外|罰則|期限|対象|その|それ|これ|この場合|そこ|そちら|どちら|で、|でも|しかし|逆に)`)
	refersJA   = regexp.MustCompile(`それ|その|そこ|これら|この(?:規則|制度|法律|場合|命令|期間|手続|例外|要件|届出|許可|義務|リスト|条項|協定)|同じ|同様|上記|前述|先ほど|さっき|当該|彼ら`)
)

// Resolve makes the question stand alone. It walks the user's turns from the
// first, so that a chain of follow-ups keeps the subject of the turn that began
// it.
func Resolve(a *analysis.Analyzer, history []Turn, text string) Resolved {
	subject := ""
	for _, t := range history {
		if t.Role == User {
			subject = join(follow(a, subject, t.Text))
		}
	}
	r := follow(a, subject, text)
	if n := len(history); r.Context != "" && r.Country == "" && n > 0 && history[n-1].Role == Assistant {
		r.Background = firstCharacters(history[n-1].Text, maxBackground)
	}
	return r
}

// maxBackground is how much of the reply before is looked at, in characters.
const maxBackground = 400

func firstCharacters(s string, n int) string {
	rs := []rune(s)
	return string(rs[:min(n, len(rs))])
}

func join(r Resolved) string {
	return strings.TrimSpace(r.Context + " " + r.Text)
}

func follow(a *analysis.Analyzer, subject, text string) Resolved {
	r := Resolved{Text: text}
	if subject == "" || !dependent(a, text) {
		return r
	}
	r.Context = subject
	now, before := retrieval.Countries(text), retrieval.Countries(subject)
	if len(now) == 1 && len(before) > 0 && !(len(before) == 1 && before[0] == now[0]) {
		r.Country = now[0]
		r.Context = retrieval.WithoutCountries(subject)
	}
	return r
}

// dependent reports whether the text needs an earlier turn to be understood: it
// opens like a follow-up, refers back, or names no subject of its own.
func dependent(a *analysis.Analyzer, text string) bool {
	text = analysis.Normalize(text)
	subjects := subjectsIn(a, text)
	long := len([]rune(text)) > 120
	if opens.MatchString(text) || opensJA.MatchString(text) {
		return !(long && subjects >= 2) && subjects < 3
	}
	refers := refersEN.MatchString(thatClause.ReplaceAllString(text, " ")) || refersJA.MatchString(text)
	if refers {
		return subjects < 2
	}
	return subjects == 0 && contentTerms(a, text) <= 3
}

// subjectsIn counts what a question can be about: glossary concepts other than
// the two countries' bodies, and sections or orders named.
func subjectsIn(a *analysis.Analyzer, text string) int {
	n := 0
	for _, t := range a.Terms(text) {
		if t.Kind == analysis.Concept || t.Kind == analysis.Identifier {
			n++
		}
	}
	return n
}

func contentTerms(a *analysis.Analyzer, text string) int {
	words, bigrams := 0, 0
	for _, t := range a.Terms(text) {
		switch {
		case t.Stop:
		case t.Kind == analysis.Bigram:
			bigrams++
		default:
			words++
		}
	}
	return words + (bigrams+1)/2
}
