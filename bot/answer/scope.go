package answer

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"kakehashi/bot/thread"
	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// reason is why a question is declined.
type reason int

const (
	inScope reason = iota
	notHeld
	evasion
	aboutPerson
	thirdCountry
	unknownRule
	determination
)

func (r reason) showsNearest() bool { return r != evasion && r != aboutPerson }

// scope knows what the library could answer at all.
type scope struct {
	text      string // all editions, normalised and in lower case
	countries *regexp.Regexp
	region    map[string]language.Region
}

func newScope(lib *corpus.Library) scope {
	var b strings.Builder
	for _, d := range lib.Documents {
		b.WriteString(d.TitleJA + "\n")
		for _, ed := range d.Editions {
			b.WriteString(ed.Title + "\n" + ed.Citation + "\n" + ed.Issuer + "\n")
			for _, p := range ed.Passages {
				b.WriteString(p.Locator + "\n" + p.Heading + "\n" + p.Text + "\n")
			}
		}
	}
	for _, t := range lib.Glossary {
		b.WriteString(strings.Join(append(t.Names(language.English), t.Names(language.Japanese)...), "\n") + "\n")
	}
	s := scope{text: strings.ToLower(analysis.Normalize(b.String()))}
	s.countries, s.region = countryNames()
	return s
}

