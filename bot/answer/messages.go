package answer

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"

	"kakehashi/corpus"
)

// messages are the words that the product itself says, in one language. None of
// them states a rule.
type messages struct {
	language  language.Tag
	refused   string
	andJapan  string
	andUS     string
	wordsOnly string
}

func messagesFor(lang language.Tag) messages {
	if lang == language.Japanese {
		return messages{
			language:  language.Japanese,
			refused:   "この文章には、管理対象又は秘密の情報であることを示す表示（CUI、NOFORN、SECRET、特定秘密、極秘など）があるため、受け付けませんでした。内容は保存も送信もしていません。所属機関の情報保全の担当者に連絡し、表示も内容も含めずに質問し直してください。",
			andJapan:  "では、日本ではどうですか。",
			andUS:     "では、米国ではどうですか。",
			wordsOnly: "意味による検索が一時的に利用できないため、語句の一致だけで検索しました。言い換えた質問では見つからないことがあります。",
		}
	}
	return messages{
		language:  language.English,
		refused:   "This text carries a marking of controlled or classified information (such as CUI, NOFORN, SECRET or 特定秘密), so it was not taken: nothing of it was stored or sent on. Tell your security officer where it was pasted, and ask again without the marked content.",
		andJapan:  "And in Japan?",
		andUS:     "And in the United States?",
		wordsOnly: "Found by matching words only, as the search by meaning is not available at the moment: a question in other words than the rules' may find less.",
	}
}

func (m messages) japanese() bool { return m.language == language.Japanese }

func (m messages) choose(en, ja string) string {
	if m.japanese() {
		return ja
	}
	return en
}

func (m messages) contact(who string) string {
	if who == "" {
		return m.choose("Whom to ask: your institution's export-control or research-security office.",
			"問い合わせ先：所属機関の輸出管理・研究セキュリティ担当部署。")
	}
	return m.choose("Whom to ask: ", "問い合わせ先：") + who
}

func (m messages) declined(why reason) string {
	switch why {
	case evasion:
		return m.choose("I do not help with getting around a rule. Nothing in my sources answers this; what they say on the subject itself you can ask about.",
			"規制を免れる方法についてはお答えしません。規制の内容そのものについてはお尋ねください。")
	case aboutPerson:
		return m.choose("Not in my sources: they hold rules, not information about individual people.",
			"資料にありません。この資料集は規則を収めたものであり、個人についての情報は含みません。")
	case thirdCountry:
		return m.choose("Not in my sources: they cover the rules of the United States and Japan and what the two share with others, not this country's own law.",
			"資料にありません。この資料集は米国と日本の規則及び両国が関わる枠組みを対象とし、この国の国内法は収めていません。")
	case unknownRule:
		return m.choose("Not in my sources: I find no rule or document of that name or number. It may not exist, or not be among what I hold.",
			"資料にありません。その名称又は番号の規則・文書は見当たりません。存在しないか、この資料集に収めていないものです。")
	case determination:
		return m.choose("Not in my sources: classifying a particular item, or the standing of a particular company, is a determination that I do not make.",
			"資料にありません。特定の品目の該非判定や特定の企業の該当性の判断は行いません。")
	}
	return m.choose("Not in my sources: I find no passage that answers this.", "資料にありません。この質問に答える記述は見当たりません。")
}

func (m messages) context(earlier string) string {
	return m.choose("Read together with your earlier question: ", "前の質問と合わせて解釈しました：") + m.quote(earlier)
}

func (m messages) quote(s string) string { return m.choose("“"+s+"”", "「"+s+"」") }

func (m messages) passed(dates []corpus.Date) string {
	var list []string
	for _, d := range dates {
		list = append(list, d.In(m.language))
	}
	if m.japanese() {
		return "ここに記された日付（" + strings.Join(list, "、") + "）は過ぎています。現在の状態を公式のページで確認してください。"
	}
	return "A date named here has passed (" + strings.Join(list, ", ") + "); check the official page for the present state."
}

