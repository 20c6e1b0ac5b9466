package slack

import (
	"cmp"
	"strings"
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/state"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
)

// wording is a language that the adapter's own words are chosen in. None of them states
// a rule.
type wording language.Tag

func (w wording) choose(en, ja string) string {
	if language.Tag(w) == language.Japanese {
		return ja
	}
	return en
}

// quote puts s into the marks of the language.
func (w wording) quote(s string) string { return w.choose("“"+s+"”", "「"+s+"」") }

// label is a word before a colon.
func (w wording) label(en, ja string) string { return w.choose(en+": ", ja+"：") }

// after parts a citation from its sentence, as the language does.
func (w wording) after() string { return w.choose(" ", "") }

func (w wording) country(j corpus.Jurisdiction) string {
	return cmp.Or(answer.CountryName(j, language.Tag(w)), string(j))
}

// facts tell how far a source can be relied on: whose rule, its status, and the dates.
func (w wording) facts(s answer.Source) string {
	facts := []string{w.country(s.Jurisdiction), answer.StatusWord(s.Status, language.Tag(w))}
	if !s.Effective.IsZero() {
		facts = append(facts, w.choose("effective "+s.Effective.In(language.Tag(w)), s.Effective.In(language.Tag(w))+"施行"))
	}
	if !s.AsOf.IsZero() {
		facts = append(facts, w.choose("as of "+s.AsOf.In(language.Tag(w)), s.AsOf.In(language.Tag(w))+"時点"))
	}
	return strings.Join(facts, " · ")
}

// when tells at which times a subscription is delivered.
func (w wording) when(s state.Subscription) string {
	en := []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	ja := []string{"日", "月", "火", "水", "木", "金", "土"}
	var days []string
	for d := time.Sunday; d <= time.Saturday; d++ {
		if s.Weekdays.Has(d) {
			days = append(days, w.choose(en[d], ja[d]))
		}
	}
	list := strings.Join(days, w.choose(", ", "・"))
	if len(days) == 7 {
		list = w.choose("every day", "毎日")
	}
	text := list + " " + s.LocalTime + w.choose(" ("+s.Zone+")", "（"+s.Zone+"）")
	if s.Paused {
		text += w.choose(", paused", "、休止中")
	}
	return text
}

// reasons are what a reader may find wrong with an answer: the value that is kept, and
// the words for it.
func (w wording) reasons() [][2]string {
	return [][2]string{
		{"wrong", w.choose("It is wrong", "内容が誤っている")},
		{"outdated", w.choose("It is out of date", "内容が古い")},
		{"off-topic", w.choose("It does not answer my question", "質問への答えになっていない")},
		{"incomplete", w.choose("Something important is missing", "重要なことが抜けている")},
		{"unclear", w.choose("It is hard to understand", "分かりにくい")},
		{"other", w.choose("Something else", "その他")},
	}
}

// suggestedPrompts are questions to begin with, which the shipped library answers.
func suggestedPrompts(lang language.Tag) []string {
	if lang == language.Japanese {
		return []string{
			"外国政府から給与を受けているポスドクに、日本のみなし輸出規制は適用されますか。",
			"EARの基礎研究とは何ですか。",
			"CMMCの第2段階はいつ始まりますか。",
			"米国と日本のみなし輸出の規制はどう違いますか。",
		}
	}
	return []string{
		"Does Japan's deemed-export rule cover my postdoc who is paid by a foreign government?",
		"What is fundamental research under the EAR?",
		"When does Phase 2 of CMMC begin?",
		"How does the US deemed export rule differ from Japan's?",
	}
}

// point is what people can differ on.
func (w wording) point(p thread.Point) string {
	switch p {
	case thread.Nationality:
		return w.choose("Nationality", "国籍")
	case thread.Residence:
		return w.choose("Permanent residence", "永住者かどうか")
	case thread.Funding:
		return w.choose("Who pays for the work", "資金の出所")
	case thread.Listed:
		return w.choose("Whether it is on a control list", "リスト規制に該当するか")
	}
	return string(p)
}