var (
	evading     = regexp.MustCompile(`\b(how (can|could|do|should|might|would|to)|what(?:'s| is) the (best|easiest) way|ways? to|help me|help us|tips?|trick|show me how|tell me how|advise me|is there a way|can (i|we)|could (i|we)|let me)\b[^.?]*\b(hide|hiding|conceal|disguise|evade|circumvent|bypass|dodge|get around|work around|sneak|smuggle|falsify|fake|forge|mislabel|launder|undeclared|without (?:anyone|anybody|them|bis|meti|nsf|nih|the government|the university|customs|my university)? ?(?:noticing|knowing|finding out|detect\w*|being (?:caught|noticed|detected)|getting caught|telling|disclosing|reporting|declaring|applying for|obtaining)|avoid (?:the |a |an |any |having to |getting |needing |applying for )?(?:licen[sc]\w*|disclos\w*|report\w*|screening|detection|controls?|review|export controls?|rules?|declaring|telling)|split (?:the |a |an |up )?(?:shipment|order|contract|gift|payment)s?|so that (?:it|they|nobody|no one) (?:is not|isn't|does not|doesn't|won't|will not)? ?(?:notice\w*|detect\w*|caught|flag\w*|reported))`)
	unnoticed   = regexp.MustCompile(`\b(so that|so|such that|in a way that)\b[^.?]*\b(does ?n[o']t|do ?n[o']t|will not|won't|cannot|can't|never|no one|nobody)\b[^.?]*\b(notice|see|find|detect|flag|know|catch|trigger)|\bwithout\b[^.?]*\b(being|getting) (triggered|noticed|caught|flagged|detected|reported|seen)|\beasiest\b[^.?]*\b(pass|rout|send|ship|get|transfer)[^.?]*\bwithout\b|\bso that (each|every|it|they)\b[^.?]*\b(stays?|remains?|falls?) (under|below)`)
	unnoticedJA = regexp.MustCompile(`(気づかれ|気付かれ|知られ|見つから|ばれ|バレ)ない(ように|よう)|(許可|届出|届け出|報告|申告|開示)(を)?(なしに|なしで|せずに|しないで)[^。]*(どう(すれば|したら)|方法|簡単|経由|回す)|(経由)[^。]*(簡単|楽)|下回るよう|超えないように(分け|分割)`)
	evadingJA   = regexp.MustCompile(`(隠(す|し|して|せ|蔽)|偽(る|っ|装|造)|ごまか|回避(する|し|でき)|逃れ|免れ|すり抜け|迂回|かいくぐ|ばれ(ない|ず)|バレ(ない|ず)|見つから(ない|ず)|気づかれ(ない|ず)|知られ(ない|ず)に|無許可で|許可を(取ら|得)(ず|ない|ないで)|申告(せず|しないで)|届け出(ず|ないで)|報告(せず|しないで)|(小分け|分割)(して|に)|虚偽|内緒で|こっそり)[^。]*(方法|やり方|どう(すれば|したら|やって)|手段|コツ|抜け道|手伝っ|たい(です|の|。|$))|(抜け道|裏技)`)
	// A question about what follows from a breach is no request for help with one.
	breachJA    = regexp.MustCompile(`罰則|罰金|違反(した|する|すると)|処罰|刑罰|摘発`)
	personTitle = `(?:professor|prof\.?|dr\.?|mr\.?|ms\.?|mrs\.?|student|postdoc|colleague|researcher|visitor|collaborator|employee|co-?author|supervisor|applicant|candidate|engineer|scientist|dean|president)`
	namedPerson = regexp.MustCompile(`(?i:\b` + personTitle + `),?\s+(?:named |called )?((?:[A-Z][\p{Ll}'-]+\s?){1,3})`)
	bareName    = regexp.MustCompile(`^(?:Is|Was|Did|Does|Has|Should|Can|Who is|Tell me about|What (?:is|do you know about)) ((?:[A-Z][\p{Ll}'-]+ ){1,2}[A-Z][\p{Ll}'-]+)\b`)
	personAsked = regexp.MustCompile(`(?i)\b(sp(y|ies|ying)|loyal|loyalty|trust(ed|worthy)?|secret(ly)? (agent|work\w*)|work(s|ing|ed)? for|agent of|connected (to|with)|ties (to|with)|links? (to|with)|affiliat\w+|belongs?|member of|hold(s|ing)? (a|any) clearance|has (a|any) clearance|have (a|any) clearance|background of|criminal|arrested|convicted|address|salary|earn(s|ed)?|phone|e-?mail|nationality of|born|married|family|who is|risk|suspicious|dangerous|guilty|stole|stealing|leak(ed|ing)?|cheat(ed|ing)?|cleared|vetted|blacklisted|investigated)\b`)
	// What a rule demands of somebody, rather than what somebody is or does.
	ruleAsked     = regexp.MustCompile(`(?i)\b(need|needs|require[ds]?|must|may|can|allowed|count|counts|covered|subject|deemed|rule|rules|licen[cs]e|exempt|appl(y|ies)|fall|falls|disclose|report)\b`)
	privateDetail = regexp.MustCompile(`(?i)\b(home address|private address|phone number|telephone number|mobile number|e-?mail address|date of birth)\b|(自宅|個人の)?(住所|電話番号|携帯番号|メールアドレス|生年月日)(は|を教え)|which of my (students|staff|postdocs|colleagues)\b|(学生|職員|部下|研究員)のうち、?(誰|だれ|どの人)`)
	personJA      = regexp.MustCompile(`[\p{Han}ァ-ヺーA-Za-z・]{1,12}(?:さん|氏|教授|准教授|先生|博士|君|くん|様|研究員)(?:は|が|って|の|を|に)`)
	personJAAsk   = regexp.MustCompile(`スパイ|工作員|信用でき|信頼でき|怪しい|あやしい|つなが(り|って)|関係者|所属(して|先)|どこの(大学|国|機関)|経歴|国籍は|国籍を|逮捕|前科|住所|年収|給料|給与|電話|メール|どんな人|どういう人|危険|疑(い|わ)|盗(ん|み)|漏(ら|え)|クリアランスを持っ|合格|出身|何歳|家族`)
	classify      = regexp.MustCompile(`(?i)\b(?:which|what)(?: is the| are the)? (?:eccn|usml category|classification|hs code|control number)\b.*\b(?:our|my|this|the new|for|of|applies)\b|\b(?:classify|determine the eccn)\b.*\b(?:our|my|this|for me|for us)\b|\b(?:is|are) (?:our|my) [\w -]{2,40}\b(?:ear99|eccn|controlled|listed)\b`)
	classifyJA    = regexp.MustCompile(`(?:当社|弊社|うち|我々|私たち|自社|本学|この|新製品|新しい)[^。]*(?:該非判定(?:結果|して|を(?:教え|お願い|し))|ECCN(?:は|を|番号)|該当(?:品|貨物)?(?:です|でしょう)か)|該非判定(?:の)?結果(?:を教え|は(?:何|どう))`)
	ownFiles      = regexp.MustCompile(`(?i)\bwhich of (our|my) \b|(当方|当社|弊社|うち|私たち|我々|本学)の[^。]*(のうち|の中で)[^。]*どれ`)
	command       = regexp.MustCompile(`(?i)^(?:please |forget [^.]*\. *)?(?:write|draft|compose|generate|book|order|sing|play|pretend|roleplay|act as)\b|(?:書いて|作成して|予約して|歌って|演じて)(?:ください|くれ|ほしい)`)
	// What changed is known from watching sources, not from the library.
	news     = regexp.MustCompile(`\b(what(?:'s| is| has)?(?: been)? (?:changed?|new|happened|updated)|any (?:news|updates?|changes))\b[^?]*\b(?:today|yesterday|this (?:week|month|morning)|last (?:week|month)|recently|lately)\b|(今日|昨日|今週|先週|今月|先月|最近)[^。]*(変わった|変わりました|変更|改正|ニュース|新しい)[^。]*(何|ありますか|教えて|ですか)`)
	onList   = regexp.MustCompile(`(?i)^(?:is|are|was|were|has) (?:the )?(?:company |firm |university |institute )?([A-Z][\w&.'-]*(?: (?:of|and|the|[A-Z][\w&.'-]*))*)\s+(?:(?:currently|still|now|also) )?(?:on|in|listed|designated|included|a listed|sanctioned|added|an? (?:entity|military|sdn))\b`)
	onListJA = regexp.MustCompile(`^(.{2,30}?)(?:社)?は(?:.{0,12})(?:リスト|名簿)に(?:載って|掲載|入って|含まれ|指定)`)
)

