package conversation

import (
	"regexp"
	"slices"
	"strings"

	"kakehashi/bot/state"
	"kakehashi/bot/thread"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// verdict is what a message calls for.
type verdict int

const (
	ignore   verdict = iota
	remember         // it is part of a talk that the bot may be asked about later
	respond
)

// judge decides whether a message is for the bot. Where it is not named, it speaks only
// in a thread that began with a question to it and in which one person has written so
// far: as soon as colleagues talk to each other, they name it when they want it.
func judge(m Message, turns []state.Turn) verdict {
	if m.Way != Overheard {
		return respond
	}
	if len(turns) == 0 {
		return ignore
	}
	own := turns[0].Message == m.Thread.ID
	alone := !slices.ContainsFunc(turns, func(t state.Turn) bool { return t.Role == thread.User && t.Person != m.Person })
	if own && alone && len(m.Others) == 0 && !courteous(m.Text) && !callsSomeone(m.Text) && !aside(turns) {
		return respond
	}
	return remember
}

// aside reports whether what was said last was not for the bot: who has turned to a
// colleague goes on talking to the colleague. What was for the bot has a turn of the bot
// behind it.
func aside(turns []state.Turn) bool {
	for _, t := range slices.Backward(turns) {
		if t.Role == thread.Assistant {
			return false
		}
		if !courteous(t.Text) || callsSomeone(t.Text) {
			return true
		}
	}
	return false
}

// What is said out of courtesy asks nothing: set phrases, one after the other.
var courtesy = regexp.MustCompile(`(?i)^(?:(?:` + courtesyEN + `|` + courtesyJA + `|:[a-z0-9_+-]+:)?[\s,.!。、:\p{So}\p{Sk}\x{200d}\x{fe0f}~ー)(^_]*){1,6}$`)

var (
	// Who thanks and asks for nothing says nothing to be answered.
	thanks = regexp.MustCompile(`(?i)\bthank|\bthx\b|\bappreciate|^understood|^got it|^noted|ありがと|有難う|助かりました|^了解|^承知|^わかりました|^分かりました`)
	asks   = regexp.MustCompile(`(?i)` + asksEN + `|` + asksJA)
)

const (
	// A question or a request, at the head of a clause, or one's own case.
	asksEN = `\?|(?:^|[.!,:;] *)(?:and|but|so|also|then|now|next|other|another|one more|same|what|which|who|whose|when|where|why|how|is|are|was|were|do|does|did` +
		`|can|could|may|must|should|would|will|has|have|explain|tell|show|give|list|define|compare|please|for|in|with|about)\b|\b(?:my|our|we are|i am)\b`
	asksJA = `か[。!、]|か$|ください|下さい|教えて|お願い|[はも]。?$|とは|どう|何|なぜ|いつ|誰|どこ|だれ|どの|(?:私|うち|弊社|本学|当方)[はの]|[。!] ?.*(?:です|ます)。?$`
)

const (
	courtesyEN = `ok(?:ay)?|great|perfect|excellent|super|nice|cool|wonderful|fantastic|brilliant|sure|right|yes|yep|agreed|lovely` +
		`|awesome|amazing|got it|i see|understood|noted|all clear|will do|makes sense|sounds good|good to know|no problem|good point` +
		`|(?:many )?thanks?(?: (?:you|a lot|so much|very much|again))*` +
		`|thx|ty|cheers|much appreciated|(?:i )?appreciate (?:it|that|the help)` +
		`|(?:(?:that|this|it)(?:'s| is| was) )?(?:very |really |so |super )?(?:helpful|useful|clear|interesting)(?: (?:now|indeed))?` +
		`|(?:that|this) (?:helps|answers (?:it|my question)|clears it up|is (?:exactly )?what i (?:need|needed|was looking for))(?: (?:a lot|perfectly))?` +
		`|kakehashi|have a (?:nice|good) (?:day|evening|weekend)`
	courtesyJA = `(?:了解|承知)(?:です|(?:いた|致)?しました)?|(?:よく|良く)?(?:わかり|分かり)ました|なるほど(?:です)?|そうですか|そうなんですね|OKです|オッケー(?:です)?` +
		`|(?:どうも)?(?:ありがと(?:う)?|有難う|有り難う)(?:ございま(?:す|した))?|どうも|サンクス|感謝(?:します|いたします)?|恐れ入ります` +
		`|(?:とても|大変|すごく|非常に|本当に)?(?:助かり(?:ます|ました)|勉強になり(?:ます|ました)|参考になり(?:ます|ました)|(?:役|お役)に立ちました|分かりやすい(?:です)?|わかりやすい(?:です)?)` +
		`|(?:ご|御)(?:回答|説明|教示)(?:を)?(?:ありがとうございま(?:す|した)|に感謝します)|お疲れ(?:様|さま)(?:です|でした)|さすが(?:です)?|すごい(?:です(?:ね)?)?|素晴らしい(?:です)?|とても|大変`
)

func courteous(text string) bool {
	text = strings.TrimSpace(analysis.Normalize(text))
	return text != "" && (courtesy.MatchString(text) || thanks.MatchString(text) && !asks.MatchString(text))
}

var (
	// "Ben, is the camera yours?", "Hi Dr. Sato, …"
	// "Ben can you …"
	youEN    = regexp.MustCompile(`^\s*(\p{Lu}\p{Ll}+) (?:can|could|would|will|do|did|are|were|have) you\b`)
	calledEN = regexp.MustCompile(`(?i:^[\s]*(?:(?:hi|hey|hello|dear|thanks|thank you|sorry|ok|okay|yes|no|and|so|well|by the way|btw)\b,? +)?)(?:(?:Dr|Prof|Mr|Ms|Mrs)\.? |Professor )?(\p{Lu}\p{Ll}+)(?: \p{Lu}\p{Ll}+)?(?:-?(?i:san|sensei))?(?:[,:]\s|\s?[-—]\s)`)
	// "Thanks, Ben!"
	greetedEN = regexp.MustCompile(`^\s*(?i:hi|hey|hello|(?:many )?thanks(?: a lot| so much)?|thank you(?: so much| very much)?|sorry),? +(\p{Lu}\p{Ll}+)(?: \p{Lu}\p{Ll}+)?[\s.!]*$`)
	// "What do you think, Ben?"
	lastEN = regexp.MustCompile(`\b(?i:you|your)\b.*, (?:(?:Dr|Prof|Mr|Ms|Mrs)\.? |Professor )?(\p{Lu}\p{Ll}+)(?:-?(?i:san|sensei))?[?.!]*$`)
	// 田中さん、…
	calledJA = regexp.MustCompile(`^(?:[^、,。]{1,8}[、,])?\s*([\p{Han}\p{Katakana}\p{Hiragana}ー]{1,8}?)(?:さん|先生|教授|くん|君|様)(?:[、,。!\s:]|(?:は|も|の意見は)?(?:どう(?:思|お考え|です)|いかが)|$)`)
	lastJA   = regexp.MustCompile(`([\p{Han}\p{Katakana}ー]{1,8})(?:さん|先生|教授|くん|君|様)(?:は|なら|も)?(?:、)?(?:どう(?:思|お考え|です|でしょう)|いかが|ご存(?:じ|知)|(?:ご確認|確認)(?:いただけ|お願い|してもら))|、([\p{Han}\p{Katakana}ー]{1,8})(?:さん|先生|教授)[?。!]*$|([\p{Han}\p{Katakana}ー]{1,8})(?:さん|先生|教授)に(?:お?聞き|お?尋ね|お願い|確認|質問)`)
)

// openers stand where a name would, and are none.
var openers = wordSet(`
about according accordingly actually additionally after again also although alternatively america american and anyway apart
april as asking assuming august basically because before besides briefly but certainly clearly concretely conversely correct
currently december ditto equally especially even eventually exactly fair february finally fine first firstly
following for frankly friday from further furthermore generally given hello hence hey hi hmm hold honestly how however
if imagine in indeed initially instead interesting january japan japanese july june just kakehashi last lastly later
legally likewise listen look luckily march maybe may meanwhile monday moreover namely naturally nevertheless next no nonetheless normally
note nothing november now obviously october oh ok okay on once one only oops or otherwise overall perhaps please possibly
practically presumably previously probably question quick really regarding regardless relatedly remember right same
saturday say second secondly seemingly separately september similarly since so sometimes somehow soon sorry specifically still sunday
suppose sure surely technically thanks thank that then thereafter therefore thereby third thirdly this though thursday thus today
tomorrow tonight true tuesday
agreed amazing awesome brilliant cheers cool excellent fantastic good great interesting lovely nice noted perfect super wonderful
 typically ultimately understood unfortunately unless until us usually very wait wednesday well
what when where whereas whether which while who why wow yeah yep yes yesterday yet you
collaborators colleagues companies contractors employees engineers experts faculty interns postdocs professors researchers
scholars students universities visitors`)

// people are called with さん too, and are nobody in particular.
var people = wordSet(`学生 留学生 院生 研究者 研究員 教授 教員 職員 社員 従業員 客 お客 外国人 たく ポスドク 先方 相手 業者 企業 弁護士 担当者 担当`)

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[w] = true
	}
	return out
}

// callsSomeone reports whether a message calls a colleague by name. The names are not
// known: it goes by where one stands, and rather keeps silent.
func callsSomeone(text string) bool {
	text = analysis.Normalize(text)
	for _, called := range []*regexp.Regexp{youEN, calledEN, greetedEN, lastEN} {
		if m := called.FindStringSubmatch(text); m != nil && !openers[strings.ToLower(m[1])] && !isCountry(m[1]) {
			return true
		}
	}
	for _, called := range []*regexp.Regexp{calledJA, lastJA} {
		if m := called.FindStringSubmatch(text); m != nil && !people[strings.Join(m[1:], "")] {
			return true
		}
	}
	return false
}

func isCountry(name string) bool {
	countries, _ := analysis.ThirdCountries()
	return countries.MatchString(strings.ToLower(name)) || len(retrieval.Countries(name)) > 0
}