func (m messages) notYet(d corpus.Date) string {
	return fmt.Sprintf(m.choose("A rule cited here takes effect on %s.", "ここに引用した規則の施行日は%sです。"), d.In(m.language))
}

func (m messages) asOf(d corpus.Date) string {
	return fmt.Sprintf(m.choose("Answered for %s, from the documents published by then; their texts are as last checked.", "%s時点で公表されていた文書に基づく回答です。本文は最終確認時のものです。"), d.In(m.language))
}

var statusWords = map[corpus.Status][2]string{
	corpus.InForce:    {"in force", "有効"},
	corpus.Amended:    {"amended", "改正あり"},
	corpus.Superseded: {"superseded", "失効（後継あり）"},
	corpus.Rescinded:  {"rescinded", "廃止"},
	corpus.Proposed:   {"proposed", "提案段階"},
	corpus.Historical: {"historical", "過去の資料"},
}

// StatusWord is the flag of a source as readers of the language know it.
func StatusWord(s corpus.Status, lang language.Tag) string {
	if w, ok := statusWords[s]; ok {
		if lang == language.Japanese {
			return w[1]
		}
		return w[0]
	}
	return string(s)
}

func (m messages) status(status corpus.Status, sources []Source) string {
	word := StatusWord(status, m.language)
	var titles, successors []string
	for _, s := range sources {
		titles = append(titles, s.Title)
		successors = append(successors, s.SupersededBy...)
	}
	if m.japanese() {
		text := fmt.Sprintf("この回答は「%s」の文書に基づく部分があり、現行の規則とは限りません：%s。", word, strings.Join(titles, "、"))
		if len(successors) > 0 {
			text += "後継：" + strings.Join(successors, "、") + "。"
		}
		return text
	}
	text := fmt.Sprintf("This answer rests in part on %s text, which may not state present rules: %s.", word, strings.Join(titles, "; "))
	if len(successors) > 0 {
		text += " Its successor: " + strings.Join(successors, ", ") + "."
	}
	return text
}

// digest is what every rendering says of a passage's text.
func (m messages) digest(checked corpus.Date) string {
	if checked.IsZero() {
		return m.choose("Kakehashi glossary; the official text prevails", "Kakehashiの用語集。公式の本文が優先する")
	}
	return Digest(checked, m.language)
}

// Digest says that a passage is our own digest, when it was checked and that the
// official text prevails.
func Digest(checked corpus.Date, lang language.Tag) string {
	if lang == language.Japanese {
		return fmt.Sprintf("Kakehashiによる要約、%s確認。公式の本文が優先する", checked)
	}
	return fmt.Sprintf("Kakehashi digest, checked %s; the official text prevails", checked)
}

var countryNames = map[corpus.Jurisdiction][2]string{
	corpus.US:           {"United States", "米国"},
	corpus.JP:           {"Japan", "日本"},
	corpus.Bilateral:    {"US and Japan", "日米"},
	corpus.Multilateral: {"International", "国際"},
}

// CountryName is whose rules a jurisdiction stands for, as answers name it; "" where it
// is not known.
func CountryName(j corpus.Jurisdiction, lang language.Tag) string {
	if lang == language.Japanese {
		return countryNames[j][1]
	}
	return countryNames[j][0]
}

// country is the lead that tells whose rule a sentence states.
func (m messages) country(j corpus.Jurisdiction) string {
	name := CountryName(j, m.language)
	if name == "" {
		return ""
	}
	return name + m.choose(": ", "：")
}

// original leads a quotation in the other language.
func (m messages) original(lang language.Tag, text string) string {
	if lang == language.Japanese {
		return "In the Japanese original: 「" + text + "」"
	}
	return "原文（英語）のまま引用：“" + text + "”"
}

// more asks for another passage of the same document, by its place and topic.
func (m messages) more(locator, heading string) string {
	return m.choose(locator+": "+heading+"?", locator+"「"+heading+"」とは?")
}

// PassedNotice says that dates named in a text have passed since it was checked.
func PassedNotice(dates []corpus.Date, lang language.Tag) string {
	return messagesFor(lang).passed(dates)
}