// outside decides whether the question lies outside what may or can be answered.
func (s scope) outside(e *Engine, q asked, r thread.Resolved, hits []retrieval.Hit) reason {
	text := analysis.Normalize(r.Text)
	lower := strings.ToLower(text)
	switch {
	case evading.MatchString(lower) || unnoticed.MatchString(lower) || (evadingJA.MatchString(text) || unnoticedJA.MatchString(text)) && !breachJA.MatchString(text):
		return evasion
	case s.asksAboutPerson(text):
		return aboutPerson
	case command.MatchString(text) || news.MatchString(lower):
		return notHeld
	case ownFiles.MatchString(text) || classify.MatchString(text) || classifyJA.MatchString(text) || s.asksAboutListing(text):
		return determination
	case s.asksOtherCountry(text, hits):
		return thirdCountry
	case s.namesUnknownRule(r.Text, q):
		return unknownRule
	case len(hits) > 0 && e.definesTerm(r):
		return inScope
	case !s.covered(e, q, hits):
		return notHeld
	}
	return inScope
}

// asksAboutPerson finds questions about what somebody is or does. A person whom
// the library itself names, as an author or an official, may be asked about.
func (s scope) asksAboutPerson(text string) bool {
	var name string
	if m := namedPerson.FindStringSubmatch(text); m != nil {
		name = m[1]
	} else if m := bareName.FindStringSubmatch(text); m != nil {
		name = m[1]
	}
	if name = strings.TrimSpace(name); name != "" && (personAsked.MatchString(text) || !ruleAsked.MatchString(text)) {
		return !s.holds(lastWord(name))
	}
	if privateDetail.MatchString(text) {
		return true
	}
	if m := personJA.FindString(text); m != "" && personJAAsk.MatchString(text) {
		for _, suffix := range []string{"さん", "氏", "教授", "准教授", "先生", "博士", "君", "くん", "様", "研究員"} {
			if i := strings.Index(m, suffix); i > 0 {
				name = m[:i]
				if j := strings.LastIndexAny(name, "のはがを、"); j >= 0 {
					name = name[j+len("の"):]
				}
				return len([]rune(name)) < 2 || !s.holds(name)
			}
		}
	}
	return false
}

func lastWord(s string) string {
	f := strings.Fields(s)
	return f[len(f)-1]
}

// asksAboutListing finds questions whether a party that the library does not name
// stands on a list.
func (s scope) asksAboutListing(text string) bool {
	for _, re := range []*regexp.Regexp{onList, onListJA} {
		if m := re.FindStringSubmatch(text); m != nil {
			name := strings.TrimSpace(m[1])
			if len(retrieval.Countries(name)) == 0 && !s.holds(name) && strings.IndexFunc(name, isName) >= 0 {
				return true
			}
		}
	}
	return false
}

