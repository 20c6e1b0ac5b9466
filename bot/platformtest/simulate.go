package platformtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

// Simulate has several people talk in many threads, in both languages, to the bot and to
// each other. Whether a message is for the bot is known when it is made, from what its
// author is about, not from its words. Nothing may be said uninvited, and every message
// for the bot has exactly one reply.
func Simulate(t *testing.T, seed uint64, messages int, open Open) {
	b := newBot(t, language.AmericanEnglish)
	s := &simulation{Platform: open(t, b), t: t, Rand: rand.New(rand.NewPCG(seed, 0)), said: map[string]int{}}
	for range messages {
		s.step()
	}
	answered, addressed, uninvited := s.answered, s.addressed, s.uninvited
	for _, kind := range slices.Sorted(maps.Keys(s.said)) {
		t.Logf("%5d %s", s.said[kind], kind)
	}
	t.Logf("%d messages: %d for the bot, %d of them answered once; %d not for the bot, %d of them replied to", messages, addressed, answered, messages-addressed, uninvited)
	if answered != addressed || uninvited != 0 || addressed == 0 || addressed == messages {
		t.Errorf("%d of %d messages for the bot were answered, and %d others", answered, addressed, uninvited)
	}
}

type simulation struct {
	Platform
	t *testing.T
	*rand.Rand
	talks []*talk
	n     int

	said                           map[string]int // by kind
	addressed, answered, uninvited int
}

// talk is a thread as its people know it.
type talk struct {
	Place
	phrases
	owner   string // who has begun it
	toBot   bool   // it began with a question to the bot
	joined  bool   // someone else has written
	turned  bool   // the owner is talking to a colleague
	present bool   // the bot has been asked something here
	quiet   bool   // colleagues leave it alone
}

const mostTalks = 40

func (s *simulation) step() {
	s.t.Helper()
	if len(s.talks) == 0 || s.IntN(8) == 0 {
		s.begin()
		return
	}
	k := s.talks[s.IntN(len(s.talks))]
	if strings.HasPrefix(k.Room, "@") {
		s.say(k, k.owner, "to the bot alone", s.one(k.questions, k.followUps, k.topics, k.statements), true)
		return
	}
	person := k.owner
	if !k.quiet && s.IntN(3) == 0 {
		person = []string{Ann, Ben, Eve}[s.IntN(3)]
	}
	mention := func(kind string, text string) {
		k.joined = k.joined || person != k.owner
		k.turned, k.present = false, true
		s.say(k, person, kind, Kakehashi+" "+text, true)
	}
	aside := func(kind, text string) {
		k.joined, k.turned = k.joined || person != k.owner && k.present, true
		s.say(k, person, kind, text, false)
	}
	alone := k.toBot && !k.joined && !k.turned && person == k.owner
	other := Ben
	if person == Ben {
		other = Eve
	}
	kind := s.IntN(10)
	if alone && k.quiet && s.IntN(4) > 0 {
		kind = 5 + s.IntN(5)
	}
	switch kind {
	case 0:
		mention("a follow-up by mention", s.one(k.followUps))
	case 1:
		mention("a topic by mention", s.one(k.topics))
	case 2:
		if k.turned = k.turned || person != k.owner; person != k.owner && k.present {
			k.joined = true
		}
		s.say(k, person, "thanks", s.one(k.thanks), false)
	case 3:
		aside("an aside to a colleague by mention", other+" "+s.one(k.followUps, k.statements, k.asides))
	case 4:
		aside("a question to a colleague by name", s.one(k.byName))
	case 5:
		if alone {
			s.say(k, person, "a statement to the bot", s.one(k.statements), true)
			return
		}
		aside("a statement among colleagues", s.one(k.statements, k.asides))
	case 6:
		if alone {
			s.say(k, person, "another topic", s.one(k.topics), true)
			return
		}
		aside("a question among colleagues", s.one(k.questions, k.topics))
	default:
		if alone {
			s.say(k, person, "a follow-up", s.one(k.followUps), true)
			return
		}
		aside("a follow-up among colleagues", s.one(k.followUps))
	}
}

