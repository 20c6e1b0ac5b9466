package answer

import (
	"regexp"
	"strings"

	"kakehashi/retrieval"
)

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