func isName(r rune) bool { return (r >= 'A' && r <= 'Z') || r > 0x3000 }

func (s scope) holds(words string) bool {
	return strings.Contains(s.text, strings.ToLower(strings.TrimSpace(words)))
}

// countryNames lists the countries other than the United States and Japan, as
// CLDR names them in both languages.
func countryNames() (*regexp.Regexp, map[string]language.Region) {
	byName := map[string]language.Region{}
	en, ja := display.Regions(language.English), display.Regions(language.Japanese)
	var alternatives []string
	add := func(name string, r language.Region) {
		name = strings.ToLower(analysis.Normalize(name))
		if _, ok := byName[name]; ok || len(name) < 3 {
			return
		}
		byName[name] = r
		if name[0] < 0x80 {
			name = `\b` + regexp.QuoteMeta(name) + `\b`
		} else {
			name = regexp.QuoteMeta(name)
		}
		alternatives = append(alternatives, name)
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			r, err := language.ParseRegion(string([]rune{a, b}))
			if err != nil || !r.IsCountry() || r.String() == "US" || r.String() == "JP" || r.Canonicalize() != r {
				continue
			}
			add(en.Name(r), r)
			add(ja.Name(r), r)
		}
	}
	for code, names := range otherNames {
		if r, err := language.ParseRegion(code); err == nil {
			for _, n := range names {
				add(n, r)
			}
		}
	}
	return regexp.MustCompile(strings.Join(alternatives, "|")), byName
}

// otherNames are adjectives and everyday names that CLDR does not list.
var otherNames = map[string][]string{
	"GB": {"uk", "u.k.", "britain", "british", "england", "english law", "英国"}, "KR": {"korean", "south korean", "korea"},
	"DE": {"german"}, "FR": {"french"}, "IT": {"italian"}, "ES": {"spanish"}, "NL": {"dutch", "holland"}, "CH": {"swiss"},
	"AT": {"austrian"}, "BE": {"belgian"}, "SE": {"swedish"}, "NO": {"norwegian"}, "DK": {"danish"}, "FI": {"finnish"},
	"PL": {"polish"}, "CZ": {"czech", "czech republic"}, "PT": {"portuguese"}, "GR": {"greek"}, "IE": {"irish"}, "HU": {"hungarian"},
	"UA": {"ukrainian"}, "RU": {"russian"}, "TR": {"turkish", "turkey"}, "IL": {"israeli"}, "IN": {"indian"}, "PK": {"pakistani"},
	"BD": {"bangladeshi"}, "VN": {"vietnamese"}, "TH": {"thai"}, "MY": {"malaysian"}, "SG": {"singaporean", "singapore's"},
	"ID": {"indonesian"}, "PH": {"philippine", "filipino"}, "TW": {"taiwanese", "台湾"}, "HK": {"hong kong", "香港"}, "CN": {"chinese", "prc"},
	"AU": {"australian", "豪州"}, "NZ": {"new zealand's"}, "CA": {"canadian"}, "MX": {"mexican"}, "BR": {"brazilian"}, "AR": {"argentine", "argentinian"},
	"CL": {"chilean"}, "CO": {"colombian"}, "PE": {"peruvian"}, "ZA": {"south african"}, "EG": {"egyptian"}, "NG": {"nigerian"}, "KE": {"kenyan"},
	"SA": {"saudi"}, "AE": {"uae", "emirati"}, "IR": {"iranian"}, "IQ": {"iraqi"}, "KP": {"north korean"}, "KZ": {"kazakh"},
}

const ruleNouns = `(?:laws?|acts?|rules?|regulations?|regime|controls?|statutes?|legislation|polic(?:y|ies)|requirements?|guidelines?|systems?|list|order|ordinance|authority|authorities|ministry|government|scheme|license|licence|licensing|penalt(?:y|ies))`

