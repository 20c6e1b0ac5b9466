package analysis_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval/analysis"
)

var glossary = corpus.Glossary{
	{ID: "ear", English: "Export Administration Regulations", Abbr: []string{"EAR"}, Japanese: "輸出管理規則", JaAliases: []string{"米国輸出管理規則"}},
	{ID: "deemed-export", English: "deemed export", EnAliases: []string{"deemed exports"}, Japanese: "みなし輸出"},
	{ID: "export", English: "export", Japanese: "輸出"},
	{ID: "wassenaar", English: "Wassenaar Arrangement", Japanese: "ワッセナー・アレンジメント"},
	{ID: "penalty", English: "penalty", EnAliases: []string{"fine"}, Japanese: "罰則", Everyday: true},
}

func texts(ts []analysis.Term, keep func(analysis.Term) bool) []string {
	var out []string
	for _, t := range ts {
		if keep(t) {
			out = append(out, t.Text)
		}
	}
	return out
}

func TestLanguageIsThatOfTheAsker(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]language.Tag{
		"What does みなし輸出 mean?":                  language.English,
		"what is 特定類型":                           language.English,
		"CUIとは何の略ですか":                            language.Japanese,
		"NSF Important Notice 149の内容":            language.Japanese,
		"外為法25条":                                 language.Japanese,
		"EAR 734.8":                              language.English,
		"その例外は?":                                 language.Japanese,
		"Is METI (経済産業省) in charge of licences?": language.English,
		"42?": language.English,
		"EARのFundamental Research Exclusionを教えて": language.Japanese,
	} {
		if got := analysis.Language(text); got != want {
			t.Errorf("Language(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestReferencesAreOneIdentifierInEveryForm(t *testing.T) {
	t.Parallel()
	a := analysis.NewAnalyzer(glossary)
	for want, forms := range map[string][]string{
		"#15cfr734.8":       {"15 CFR 734.8", "15 C.F.R. § 734.8(a)", "15 CFR §734.8", "15 CFR 734.8条(a)"},
		"#734.8(a)":         {"§ 734.8(a)", "15 CFR 734.8(a)", "section 734.8 (a)(1)"},
		"#117":              {"§ 117", "section 117", "Sec. 117", "第117条", "117条", "第百十七条"},
		"#25(1)":            {"Art. 25(1)", "Article 25(1)", "第25条第1項", "外為法25条1項" + "第25条第1項", "第二十五条第一項"},
		"#27-2":             {"Art. 27-2", "第27条の2", "第二十七条の二"},
		"nspm33":            {"NSPM-33", "NSPM 33", "nspm33"},
		"sf328":             {"SF-328", "SF 328", "Standard Form SF 328"},
		"eo13526":           {"Executive Order 13526", "E.O. 13526", "EO 13526", "大統領令13526号", "大統領令第13526号"},
		"proclamation10043": {"Proclamation 10043", "大統領布告10043号"},
		"#50usc4814":        {"50 U.S.C. § 4814", "50 USC 4814"},
		"annex1":            {"別表第一", "別表第1"},
		"ds2019":            {"DS-2019", "Form DS-2019"},
		"h1b":               {"H-1B"},
	} {
		for _, form := range forms {
			if got := texts(a.Terms(form), func(x analysis.Term) bool { return x.Kind == analysis.Identifier }); !slices.Contains(got, want) {
				t.Errorf("%q gives %q; want %q among them", form, got, want)
			}
		}
	}
	for _, text := range []string{"Japan's 2018 system", "Phase 2 in November 2026", "at least 25 percent"} {
		if got := texts(a.Terms(text), func(x analysis.Term) bool { return x.Kind == analysis.Identifier }); len(got) > 0 {
			t.Errorf("%q names %q", text, got)
		}
	}
}

func TestConceptsBridgeTheLanguages(t *testing.T) {
	t.Parallel()
	a := analysis.NewAnalyzer(glossary)
	for text, want := range map[string]string{
		"the deemed-export rule":       "deemed-export",
		"Deemed exports to a visitor":  "deemed-export",
		"みなし輸出の管理":                     "deemed-export", // the longest name hides 輸出
		"米国輸出管理規則(EAR)":                "ear",
		"Is it under the EAR?":         "ear",
		"he plays it by ear":           "", // an abbreviation needs its capitals
		"ワッセナーアレンジメント":                 "wassenaar",
		"ワッセナー・アレンジメントの参加国":            "wassenaar",
		"exported goods and exporting": "export",
	} {
		var got []string
		for _, m := range a.Concepts(text) {
			got = append(got, m.Concept)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("Concepts(%q) = %q, want %q", text, got, want)
		}
	}
	for _, term := range a.Terms("the fine") {
		if term.Text == "@penalty" && term.Kind != analysis.Everyday {
			t.Error("an everyday word passes for a term of the field")
		}
	}
}

func TestWordsMeetAcrossForms(t *testing.T) {
	t.Parallel()
	a := analysis.NewAnalyzer(nil)
	word := func(s string) string {
		return strings.Join(texts(a.Terms(s), func(x analysis.Term) bool { return !x.Stop && x.Kind != analysis.Identifier }), " ")
	}
	for _, same := range [][]string{
		{"licence", "license", "licences", "licensed"},
		{"authorise", "authorize"},
		{"ＥＡＲ", "EAR"},
		{"1,000", "1000"},
		{"US", "U.S.", "USA"},
		{"ﾜｯｾﾅｰ", "ワッセナー"},
	} {
		for _, w := range same[1:] {
			if word(w) != word(same[0]) {
				t.Errorf("%q gives %q, %q gives %q", w, word(w), same[0], word(same[0]))
			}
		}
	}
	if word("tell us") == word("tell US") {
		t.Error("the pronoun passes for the country")
	}
}

func FuzzTermsAreSound(f *testing.F) {
	f.Add("15 CFR § 734.8(a) みなし輸出 NSPM-33 第25条第1項")
	f.Add("\xff\xfe第条()")
	a := analysis.NewAnalyzer(glossary)
	f.Fuzz(func(t *testing.T, s string) {
		for _, term := range a.Terms(s) {
			if term.Text == "" {
				t.Fatalf("an empty term in %q", s)
			}
			if utf8.ValidString(s) && !utf8.ValidString(term.Text) {
				t.Fatalf("term %q of %q is not UTF-8", term.Text, s)
			}
		}
		analysis.Language(s)
	})
}
