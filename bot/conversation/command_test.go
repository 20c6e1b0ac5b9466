package conversation

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/language"
)

func TestCommandsAreToldFromQuestions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want command // without a date
		date string
	}{
		{"help", command{name: help}, ""},
		{"Help!", command{name: help}, ""},
		{"HELP", command{name: help}, ""},
		{"?", command{name: help}, ""},
		{" how do I use this? ", command{name: help}, ""},
		{"how does this work?", command{name: help}, ""},
		{"ヘルプ", command{name: help}, ""},
		{"使い方", command{name: help}, ""},
		{"使い方を教えてください。", command{name: help}, ""},
		{"help me understand CUI", command{}, ""},
		{"Help: what is CUI?", command{}, ""},
		{"how does this work for visitors?", command{}, ""},
		{"装置の使い方に許可は要りますか", command{}, ""},

		{"status", command{name: status}, ""},
		{"Status.", command{name: status}, ""},
		{"What do you know?", command{name: status}, ""},
		{"ステータス", command{name: status}, ""},
		{"収録状況", command{name: status}, ""},
		{"status of the CMMC rule?", command{}, ""},
		{"what do you know about CUI?", command{}, ""},
		{"在留資格のステータスは関係しますか", command{}, ""},

		{"forget this thread", command{name: forget}, ""},
		{"Please forget this conversation.", command{name: forget}, ""},
		{"このスレッドを忘れて", command{name: forget}, ""},
		{"この会話を削除してください。", command{name: forget}, ""},
		{"forget this rule, what about the other?", command{}, ""},
		{"did I forget this thread?", command{}, ""},
		{"このスレッドを忘れてもよいですか", command{}, ""},

		{"digest", command{name: digest}, ""},
		{"digest on", command{name: digest, text: "on"}, ""},
		{"Digest on 8:30", command{name: digest, text: "on 8:30"}, ""},
		{"digest off", command{name: digest, text: "off"}, ""},
		{"digest help", command{name: digest, text: "help"}, ""},
		{"digest 07:00", command{name: digest, text: "07:00"}, ""},
		{"ダイジェスト オン 07:45", command{name: digest, text: "オン 07:45"}, ""},
		{"ダイジェスト オン", command{name: digest, text: "オン"}, ""},
		{"digest authentication rules?", command{}, ""},
		{"digest authentication rules", command{}, ""},
		{"Digest the new CMMC rule for me", command{}, ""},
		{"ダイジェスト版はありますか", command{}, ""},

		{"as of 2024-04-01, what is CUI?", command{name: asOf, text: "what is CUI?"}, "2024-04-01"},
		{"As of 2024-04: what is CUI?", command{name: asOf, text: "what is CUI?"}, "2024-04"},
		{"as-of 2024 what is CUI?", command{name: asOf, text: "what is CUI?"}, "2024"},
		{"2024-04-01時点で、CUIとは何ですか", command{name: asOf, text: "CUIとは何ですか"}, "2024-04-01"},
		{"2024年4月1日時点のCUIの定義は?", command{name: asOf, text: "CUIの定義は?"}, "2024-04-01"},
		{"2024年4月1日の時点で、CUIとは?", command{name: asOf, text: "CUIとは?"}, "2024-04-01"},
		{"２０２４年４月現在、CUIとは何ですか", command{name: asOf, text: "CUIとは何ですか"}, "2024-04"},
		{"2024年12月時点においてCUIとは", command{name: asOf, text: "CUIとは"}, "2024-12"},
		{"as of 2024-13-01, what is CUI?", command{name: asOf, fault: "2024-13-01"}, ""},
		{"as of 2023-02-29 what is CUI?", command{name: asOf, fault: "2023-02-29"}, ""},
		{"as of 0000 what is CUI?", command{name: asOf, fault: "0000"}, ""},
		{"as of 4/1/2024, what is CUI?", command{name: asOf, fault: "4/1/2024"}, ""},
		{"as of April 2024, what is CUI?", command{name: asOf, fault: "April 2024"}, ""},
		{"as of 1 April 2024, what is CUI?", command{name: asOf, fault: "1 April 2024"}, ""},
		{"as of April 1, 2024 what is CUI?", command{name: asOf, fault: "April 1, 2024"}, ""},
		{"2024年13月時点で、CUIとは何ですか", command{name: asOf, fault: "2024年13月"}, ""},
		{"2024/4/1時点で、CUIとは何ですか", command{name: asOf, fault: "2024/4/1"}, ""},
		{"as of when is CMMC phase 2 required?", command{}, ""},
		{"as of which date does it apply?", command{}, ""},
		{"As of today, what is CUI?", command{}, ""},
		{"What was CUI as of 2024-04-01?", command{}, ""},
		{"as of 2024-04-01", command{}, ""},
		{"現在の規則は何ですか", command{}, ""},

		{"", command{}, ""},
		{"  What is CUI?\n", command{}, ""},
	} {
		if c.want.name == "" {
			c.want.text = strings.TrimSpace(c.text)
		}
		got := commandIn(c.text)
		date := got.asOf
		got.asOf = c.want.asOf
		if want := c.date; got != c.want || want != "" && date.String() != want || want == "" && !date.IsZero() {
			t.Errorf("%q: %+v as of %q; want %+v as of %q", c.text, got, date, c.want, want)
		}
	}
}

func FuzzCommandIn(f *testing.F) {
	for _, seed := range []string{"help", "as of 2024-04-01, what?", "2024年4月1日時点で、何", "digest on 8:30", "forget this thread", "ｄｉｇｅｓｔ", "as of \x00 x", "0年0月0日現在 あ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // platforms send UTF-8
		}
		c := commandIn(text)
		switch c.name {
		case "":
			if c.text != strings.TrimSpace(text) || c.fault != "" || !c.asOf.IsZero() {
				t.Errorf("%q: %+v", text, c)
			}
		case asOf:
			if c.fault == "" && (c.text == "" || c.asOf.IsZero()) {
				t.Errorf("%q: %+v", text, c)
			}
		case help, status, forget:
			if c.text != "" {
				t.Errorf("%q: %+v", text, c)
			}
		}
		for _, lang := range []language.Tag{language.English, language.Japanese} {
			if c.fault != "" && !strings.Contains(wordsFor(lang).fault(c.fault), c.fault) {
				t.Errorf("%q: the fault %q is not told", text, c.fault)
			}
		}
	})
}
