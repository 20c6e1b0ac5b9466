package thread

import (
	"regexp"
	"slices"
	"strings"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// Said is what a person has said in a thread.
type Said struct{ Person, Text string }

// Disagreement is a point on which what colleagues have said of one case differs.
type Disagreement struct {
	About Point
	Said  []Said // of each the last word, in the order in which they spoke up
}

// Point is what people can say of a person or a thing that a rule turns on.
type Point string

// The points there are.
const (
	Nationality Point = "nationality"
	Residence   Point = "residence" // permanent resident or not
	Funding     Point = "funding"   // by the government or not
	Listed      Point = "listed"    // on a control list or not
)

// fact is a statement on a point. own marks that of a person's own case: what two people
// say of their own cases never goes against each other.
type fact struct {
	about string // student, postdoc …
	point Point
	value string
	own   bool
	said  Said
}

const (
	whoseEN = `(?i)\b(my|our|the|this|that|his|her|their|your|a|an)\s+(?:new |visiting |foreign |other |own |\w+ese |\w+an )?`
	whomEN  = `(post-?doc(?:toral (?:fellow|researcher))?|student|intern|visitor|visiting (?:researcher|scholar|professor)|researcher|scholar|professor|engineer|employee|colleague|collaborator|candidate|fellow)\b`
	whomJA  = `(ポスドク|博士研究員|留学生|学生|院生|インターン|訪問者|客員研究員|研究員|研究者|教授|技術者|従業員|社員|共同研究者|候補者)`
	thingEN = `(item|technology|software|equipment|material|project|research|work|study|results?|data|instrument|device|camera|laser)\b`
	thingJA = `(品目|貨物|技術|ソフトウェア|装置|材料|プロジェクト|研究|研究課題|成果|データ)`
)

var (
	ofPersonEN = regexp.MustCompile(whoseEN + whomEN + `(?:[^.?!\n]{0,40}?)\s((?:is|was|comes|came|holds|has|isn't|became|will be)\b[^.?!\n]{0,80})`)
	ofPersonJA = regexp.MustCompile(`(私の|わたしの|うちの|当方の|我々の|私たちの|その|この|あの|彼の|彼女の)?` + whomJA + `(?:さん|の方)?(?:は|が)([^。?!\n]{1,60})`)
	ofThingEN  = regexp.MustCompile(whoseEN + thingEN + `(?:[^.?!\n]{0,40}?)\s((?:is|are|was|were|isn't|aren't|has|have|receives|received)\b[^.?!\n]{0,80})`)
	ofThingJA  = regexp.MustCompile(`(私の|わたしの|うちの|当方の|我々の|私たちの|その|この|あの)?` + thingJA + `(?:は|が)([^。?!\n]{1,60})`)

	negated   = regexp.MustCompile(`(?i)\bnot\b|n't\b|\bno longer\b|\bno\b|ではな|じゃな|でない|ていない|てない|ません|なく`)
	permanent = regexp.MustCompile(`(?i)permanent resident|green card|永住者|永住権|グリーンカード`)
	temporary = regexp.MustCompile(`(?i)\b(?:H-?1B|J-?1|F-?1|O-?1)\b|\bvisa\b|ビザ`)
	funded    = regexp.MustCompile(`(?i)\b(?:federally|government|publicly|NSF|NIH|DOE|DOD|DARPA)[- ]?(?:funded|supported|sponsored|grant|funding|funds)|\b(?:funded|supported|sponsored) by (?:the )?(?:NSF|NIH|DOE|DOD|DARPA|government|federal)|科研費|公的資金|政府資金|国の(?:資金|助成)|JST|NEDO`)
	private   = regexp.MustCompile(`(?i)\bprivately (?:funded|supported)|\b(?:funded|supported|sponsored) by (?:a |the |our )?(?:company|industry|firm|foundation|sponsor)|民間(?:資金|企業の)|企業の資金|自己資金`)
	listed    = regexp.MustCompile(`(?i)\b(?:listed|controlled|on the (?:CCL|USML|control list)|ECCN \w+)\b|リスト規制に?該当|該当(?:品|する|です)|規制対象`)
	unlisted  = regexp.MustCompile(`(?i)\bEAR99\b|\b(?:unlisted|uncontrolled)\b|非該当`)

	ownsIt   = regexp.MustCompile(`(?i)^(?:my|a|an|私の|わたしの)$`)
	sentence = regexp.MustCompile(`[^.?!。?!\n]+[.?!。?!\n]?`)
	mine     = regexp.MustCompile(`(?i)\b(?:i am|i'm|i work|i have|we are|we're|we work|we have|my|our)\b|私は|私の|わたしは|うちは|うちの|当社|弊社|本学|当方|我々`)
)

// Disagreements are the points on which the people of a thread, in their last words on
// it, go against each other.
func Disagreements(said []Said) []Disagreement {
	type topic struct {
		about string
		point Point
	}
	var order []topic
	facts := map[topic][]fact{}
	for _, s := range said {
		for _, f := range factsIn(s) {
			c := topic{f.about, f.point}
			if facts[c] == nil {
				order = append(order, c)
			}
			// A person's last word takes the place of the earlier ones.
			facts[c] = append(slices.DeleteFunc(facts[c], func(o fact) bool { return o.said.Person == f.said.Person }), f)
		}
	}
	var out []Disagreement
	for _, c := range order {
		d := Disagreement{About: c.point}
		differ := false
		for i, f := range facts[c] {
			for _, o := range facts[c][:i] {
				differ = differ || f.value != o.value && !(f.own && o.own)
			}
			d.Said = append(d.Said, f.said)
		}
		if differ {
			out = append(out, d)
		}
	}
	return out
}

// factsIn finds what a person says of a case. A question states nothing.
func factsIn(s Said) []fact {
	var out []fact
	for _, part := range sentence.FindAllString(analysis.Normalize(s.Text), -1) {
		part = strings.TrimSpace(part)
		if strings.HasSuffix(part, "?") || strings.HasSuffix(part, "か。") || strings.HasSuffix(part, "か") {
			continue
		}
		add := func(m []string, points ...func(string) (Point, string)) {
			if m == nil {
				return
			}
			for _, point := range points {
				if p, value := point(m[3]); value != "" {
					about := strings.ToLower(strings.ReplaceAll(m[2], "-", ""))
					out = append(out, fact{about, p, value, ownsIt.MatchString(m[1]), Said{s.Person, part}})
				}
			}
		}
		for _, find := range []*regexp.Regexp{ofPersonEN, ofPersonJA} {
			add(find.FindStringSubmatch(part), nationalityIn, residenceIn)
		}
		for _, find := range []*regexp.Regexp{ofThingEN, ofThingJA} {
			add(find.FindStringSubmatch(part), fundingIn, listedIn)
		}
	}
	return out
}

func nationalityIn(text string) (Point, string) {
	countries, region := analysis.ThirdCountries()
	if name := countries.FindString(strings.ToLower(text)); name != "" {
		return Nationality, signed(text, region[name].String())
	}
	switch c := retrieval.Countries(text); {
	case len(c) == 1 && c[0] == corpus.US:
		return Nationality, signed(text, "US")
	case len(c) == 1 && c[0] == corpus.JP:
		return Nationality, signed(text, "JP")
	}
	return Nationality, ""
}

func residenceIn(text string) (Point, string) { return Residence, either(text, permanent, temporary) }
func fundingIn(text string) (Point, string)   { return Funding, either(text, funded, private) }
func listedIn(text string) (Point, string)    { return Listed, either(text, listed, unlisted) }

// either tells a point from its opposite, whose name may hold the point's own; "" where
// the text says neither.
func either(text string, is, opposite *regexp.Regexp) string {
	switch {
	case opposite.MatchString(text):
		return signed(text, "no")
	case is.MatchString(text):
		return signed(text, "yes")
	}
	return ""
}

// signed is a value, or that it is denied.
func signed(text, value string) string {
	denied := negated.MatchString(text)
	switch {
	case denied && value == "yes":
		return "no"
	case denied && value == "no":
		return "yes"
	case denied:
		return "not " + value
	}
	return value
}

// WithoutOwn leaves out of what a colleague has said the sentences about the colleague's
// own case, which are no part of another's question.
func WithoutOwn(text string) string {
	var out []string
	for _, part := range sentence.FindAllString(analysis.Normalize(text), -1) {
		if part = strings.TrimSpace(part); part != "" && (!mine.MatchString(part) || strings.HasSuffix(part, "?")) {
			out = append(out, part)
		}
	}
	return strings.Join(out, " ")
}
