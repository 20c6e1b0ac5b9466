package thread

import (
	"slices"
	"testing"
)

func TestColleaguesWhoContradictEachOtherAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said []Said
		want []Point
	}{
		"nationality":                   {[]Said{{"A", "The postdoc is from India."}, {"B", "No, our postdoc is a Chinese national."}}, []Point{Nationality}},
		"the same in other words":       {[]Said{{"A", "The postdoc is from China."}, {"B", "Yes, the postdoc is Chinese."}}, nil},
		"each one's own student":        {[]Said{{"A", "My student is from India."}, {"B", "My student is from China."}}, nil},
		"one's own, seen by another":    {[]Said{{"A", "My student is from India."}, {"B", "His student is from Iran, I believe."}}, []Point{Nationality}},
		"residence":                     {[]Said{{"A", "The student is a permanent resident."}, {"B", "The student is on an F-1 visa."}}, []Point{Residence}},
		"residence, denied":             {[]Said{{"A", "The student is a permanent resident."}, {"B", "The student is not a permanent resident."}}, []Point{Residence}},
		"a person who thinks better":    {[]Said{{"A", "The visitor is from Iran."}, {"A", "Sorry, the visitor is from Iraq."}}, nil},
		"one joins the other":           {[]Said{{"A", "The visitor is from Iran."}, {"B", "The visitor is from Iraq."}, {"A", "Right, the visitor is from Iraq."}}, nil},
		"a question states nothing":     {[]Said{{"A", "The visitor is from Iran."}, {"B", "Is the visitor from Iraq?"}}, nil},
		"two people":                    {[]Said{{"A", "The visitor is from Iran."}, {"B", "The student is from Iraq."}}, nil},
		"funding":                       {[]Said{{"A", "This project is NSF-funded."}, {"B", "The project is funded by a company."}}, []Point{Funding}},
		"control":                       {[]Said{{"A", "The technology is EAR99."}, {"B", "That technology is controlled under ECCN 3E001."}}, []Point{Listed}},
		"Japanese, nationality":         {[]Said{{"A", "ポスドクはインド国籍です。"}, {"B", "いえ、そのポスドクは中国籍です。"}}, []Point{Nationality}},
		"Japanese, residence":           {[]Said{{"A", "留学生は永住者です。"}, {"B", "その留学生は永住者ではありません。"}}, []Point{Residence}},
		"Japanese, own":                 {[]Said{{"A", "わたしの学生はイラン出身です。"}, {"B", "私の学生は中国出身です。"}}, nil},
		"Japanese, control":             {[]Said{{"A", "この装置は非該当です。"}, {"B", "その装置はリスト規制に該当します。"}}, []Point{Listed}},
		"Japanese, question":            {[]Said{{"A", "研究者は中国籍です。"}, {"B", "研究者はインド籍ですか。"}}, nil},
		"English against Japanese text": {[]Said{{"A", "The project is NSF-funded."}, {"B", "プロジェクトは民間資金です。"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []Point
			for _, d := range Disagreements(c.said) {
				got = append(got, d.About)
				if len(d.Said) < 2 {
					t.Errorf("%+v: want what each has said", d)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestAnothersOwnCaseIsLeftOut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"I am at a DOE lab. The rule took effect in 2022.": "The rule took effect in 2022.",
		"My student is from Iran.":                         "",
		"Does it cover my postdoc?":                        "Does it cover my postdoc?",
		"私は国立研究所にいます。規則は2022年に施行されました。":                    "規則は2022年に施行されました。",
	} {
		if got := WithoutOwn(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
