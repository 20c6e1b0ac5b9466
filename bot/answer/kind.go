package answer

import (
	"regexp"
	"strings"

	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// kind is what form of answer a question asks for.
type kind int

const (
	kindOther      kind = iota
	kindWhen            // a date
	kindDuration        // a length of time
	kindAmount          // a number, an amount, a share
	kindWho             // a person, an agency
	kindList            // several things
	kindMay             // permission or duty, with its conditions
	kindDifference      // two things set side by side
	kindDefinition      // what something is
	kindValid           // whether something is in force, binding, a member
	kindPenalty         // what follows from a breach
	kindWhy             // a reason or purpose
)

// asks are tried in order; the first that fits decides. The patterns are those
// of the two languages, not of any question.
var asks = []struct {
	kind    kind
	pattern *regexp.Regexp
}{
	{kindDifference, regexp.MustCompile(`\b(differ(s|ent|ence|ences)?|compar(e|ed|es|ison)|versus|vs)\b|違い|異なる|異なり|どう違|比較|差異`)},
	{kindPenalty, regexp.MustCompile(`\b(penalt(y|ies)|fined?|fines|prison|jail|imprisonment|sanctioned|punish(ed|ment)?|consequences?|what happens)\b|罰則|罰金|懲役|拘禁刑|刑罰|制裁|違反(する|した|すると)`)},
	{kindDuration, regexp.MustCompile(`\b(how long|how many (days|weeks|months|years|hours)|how (far|early|soon)|for what period|validity|time limit|days ahead|in advance|within what)\b|どれくらい(の期間)?|どのくらい(の期間)?|何日(前|間|以内)?|何か月|何ヶ月|何カ月|何年(間|以内|まで)|期間|いつまで`)},
	{kindWhen, regexp.MustCompile(`\b(when|since when|by when|until when|what (date|day|year|month)|which (date|day|year|month)|in what year|deadline|due|effective date|start date|take effect|took effect|takes effect|enter into force|entered into force|start\?|begin\?)\b|いつ|何年|何月|期限|締切|締め切り|施行日|発効日|開始時期|時期`)},
	{kindAmount, regexp.MustCompile(`\b(how much|how many|what (amount|percentage|percent|share|sum|number|threshold|value|size)|from what (amount|share)|threshold|number of|percentage|budget|at what)\b|いくら|何(%|パーセント|割|人|件|か国|カ国|ヶ国|社|回|つ|条|項目|ドル|円)|どれだけ|金額|割合|人数|件数|上限|下限|基準額|比率`)},
	{kindWho, regexp.MustCompile(`\b(who|whom|whose|which (agency|office|ministry|body|department|authority|official|organi[sz]ation|company|university|institution|minister)|what (agency|office|ministry|body|department))\b|誰|だれ|どの(省庁|機関|官庁|組織|大学|会社|企業|部署|大臣)|どこ(が|の|に|へ)|何省|担当(省庁|機関)`)},
	{kindList, regexp.MustCompile(`\b(which|what (are|were) the|list|name the|what (kinds|types|categories|items|conditions|criteria|factors|elements|countries|fields|areas|steps|documents|information|questions)|examples of)\b|どの|どんな|どのような|何と何|列挙|一覧|種類|どこですか|挙げ`)},
	{kindWhy, regexp.MustCompile(`\b(why|purpose|reason|rationale|aim)\b|なぜ|どうして|理由|目的|趣旨|狙い`)},
	{kindValid, regexp.MustCompile(`\b(still (in force|valid|apply|applies|current|in effect)|in force|in effect|binding|expire[ds]?|repealed|withdrawn|suspended|a (member|party|participant) of|legally)\b|有効ですか|今も|まだ有効|失効|拘束力|廃止され|停止され|参加国|加盟|現在の状況|現状`)},
	{kindMay, regexp.MustCompile(`\b(may|can|could|am i|are we|do i|do we|does (my|our|the|a|an|this|it|that)|must|should|need(ed)?|allowed|permitted|required|have to|has to|cover(s|ed)?|appl(y|ies)|count(s)?|subject to|is (a|an|it|my|our)|okay|ok to)\b|できますか|よいですか|いいですか|可能ですか|必要ですか|必要がありますか|必要か|要りますか|べきですか|なりますか|当たりますか|該当しますか|適用されますか|含まれますか|対象になりますか|認められますか|ませんか|ますか|でしょうか`)},
	{kindDefinition, regexp.MustCompile(`\b(what (is|are|was|were|does|do|did)|define|definition|meaning|explain|describe|tell me about)\b|とは|何ですか|定義|意味|説明|教えて|について|定めて`)},
}

func kindOf(text string) kind {
	text = strings.ToLower(analysis.Normalize(text))
	for _, a := range asks {
		if a.pattern.MatchString(text) {
			return a.kind
		}
	}
	return kindOther
}

var (
	hasDate     = regexp.MustCompile(`\b(19|20)\d\d\b|(19|20)\d\d年|\d+月\d+日|\b(January|February|March|April|May|June|July|August|September|October|November|December)\b`)
	hasDuration = regexp.MustCompile(`(?i)\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|thirty|sixty|ninety)[- ](business |calendar |working )?(day|week|month|year|hour)s?\b|\d+(日|か月|ヶ月|年間|年以内|週間|時間|営業日|年)|(?i)\b(annual|yearly|every year|monthly)\b|毎年`)
	hasNumber   = regexp.MustCompile(`\d|(?i)\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|one|none|all|every)\b|[一二三四五六七八九十]つ|%`)
	hasAmount   = regexp.MustCompile(`[$¥€]\s?\d|USD|\d\s?(percent|per cent|%|million|billion|trillion|yen|dollars)|\d(億|兆|万)?(円|ドル|%|割|倍|人|件|か国|社)`)
	hasBody     = regexp.MustCompile(`\b[A-Z]{3,}\b|\b(Secretar(y|ies)|Ministers?|Ministry|Department|Office|Agency|Directors?|President|Commissioners?|Bureau|Council|Committee|Board|Commission|Administrator|Attorney General|Cabinet|Universit(y|ies)|Institute|officials?|officers?|head|manager|sponsors?|Governor|chairs?|co-chairs?|authors?|professors?)\b|(省|庁|局|大臣|長官|大統領|委員会|会議|機構|大学|研究所|内閣|首相|局長|氏|責任者|担当者|部長|議長)`)
	hasList     = regexp.MustCompile(`(?s),.*,.* (and|or) |;.*;|、.*、.*(及び|又は|並びに|など|等)|、.*、.*、|(?i)\b(first|second|third|namely|such as|including)\b|第1に|例えば`)
	hasModal    = regexp.MustCompile(`(?i)\b(may|must|need|needs|needed|required?|requires|allowed|permitted|covers?|covered|appl(y|ies)|subject|unless|if|only|not|no|exempt|counts?|when|where)\b|できる|必要|ならない|対象|適用|該当|限り|場合|要し|不要|認め|含ま|ない`)
	hasCompare  = regexp.MustCompile(`(?i)\b(while|whereas|unlike|differ(s|ent|ence)?|compared|by contrast|in contrast|than|instead|both|neither|narrower|wider|broader|same)\b|のに対し|一方|異なり|異なる|違い|反対に|双方|同じ|より(広|狭|厳)`)
	hasDefine   = regexp.MustCompile(`(?i)\b(means|is a|is an|is the|are the|defined as|refers to|covers|consists of|sets out|provides|says)\b|とは|をいう|である。|定義|定めて|対象と`)
	hasPenalty  = regexp.MustCompile(`(?i)\b(fine|fines|prison|imprison(ed|ment)?|penalt(y|ies)|per violation|years in|civil|criminal|terminat|suspend|debar|forfeit|abandon|denial|liab)|罰金|懲役|拘禁刑|罰則|過料|取消|取り消|停止|没収|制裁|科さ|処せ`)
	hasReason   = regexp.MustCompile(`(?i)\b(because|since|in order to|so that|to (protect|prevent|ensure|promote|make|help|allow|give|reduce|keep)|aims?|purpose|reason|due to|intended)\b|ため|目的|理由|から、|ことを目指|狙い|趣旨`)
	hasStanding = regexp.MustCompile(`(?i)\b(in force|expir|extend|renew|suspend|binding|repeal|amend|withdrawn|superseded|current|not a (party|member)|voluntary|until|ended|remains?|no longer|came into|took effect|guidance|duties|legal effect|treaty)|有効|失効|延長|更新|停止|拘束|廃止|改正|現在|参加し|加盟|任意|施行|効力`)
)

// fits reports how well a sentence has the form that the question asks for: 0 not
// at all, 1 well, and 13 for a comparison of both countries.
func (k kind) fits(sentence string) float64 {
	yes := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	switch k {
	case kindWhen:
		return yes(hasDate.MatchString(sentence)) * 0.8 // a bare year is weaker than a day
	case kindDuration:
		return max(yes(hasDuration.MatchString(sentence)), 0.4*yes(hasDate.MatchString(sentence)))
	case kindAmount:
		return max(yes(hasAmount.MatchString(sentence)), 0.6*yes(hasNumber.MatchString(sentence)))
	case kindWho:
		return yes(hasBody.MatchString(sentence))
	case kindList:
		return yes(hasList.MatchString(sentence))
	case kindMay:
		return yes(hasModal.MatchString(sentence))
	case kindDifference:
		// Few sentences compare, and one that compares two countries names both.
		return yes(hasCompare.MatchString(sentence)) * (1 + 12*yes(len(retrieval.Countries(sentence)) == 2))
	case kindDefinition:
		return yes(hasDefine.MatchString(sentence))
	case kindValid:
		return yes(hasStanding.MatchString(sentence))
	case kindPenalty:
		return max(yes(hasPenalty.MatchString(sentence)), 0.5*yes(hasAmount.MatchString(sentence)))
	case kindWhy:
		return yes(hasReason.MatchString(sentence))
	}
	return 0.5
}