// asksOtherCountry finds questions about a third country's own rules, or whose
// point is a country of which the passages found say nothing. A person's
// nationality and a destination are no such point.
func (s scope) asksOtherCountry(text string, hits []retrieval.Hit) bool {
	lower := strings.ToLower(text)
	for _, at := range s.countries.FindAllStringIndex(lower, -1) {
		region := s.region[lower[at[0]:at[1]]]
		switch {
		case ruleOf(lower, at[0], at[1]):
			if !s.mentioned(region, hits, headingsOf) {
				return true
			}
		case !inPassing(lower, at[0], at[1]):
			if !s.mentioned(region, hits, wholeOf) {
				return true
			}
		}
	}
	return false
}

var (
	nationality = regexp.MustCompile(`^(?:[ -](?:\w+[ -])?(?:born |national|citizen|passport|student|postdoc|researcher|scientist|scholar|professor|engineer|visitor|colleague|partner|company|companies|firm|parent|subsidiary|university|universities|institute|customer|supplier|collaborator|employee|origin|military|entity|entities|state|government|talent|name)|人|籍|国籍|系|出身|製|企業|の(?:大学|企業|会社|学生|研究者|研究機関|政府|子会社|親会社|取引先|顧客|軍|人材))`)
	destination = regexp.MustCompile(`(?:\b(?:to|into|from|with|through|via|for|by|against|at|between|and|or|near)|\b(?:in|of)\b.*) (?:the )?$`)
	firstPerson = regexp.MustCompile(`\b(?:i|we|my|our|me|us)\b`)
	toward      = regexp.MustCompile(`^(?:へ|に|向け|から|と|や|、|・|及び|又は|で(?:の|開|働|勤|研究|会)|など)`)
)

// inPassing reports whether a country is named as somebody's nationality, as a
// destination, or as the place of something of the asker's own.
func inPassing(lower string, start, end int) bool {
	before, rest := lower[:start], lower[end:]
	if nationality.MatchString(rest) || toward.MatchString(rest) {
		return true
	}
	m := destination.FindString(before)
	if strings.HasPrefix(m, "in") || strings.HasPrefix(m, "of") {
		return firstPerson.MatchString(lower)
	}
	return m != ""
}

var (
	afterCountry   = regexp.MustCompile(`^(?:'s|s')?(?:[ -][\w-]+){0,4}?[ -]` + ruleNouns + `\b`)
	countryActs    = regexp.MustCompile(`^ (?:require|regulate|allow|permit|control|treat|define|restrict|punish|handle|screen|say|have|impose|ban)s?\b`)
	beforeCountry  = regexp.MustCompile(`(?:\b(?:law|laws|rules?|regulations?|legislation|controls?|act|regime|policy|requirements?) (?:of|in)|\bunder|\bhow about in|\band in|\bwhat about|\bhow does|\bdoes|\bdo) (?:the )?$`)
	afterCountryJA = regexp.MustCompile(`^(?:政府)?(?:の|における|では|でも|国内の|には|は、|は)[^。]{0,14}?(?:法|規制|制度|規則|条例|政策|管理|手続|罰則|どう(?:定め|なって|です)|リスト)|^(?:では|においては|の場合は)[^。]*(?:必要|でき|義務|対象)[^。]*か`)
)

func ruleOf(lower string, start, end int) bool {
	rest, before := lower[end:], lower[:start]
	if nationality.MatchString(rest) {
		return false
	}
	return afterCountry.MatchString(rest) || countryActs.MatchString(rest) && beforeCountry.MatchString(before) ||
		(beforeCountry.MatchString(before) && !strings.HasPrefix(strings.TrimSpace(before), "may") && endsClause(rest)) ||
		afterCountryJA.MatchString(rest)
}

func endsClause(rest string) bool {
	rest = strings.TrimSpace(rest)
	return rest == "" || strings.ContainsAny(rest[:1], "?.,;") || strings.HasPrefix(rest, "law")
}

// mentioned reports whether one of the first passages names the country, in either
// language, in the part of it that the function gives.
func (s scope) mentioned(r language.Region, hits []retrieval.Hit, part func(retrieval.Hit, *corpus.Edition) string) bool {
	for _, h := range hits[:min(5, len(hits))] {
		for i := range h.Document.Editions {
			for _, m := range s.countries.FindAllString(strings.ToLower(analysis.Normalize(part(h, &h.Document.Editions[i]))), -1) {
				if s.region[m] == r {
					return true
				}
			}
		}
	}
	return false
}

