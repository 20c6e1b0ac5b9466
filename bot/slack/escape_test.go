package slack

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<!channel>":              "&lt;!channel&gt;",
		"<@U0ASKER>":              "&lt;@\u2060U0ASKER&gt;",
		"@here":                   "@\u2060here",
		"&lt;!here&gt;":           "&amp;lt;!here&amp;gt;",
		"https://evil.example":    "https:\u2060//evil.example",
		"https:\x00//evil.test":   "https:\u2060//evil.test",
		"a\u202eb\x1b\xffc\u2028": "abc\n",
		"外為法第25条<>":               "外為法第25条&lt;&gt;",
	} {
		if got := escape(text); got != want {
			t.Errorf("escape(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range fragments {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := escape(s)
		checkMarkup(t, got)
		if !utf8.ValidString(got) {
			t.Errorf("broken characters in %q", got)
		}
		back := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", wordJoiner, "").Replace(got)
		if want := strings.ReplaceAll(clean(s), wordJoiner, ""); back != want {
			t.Errorf("escape(%q) says %q", s, back)
		}
		m := fallback(strings.Repeat(s, 200))
		if checkMarkup(t, m); utf16Length(m) >= 4000 {
			t.Errorf("a fallback of %d characters", utf16Length(m))
		}
	})
}

func TestAddressTakesPagesOnly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://www.ecfr.gov/a?b=1&c=2#d":                     "https://www.ecfr.gov/a?b=1&c=2#d",
		"http://a.example/第1条":                                 "http://a.example/%E7%AC%AC1%E6%9D%A1",
		"https://a.example/?q=<x>|y z":                         "https://a.example/?q=%3Cx%3E%7Cy%20z",
		"javascript:alert(1)":                                  "",
		"data:text/html,x":                                     "",
		"//a.example/":                                         "",
		"https:///a":                                           "",
		"https://user:word@a.example/":                         "",
		"https://a.example/\x00":                               "",
		"https://a.example/" + strings.Repeat("x", maxAddress): "",
	} {
		if got := address(text); got != want {
			t.Errorf("address(%q) = %q, want %q", text, got, want)
		}
	}
}