// begin begins a talk.
func (s *simulation) begin() {
	s.t.Helper()
	k := &talk{phrases: []phrases{inEnglish, inJapanese}[s.IntN(2)], owner: []string{Ann, Ben, Eve}[s.IntN(3)], Place: Place{Room: General}}
	if len(s.talks) < mostTalks {
		s.talks = append(s.talks, k)
	} else {
		s.talks[s.IntN(mostTalks)] = k
	}
	switch s.IntN(5) {
	case 0:
		s.say(k, k.owner, "a talk among colleagues", s.one(k.questions, k.asides, k.byName), false)
	case 1:
		k.Room = k.owner
		s.say(k, k.owner, "to the bot alone", s.one(k.questions), true)
	default:
		k.toBot, k.present, k.quiet = true, true, s.IntN(3) > 0
		s.say(k, k.owner, "a question by mention", Kakehashi+" "+s.one(k.questions), true)
	}
}

// one is one of the texts.
func (s *simulation) one(from ...[]string) string {
	all := slices.Concat(from...)
	return all[s.IntN(len(all))]
}

// say has a person write, and counts what comes of it. What is for the bot carries a
// number, by which its answer is known.
func (s *simulation) say(k *talk, person, kind, text string, forBot bool) {
	s.t.Helper()
	s.n++
	s.said[kind]++
	number := ""
	if forBot {
		number = fmt.Sprintf("(%d)", s.n)
		text += " " + number
		s.addressed++
	}
	before := 0
	if k.Thread != "" {
		before = len(s.Replies(k.Place))
	}
	at := s.Write(person, k.Place, text)
	s.Quiet()
	k.Thread = at.Thread
	replies := s.Replies(k.Place)[before:]
	for _, p := range []string{Ann, Ben, Eve} {
		if len(s.Private(p)) > 0 {
			s.t.Fatalf("after %q: a note to %s", text, p)
		}
	}
	switch {
	case forBot && len(replies) == 1 && strings.Contains(replies[0].Text, number):
		s.answered++
	case forBot:
		s.t.Errorf("%s, %s: %q has %d replies", kind, k.Place, text, len(replies))
	case len(replies) > 0:
		s.uninvited += len(replies)
		s.t.Errorf("%s, %s: %q was for others and is replied to", kind, k.Place, text)
	}
}

// phrases are what people write in a language.
type phrases struct {
	questions, followUps, topics, statements, asides, thanks, byName []string
}

var inEnglish = phrases{
	questions: []string{
		"What is a deemed export?", "Does fundamental research need a licence", "Who has to disclose foreign appointments under NSPM-33?", "When does CMMC phase 2 begin?",
		"may a visiting scholar from Brazil use our lab", "Is a thermal camera controlled?", "Hi, what does 10 CFR 810 cover?", "Please explain the entity list in two sentences.",
	},
	followUps: []string{
		"And in Japan?", "Since when?", "What about visitors?", "is there an exception for students?", "Why?", "Also for software, or only hardware?", "Does it matter that the work is unpaid?",
		"ok but who decides that", "Thanks, and what is the penalty?", "Great. Which form do I need?", "So, can we publish?", "Japan, too?", "Actually, what if she is a permanent resident?",
		"Understood. Does that hold for contractors as well?", "You said 'published'. Does a preprint count?", "Hmm, are you sure?", "however, what if the data are from NASA?", "In English, please: what must be kept?",
	},
	topics: []string{
		"Other question: what does CUI Basic mean?", "Now about secrecy orders: how long do they last?", "New topic. Who clears facility visits?", "Different subject, do I need a TCP for a laser?",
		"Switching to Japan: what is the 2022 change to deemed exports?", "Regarding travel, may I take my laptop to China?", "Let's talk about NIH. Which support must be listed?",
	},
	statements: []string{
		"Our postdoc is from India.", "I am at a DOE lab.", "The project is funded by a company.", "She holds a green card.", "The item is EAR99.", "We already have a technology control plan.", "It is about a cryogenic amplifier.",
	},
	asides: []string{
		"I'll bring the visitor badge tomorrow.", "Lunch at noon?", "The meeting moves to 3 pm.", "I'm off on Friday.", "Can someone open room 12?", "Let me check with the lawyers.",
	},
	thanks: []string{
		"Thanks!", "thank you so much", "Great, thanks a lot.", "Perfect, that answers my question.", "Ok, got it. Thanks!", "Makes sense 👍", "Understood.", "Very helpful, thank you!", "cheers", "I see. Thanks for the quick reply!",
		"Good to know.", "Thanks, that's very helpful!", "Awesome, thank you", "🙏", "Great, thanks for clarifying!",
	},
	byName: []string{
		"Ben, what do you think?", "Dr. Sato, could you check the badge list?", "Maria: is the laser yours?", "Hi Ben, are you in today?", "What do you think, Eve?", "Sato-san, do you have the form?", "Thanks, Ben!",
		"Ben can you send me the contract?", "Hey Maria, when is your visitor coming?", "Do you agree, Dr. Tanaka?", "Prof. Lee, is your student the one from Iran?", "Everyone, please update the list.", "Ben — is this your camera?",
	},
}