// headingsOf is what a passage is called: its document's title and citation, its
// locator and topic.
func headingsOf(h retrieval.Hit, e *corpus.Edition) string {
	p, _ := e.Passage(h.Passage.ID)
	return e.Title + " " + e.Citation + " " + p.Locator + " " + p.Heading
}

func wholeOf(h retrieval.Hit, e *corpus.Edition) string {
	p, _ := e.Passage(h.Passage.ID)
	return headingsOf(h, e) + " " + p.Text
}

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

// unknownJapanese reports whether no ending of the name of two characters or
// more before its last one stands in the library: 米国輸出管理改革法 ends in
// 輸出管理改革法.
func (s scope) unknownJapanese(name string) bool {
	rs := []rune(strings.ReplaceAll(name, "・", ""))
	text := s.text
	for from := 0; from+4 <= len(rs); from++ {
		if strings.Contains(text, string(rs[from:])) {
			return false
		}
	}
	return len(rs) >= 4 || !strings.Contains(text, string(rs))
}

// The decision whether the passages found hold the answer is a logistic model
// over what the search says of its best passage. Its coefficients were fitted to
// 532 development questions, 367 of them answerable, on which it decides 90 %
// rightly in eight-fold cross-validation.
const (
	biasAnswerable = -11.3
	perScore       = 2.89  // of ln(1 + score of the best passage)
	perCoverage    = 1.74  // of the part of the question's worth that it bears
	perUnknown     = -2.67 // of the part that no passage of the library bears
	perTerms       = 1.12  // of ln(1 + number of terms asked for)
	perStranger    = -1.39 // of the names asked for that the library does not know, two at most

	namedBonus = 0.3 // of coverage, where the question names the document

	// A short question that one passage bears whole, with a rare word among the
	// matches, needs no high score.
	wholeCoverage = 0.9
	wholeRarity   = 5.2
)

func (s scope) covered(e *Engine, q asked, hits []retrieval.Hit) bool {
	if len(hits) == 0 {
		return false
	}
	best := hits[0]
	coverage, rarest, anchored := e.passageCoverage(q, best)
	if best.Edition.Language != q.lang && (!anchored || q.unknown > 0.5) {
		return false // across languages only a term of the field or a reference counts
	}
	if best.Why.Named && q.unknown == 0 {
		coverage += namedBonus
	}
	if coverage >= wholeCoverage && rarest*q.scale >= wholeRarity && q.unknown == 0 {
		return true
	}
	return biasAnswerable+perScore*math.Log1p(max(best.Score, best.Why.Lexical)*q.scale)+perCoverage*coverage+perUnknown*q.unknown+
		perTerms*math.Log1p(float64(len(q.terms)))+perStranger*float64(min(q.strangers(), 2)) > 0
}

// strangers counts the names and references in the question that stand nowhere in
// the library: a product, a company, a person.
func (q asked) strangers() int {
	n := 0
	for i, t := range q.terms {
		if t.df == 0 && (t.Kind == analysis.Identifier || t.Kind == analysis.Word && i > 0 && isProperName(t.From)) {
			n++
		}
	}
	return n
}

// isProperName reports whether a word is written as a name: with a capital, or in
// katakana.
func isProperName(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return len(w) > 1 && (unicode.IsUpper(r) || unicode.Is(unicode.Katakana, r))
}

// passageCoverage is the part of the question's worth that a passage with its
// headings bears, the worth of the rarest word matched, and whether a term of the
// field or a reference is matched.
func (e *Engine) passageCoverage(q asked, h retrieval.Hit) (coverage, rarest float64, anchored bool) {
	terms := e.termsOf(titlesOf(h) + " " + h.Passage.Locator + " " + h.Passage.Heading + " " + h.Passage.Text)
	coverage = q.coverage(h.Edition.Language, func(t weighted) float64 {
		if !terms[t.Text] {
			return 0
		}
		anchored = anchored || t.Kind == analysis.Concept || t.Kind == analysis.Identifier
		if t.Kind == analysis.Word {
			rarest = max(rarest, t.worth)
		}
		return 1
	})
	return coverage, rarest, anchored
}
