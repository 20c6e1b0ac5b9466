package thread

import (
	"regexp"
	"slices"
	"strings"

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

// fact is a statement on a point.
type fact struct {
	about string // student, postdoc …
	point Point
	value string // as signed has it
	whose string // the word that says whose student it is
	said  Said
}

// against reports whether a fact goes against an earlier one. Who speaks of a case of
// their own after another has spoken speaks of another case, and so do two people who
// say "his" and "her".
func (f fact) against(earlier fact) bool {
	theirs := theirsIs.MatchString(f.whose) && theirsIs.MatchString(earlier.whose)
	if ownsIt.MatchString(f.whose) || theirs && f.whose != earlier.whose {
		return false
	}
	value, denied := strings.CutPrefix(f.value, "not ")
	other, deniedToo := strings.CutPrefix(earlier.value, "not ")
	if denied || deniedToo {
		return denied != deniedToo && value == other
	}
	return value != other
}

const (
	whoseEN = `(?i)\b(my|our|the|this|that|his|her|their|your)\s+(?:new |visiting |foreign |own |\w+ese |\w+an )?`
	whomEN  = `(post-?doc(?:toral (?:fellow|researcher))?|student|intern|visitor|visiting (?:researcher|scholar|professor)|researcher|scholar|professor|engineer|employee|colleague|collaborator|candidate|fellow)\b`
	whomJA  = `(ポスドク|博士研究員|留学生|学生|院生|インターン|訪問者|客員研究員|研究員|研究者|教授|技術者|従業員|社員|共同研究者|候補者)`
	thingEN = `(item|technology|software|equipment|material|project|research|work|study|results?|data|instrument|device|camera|laser)\b`
	thingJA = `(品目|貨物|技術|ソフトウェア|装置|材料|プロジェクト|研究|研究課題|成果|データ)`
)

var (
	ofPersonEN = regexp.MustCompile(whoseEN + whomEN + `(?:[^.?!\n]{0,40}?)\s((?:is|was|comes|came|holds|has|isn't|wasn't|does not|doesn't|became|will be)\b[^.?!\n]{0,80})`)
	ofPersonJA = regexp.MustCompile(`(私の|わたしの|うちの|当方の|我々の|私たちの|その|この|あの|彼の|彼女の)?` + whomJA + `(?:さん|の方)?(?:は|が)([^。?!\n]{1,60})`)
	ofThingEN  = regexp.MustCompile(whoseEN + thingEN + `(?:[^.?!\n]{0,40}?)\s((?:is|are|was|were|isn't|aren't|wasn't|weren't|does not|doesn't|do not|don't|has|have|receives|received)\b[^.?!\n]{0,80})`)
	ofThingJA  = regexp.MustCompile(`(私の|わたしの|うちの|当方の|我々の|私たちの|その|この|あの)?` + thingJA + `(?:は|が)([^。?!\n]{1,60})`)

	negated = regexp.MustCompile(`(?i)\bnot\b|n't\b|\bno longer\b|\bno\b|ではな|じゃな|でない|ていない|てない|しない|ません|なく`)
	// What might be, was once, or is said of another or of anyone, is not said of the case.
	elsewhere = regexp.MustCompile(`(?i)\b(?:if|unless|suppos(?:e|ing)|assum(?:e|ing)|imagine|say that|in case|whether|would|could|might|perhaps|maybe|thought|until|formerly|previously|used to|last time|the rule says|who is|that is|other|another)\b|もし|仮に|(?:国籍|籍|永住者|該当|出身|人)(?:なら|であれば|だったら|だとすると|の場合|する場合|している場合)|場合(?:は|に)|かもしれ|と思ってい|年まで|以前|前回|かつて|昔は|(?:別|ほか|他|もう(?:一人|ひとり|一つ|ひとつ))の`)

	permanent = regexp.MustCompile(`(?i)permanent resident|green card|永住者|永住権|グリーンカード`)
	temporary = regexp.MustCompile(`(?i)\b(?:on|holds?|has|with|in)\s+(?:an?\s+)?(?:[\w-]+\s+)?(?:H-?1B|J-?1|F-?1|O-?1|visa(?:[\s.,;!]*$|\s+(?:holder|status|and|since)))|ビザ(?:で|です|を(?:持|取))`)
	funded    = regexp.MustCompile(`(?i)\b(?:federally|government|publicly|NSF|NIH|DOE|DOD|DARPA)[- ]?(?:funded|supported|sponsored|grant|funding|funds)|\b(?:funded|supported|sponsored) by (?:the )?(?:NSF|NIH|DOE|DOD|DARPA|government|federal)|科研費|公的資金|政府資金|国の(?:資金|助成)|JST|NEDO`)
	private   = regexp.MustCompile(`(?i)\bprivately (?:funded|supported)|\b(?:funded|supported|sponsored) by (?:a |the |our )?(?:company|industry|firm|foundation|sponsor)|民間(?:資金|企業の)|企業の資金|自己資金`)
	listed    = regexp.MustCompile(`(?i)\b(?:listed|controlled|on the (?:CCL|USML|control list)|ECCN \w+)\b|リスト規制に?該当|該当(?:品|する|です)|規制対象`)
	unlisted  = regexp.MustCompile(`(?i)\bEAR99\b|\b(?:unlisted|uncontrolled)\b|非該当`)

	ownsIt   = regexp.MustCompile(`(?i)^(?:my|私の|わたしの|うちの)$`)
	theirsIs = regexp.MustCompile(`(?i)^(?:his|her|彼の|彼女の)$`)

	// A country is someone's nationality by what stands around it.
	american = regexp.MustCompile(`\bU\.?S\.?(?:A\.?)?\b|(?i:\bunited states\b|\bamerican?\b)|米国|アメリカ`)
	japanese = regexp.MustCompile(`(?i)\bjapan(?:ese)?\b|日本`)
	comesOf  = regexp.MustCompile(`(?i)\b(?:from|citizen of|national of|citizenship of|nationality of)\s+(?:the\s+)?$`)
	isOne    = regexp.MustCompile(`(?i)^(?:is|isn't|was|wasn't|became|will be)(?:\s+(?:not|also|an?|actually|in fact|really|indeed|still|now|already))*\s+$`)
	ends     = regexp.MustCompile(`(?i)^(?:\s*$|[.,;:!)-]|\s+(?:and|too|by|now|but|not|as)\b)`)
	national = regexp.MustCompile(`(?i)^\s*(?:nationals?|citizens?|citizenship|passport|nationality)\b|^国?籍|^(?:人|出身|の方|の国籍|のパスポート|の旅券)`)
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
			if i := slices.IndexFunc(facts[c], func(o fact) bool { return o.said.Person == f.said.Person }); i >= 0 {
				facts[c][i] = f
			} else {
				facts[c] = append(facts[c], f)
			}
		}
	}
	var out []Disagreement
	for _, c := range order {
		d := Disagreement{About: c.point}
		differ := false
		for i, f := range facts[c] {
			for _, o := range facts[c][:i] {
				differ = differ || f.against(o)
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
		if strings.HasSuffix(part, "?") || strings.HasSuffix(part, "か。") || strings.HasSuffix(part, "か") || elsewhere.MatchString(part) {
			continue
		}
		add := func(m []string, points ...func(string) (Point, string)) {
			if m == nil {
				return
			}
			for _, point := range points {
				if p, value := point(m[3]); value != "" {
					about := strings.ToLower(strings.ReplaceAll(m[2], "-", ""))
					out = append(out, fact{about, p, value, strings.ToLower(m[1]), Said{s.Person, part}})
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
	lower := strings.ToLower(text)
	for _, at := range countries.FindAllStringIndex(lower, -1) {
		if isNationality(lower, at) {
			return Nationality, signed(text, region[lower[at[0]:at[1]]].String())
		}
	}
	for value, names := range map[string]*regexp.Regexp{"US": american, "JP": japanese} {
		for _, at := range names.FindAllStringIndex(text, -1) {
			if isNationality(text, at) {
				return Nationality, signed(text, value)
			}
		}
	}
	return Nationality, ""
}

func isNationality(text string, at []int) bool {
	before, behind := text[:at[0]], text[at[1]:]
	return national.MatchString(behind) || comesOf.MatchString(before) || isOne.MatchString(before) && ends.MatchString(behind)
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