var inJapanese = phrases{
	questions: []string{
		"みなし輸出とは何ですか。", "基礎研究に許可は必要ですか?", "研究インテグリティの報告先はどこですか", "CMMCの第2段階はいつ始まりますか。", "留学生に装置を使わせてもよいですか。", "特定秘密とは何ですか。",
		"すみません、EAR99の意味を教えてください。", "外国政府から給与を受けるポスドクは対象になりますか。",
	},
	followUps: []string{
		"米国ではどうですか。", "いつからですか?", "例外はありますか。", "訪問者の場合は?", "なぜですか", "ソフトウェアも対象ですか。", "なるほど。罰則はありますか。", "ありがとうございます。どの様式が必要ですか。",
		"では、論文として公開できますか。", "誰が判断しますか?", "学生さんの場合も同じですか。", "永住者だったらどうなりますか。", "了解です。委託先にも当てはまりますか?", "もう少し詳しくお願いします。", "先生が外国籍の場合は?",
	},
	topics: []string{
		"話は変わりますが、CUIとは何ですか。", "別の質問です。秘密指定はどのくらい続きますか。", "次に、施設への訪問は誰が許可しますか。", "ところで、レーザーの輸出に許可は要りますか。", "今度は米国について、NIHには何を報告しますか。",
	},
	statements: []string{
		"ポスドクはインド国籍です。", "私は国立研究所にいます。", "この研究は民間資金です。", "彼女は永住者です。", "装置は非該当です。", "技術管理計画はもうあります。", "極低温増幅器についてです。",
	},
	asides: []string{
		"訪問者の名札は明日持っていきます。", "会議は3時に変更です。", "金曜日は休みます。", "どなたか12号室を開けてもらえますか。", "法務に確認してみます。", "お昼どうします?",
	},
	thanks: []string{
		"ありがとうございます!", "了解です。", "承知しました。ありがとうございます。", "助かりました", "なるほど、よくわかりました。", "ありがとうございます。とても参考になりました。", "わかりました。", "勉強になります!", "ご回答ありがとうございました。",
		"大変助かりました。ありがとうございました。", "OKです、どうも!", "ありがとう😊", "すごい、ありがとうございます!", "了解しました、確認してみます。",
	},
	byName: []string{
		"田中さん、どう思いますか。", "佐藤先生、名簿を確認していただけますか。", "ベンさん、今日は出勤ですか?", "この件、鈴木さんはどう思いますか?", "山田さん これは先生の装置ですか", "高橋くん、契約書を送ってください。",
		"皆さん、一覧を更新してください。", "みなさんはどう思いますか。", "すみません田中さん、様式はありますか。", "中村さんにお聞きしたいのですが、訪問者はいつ来ますか。", "李先生の学生がイランの方でしたっけ、李先生?",
	},
}
