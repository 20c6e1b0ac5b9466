package thread_test

import (
	"strings"
	"testing"

	"kakehashi/bot/thread"
	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/retrieval/analysis"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	lib, err := corpus.Load(library.Files)
	if err != nil {
		t.Fatal(err)
	}
	a := analysis.NewAnalyzer(lib.Glossary)
	const (
		exclusion = "What does the US fundamental research exclusion cover?"
		gifts     = "From what amount does a university have to report foreign gifts and contracts under section 117?"
		basic     = "日本の外為法で、基礎科学分野の研究活動の例外とは何ですか。"
	)
	for _, c := range []struct {
		name    string
		history []string
		text    string
		context []string // must be in the context; none: stands alone
		without string   // must not be in it
		country corpus.Jurisdiction
	}{
		{"the first question stands alone", nil, "And in Japan?", nil, "", ""},
		{"another country", []string{exclusion}, "And in Japan?", []string{"fundamental research exclusion"}, "US", corpus.JP},
		{"another country, Japanese", []string{basic}, "では、米国ではどうですか。", []string{"基礎科学"}, "日本", corpus.US},
		{"another aspect", []string{gifts}, "What about the penalty?", []string{"section 117"}, "", ""},
		{"a pronoun", []string{gifts}, "When are they due?", []string{"section 117"}, "", ""},
		{"a pronoun, Japanese", []string{basic}, "その例外は誰が判断しますか。", []string{"基礎科学"}, "", ""},
		{"hardly a subject", []string{gifts}, "期限はいつですか。", []string{"section 117"}, "", ""},
		{"a chain keeps the subject", []string{exclusion, "And in Japan?"}, "What about the penalty?", []string{"fundamental research exclusion", "Japan"}, "", ""},
		{"a new subject stands alone", []string{gifts}, "What is the validity of a US patent secrecy order under 35 U.S.C. 181?", nil, "", ""},
		{"a new subject stands alone, Japanese", []string{basic}, "CMMCのレベル2には何が必要ですか。", nil, "", ""},
		{"a new subject after And", []string{gifts}, "And what does CMMC Level 2 require under NIST SP 800-171 for CUI?", nil, "", ""},
		{"a chain is broken by a new subject", []string{exclusion, "How long does a patent secrecy order under 35 U.S.C. 181 last?"}, "And who may appeal?", []string{"secrecy order"}, "fundamental", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var history []thread.Turn
			for _, h := range c.history {
				history = append(history, thread.Turn{Role: thread.User, Text: h}, thread.Turn{Role: thread.Assistant, Text: "An answer on something else: the Entity List."})
			}
			r := thread.Resolve(a, history, c.text)
			if r.Text != c.text {
				t.Errorf("the words asked were changed to %q", r.Text)
			}
			if (r.Context == "") != (len(c.context) == 0) {
				t.Errorf("context %q", r.Context)
			}
			for _, want := range c.context {
				if !strings.Contains(r.Context, want) {
					t.Errorf("context %q lacks %q", r.Context, want)
				}
			}
			if c.without != "" && strings.Contains(r.Context, c.without) {
				t.Errorf("context %q keeps %q", r.Context, c.without)
			}
			if r.Country != c.country {
				t.Errorf("country %q, want %q", r.Country, c.country)
			}
		})
	}
}
