package slack

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// check holds messages to Slack's limits, read from the JSON that is sent and not from
// what made it.
func check(t *testing.T, messages []message) {
	t.Helper()
	if len(messages) == 0 {
		t.Error("nothing is said")
	}
	for i, m := range messages {
		if n := utf16Length(m.Text); blank(m.Text) || n >= 4000 {
			t.Errorf("message %d: a fallback of %d characters", i, n)
		}
		checkMarkup(t, m.Text)
		raw, err := json.Marshal(m.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		var blocks []map[string]any
		if err := json.Unmarshal(raw, &blocks); err != nil {
			t.Fatal(err)
		}
		if len(blocks) == 0 || len(blocks) > 50 {
			t.Errorf("message %d: %d blocks", i, len(blocks))
		}
		if n := decodedSize(t, blocks); n > 11010 {
			t.Errorf("message %d: blocks of %d characters", i, n)
		}
		checkBlocks(t, blocks)
	}
}

// decodedSize is the number of bytes of the blocks in JSON without the escapes that Go adds.
func decodedSize(t *testing.T, blocks any) int {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(blocks); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n += 1 + len(string(r))/4
	}
	return n
}

func checkBlocks(t *testing.T, blocks []map[string]any) {
	t.Helper()
	ids, tables := map[string]bool{}, 0
	for _, b := range blocks {
		if id, _ := b["block_id"].(string); id != "" {
			if ids[id] || utf16Length(id) > 255 {
				t.Errorf("block id %q is there twice or too long", id)
			}
			ids[id] = true
		}
		elements, _ := b["elements"].([]any)
		switch b["type"] {
		case "section":
			text(t, b["text"], 3000)
		case "header":
			text(t, b["text"], 150)
		case "context":
			count(t, "a context's elements", len(elements), 10)
			for _, e := range elements {
				text(t, e, 2000)
			}
		case "actions":
			count(t, "buttons", len(elements), 25)
		case "context_actions":
			count(t, "context actions", len(elements), 5)
		case "rich_text":
			count(t, "rich text's elements", len(elements), 1000)
		case "table":
			tables++
			rows := b["rows"].([]any)
			count(t, "rows", len(rows), 100)
			for _, r := range rows {
				count(t, "columns", len(r.([]any)), 20)
			}
		case "divider":
		default:
			t.Errorf("a block of type %v has no limits here", b["type"])
		}
		checkValue(t, b)
	}
	if tables > 1 {
		t.Errorf("%d tables in a message", tables)
	}
}

// checkValue looks at everything in a block that has limits of its own or could call
// somebody.
func checkValue(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			checkValue(t, e)
		}
	case map[string]any:
		checkElement(t, v)
		for _, e := range v {
			checkValue(t, e)
		}
	case string:
		if !utf8.ValidString(v) || strings.Contains(v, "\uFFFD") {
			t.Errorf("broken characters in %q", v)
		}
	}
}

var ours = regexp.MustCompile(`^https?://[!#-;=?-\[\]_a-z~]+$`)

func checkElement(t *testing.T, e map[string]any) {
	t.Helper()
	if v, ok := e["value"].(string); ok {
		count(t, "a button's value", utf16Length(v), 2000)
	}
	switch e["type"] {
	case "button":
		text(t, e["text"], 75)
	case "text", "raw_text":
		s := e["text"].(string)
		count(t, "a text", utf16Length(s), 3000)
		if strings.Contains(s, "://") {
			t.Errorf("%q could become a link", s)
		}
	case "plain_text":
		if s := e["text"].(string); strings.Contains(s, "://") || e["emoji"] != false {
			t.Errorf("%q could become a link, or its words emoji", s)
		}
	case "link":
		if u := e["url"].(string); !ours.MatchString(u) || strings.Contains(u, "@evil") {
			t.Errorf("a link to %q", u)
		}
		if s := e["text"].(string); !regexp.MustCompile(`^(\[-?\d+\]|Official page|公式ページ)$`).MatchString(s) {
			t.Errorf("a link that says %q", s)
		}
	case "markdown", "mrkdwn", "broadcast", "usergroup", "emoji":
		t.Errorf("an element that is not to be there: %v", e)
	}
}

// checkMarkup finds anything that Slack would read in a fallback, the one place where it
// reads mrkdwn.
func checkMarkup(t *testing.T, rest string) {
	t.Helper()
	if strings.ContainsAny(rest, "<>") || strings.Contains(rest, "://") || regexp.MustCompile(`@[A-Za-z]`).MatchString(rest) {
		t.Errorf("markup in %q", rest)
	}
	if regexp.MustCompile(`&(amp|lt|gt)?[^;a-z]|&$`).MatchString(rest) {
		t.Errorf("half an escape in %q", rest)
	}
}

func text(t *testing.T, object any, limit int) {
	t.Helper()
	o, _ := object.(map[string]any)
	s, _ := o["text"].(string)
	if blank(s) {
		t.Errorf("an empty text: %v", object)
	}
	count(t, "a text", utf16Length(s), limit)
}

func count(t *testing.T, what string, n, limit int) {
	t.Helper()
	if n == 0 || n > limit {
		t.Errorf("%s: %d, where 1 to %d may be", what, n, limit)
	}
}

func TestPiecesEndAtSentencesAndBreakNoCharacter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		limit      int
		want       []string
	}{
		{"fits", "One. Two.", 9, []string{"One. Two."}},
		{"between sentences", "One one. Two two.", 12, []string{"One one. ", "Two two."}},
		{"between Japanese sentences", "許可を要する。許可を要しない。", 10, []string{"許可を要する。", "許可を要しない。"}},
		{"not at a section's point", "See 15 CFR 734.13 now", 14, []string{"See 15 CFR ", "734.13 now"}},
		{"between words", "alpha beta gamma", 11, []string{"alpha beta ", "gamma"}},
		{"a family is one character", "👨‍👩‍👧👨‍👩‍👧", 9, []string{"👨‍👩‍👧", "👨‍👩‍👧"}},
		{"a syllable keeps its mark", "か\u3099き\u3099", 3, []string{"か\u3099", "き\u3099"}},
		{"a flag keeps its halves", "🇯🇵🇺🇸", 6, []string{"🇯🇵", "🇺🇸"}},
		{"a character too long alone", "e\u0301\u0301\u0301", 2, []string{"e\u0301", "\u0301\u0301"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := pieces(c.text, c.limit); strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestShortenKeepsWholeCharacters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"short": "short", "much too long": "much too…", "か\u3099か\u3099か\u3099か\u3099か\u3099": "か\u3099か\u3099か\u3099か\u3099…"} {
		if got := shorten(text, 9); got != want {
			t.Errorf("shorten(%q) = %q, want %q", text, got, want)
		}
	}
}
