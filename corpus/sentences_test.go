package corpus_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/language"

	"kakehashi/corpus"
)

func TestSentencesEndWhereAReaderEndsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lang language.Tag
		want []string
	}{
		{language.English, []string{"Under 15 CFR § 734.8(a), results are not subject to the EAR.", "No licence is needed."}},
		{language.English, []string{"It needs a FEFTA Art. 25(1) licence.", "See 90 Fed. Reg. 47201 (Sept. 30, 2025)."}},
		{language.English, []string{"The U.S. Department of Energy decides.", "U.S. persons abroad ask the U.S. government."}},
		{language.English, []string{"Releases are covered by 15 CFR 734.13.", "BIS explains why."}},
		{language.English, []string{"He asked: \"May I share it?\"", "The office said no."}},
		{language.English, []string{"Form No. 5 is due.", "The answer was no.", "Nothing follows."}},
		{language.Japanese, []string{"役務通達は「該当する。」と定める規定を置く。", "例外はない。"}},
		{language.Japanese, []string{"許可が必要である(第25条第1項。)とされる。", "経済産業省(METI)が所管する。"}},
	} {
		joint := " "
		if c.lang == language.Japanese {
			joint = ""
		}
		text := strings.Join(c.want, joint)
		var got []string
		for _, s := range corpus.Sentences(text, c.lang) {
			got = append(got, s.Of(text))
		}
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}

func FuzzSentencesLoseNothing(f *testing.F) {
	f.Add("One. Two.\n\nThree", true)
	f.Add("一。「二。」三", false)
	f.Fuzz(func(t *testing.T, text string, english bool) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		lang := language.Japanese
		if english {
			lang = language.English
		}
		at, kept := 0, ""
		for _, s := range corpus.Sentences(text, lang) {
			if s.Start < at || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("span %v after %d in %q", s, at, text)
			}
			if strings.TrimSpace(text[at:s.Start]) != "" {
				t.Fatalf("lost %q of %q", text[at:s.Start], text)
			}
			kept += s.Of(text)
			at = s.End
		}
		if strings.TrimSpace(text[at:]) != "" {
			t.Fatalf("lost the end of %q", text)
		}
	})
}
