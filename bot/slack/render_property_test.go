package slack

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/conversation"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
)

// fragments are what random texts are made of: what Slack would read as markup, names
// that call people, addresses, and characters that are more than one code point.
var fragments = []string{
	"<!channel>", "<!here|now>", "<@U0ASKER>", "<!subteam^S0TEAM>", "<#C0CHANNEL>", "@channel", "@here ", "<https://evil.example|official>",
	"https://evil.example/?a=1&b=2", "[official](https://evil.example)", "*bold*", "_it_", "~no~", "`code`", "```", ":tada:", "&lt;", "&amp;&", "> quoted", "\n\n", "\n", "\t",
	"許可を要する。", "「みなし輸出」の規制、", "ガイドライン！", "か\u3099", "👨‍👩‍👧‍👦", "🇯🇵", "👍🏽", "e\u0301\u0301", "\u200b", "\u200d", "\u202eevil", "\u2066", "\u2060", "\x00", "\x1b[31m", "\xff\xfe", "\u2028",
	"A licence is required. ", "See 15 CFR 734.13(b)(1); ", "no ", "\"quoted\" ", "\\", "   ", "\u3000", "-",
}

type random struct{ *rand.Rand }

func (r random) text(most int) string {
	var b strings.Builder
	for range r.IntN(most) + 1 {
		b.WriteString(fragments[r.IntN(len(fragments))])
	}
	if r.IntN(300) == 0 {
		b.WriteString(strings.Repeat([]string{"あ", "x", "👍🏽", "\u0301", " "}[r.IntN(5)], 5000))
	}
	return b.String()
}

func (r random) source(n int) answer.Source {
	urls := []string{"", "https://www.ecfr.gov/current/title-15/section-734.13", "javascript:alert(1)", "https://a.example/|evil>b", "https://u:p@evil.example/",
		"https://法令.example/第1条?a=1&b=<x>", "http://a.example/" + strings.Repeat("x", 2000), "ftp://a.example/", "//a.example/", "https://a.example/#\"'`{}^"}
	jurisdictions := append([]corpus.Jurisdiction{"", "<!channel>"}, corpus.US, corpus.JP, corpus.US, corpus.JP, corpus.Bilateral)
	s := answer.Source{
		N: n, Passage: corpus.PassageID("us/a#" + fragments[r.IntN(len(fragments))]), Title: r.text(6), Citation: r.text(6), Locator: r.text(3),
		Jurisdiction: jurisdictions[r.IntN(len(jurisdictions))], Status: []corpus.Status{corpus.InForce, "<!here>"}[r.IntN(2)],
		URL: urls[r.IntN(len(urls))], Digest: r.text(4), Version: strings.Repeat("0", 64), AsOf: corpus.Date{Year: 2026, Month: r.IntN(13)},
	}
	return s
}

func (r random) answer() answer.Answer {
	a := answer.Answer{ID: strings.Repeat("a", r.IntN(300)), Outcome: []answer.Outcome{answer.Answered, answer.Answered, answer.Declined, answer.Refused, answer.Clarify, answer.Failed}[r.IntN(6)]}
	size := []int{3, 5, 5, 10, 30, 30, 60, 300}[r.IntN(8)]
	for i := range r.IntN(8) {
		a.Sources = append(a.Sources, r.source(i+1))
	}
	for range r.IntN(9) {
		s := answer.Sentence{Text: r.text(size)}
		for range r.IntN(5) {
			s.Cites = append(s.Cites, answer.Cite{Source: r.IntN(9), Quote: r.text(size)})
		}
		a.Sentences = append(a.Sentences, s)
	}
	for range r.IntN(3) {
		a.Nearest = append(a.Nearest, r.source(len(a.Nearest)+1))
		a.Notices = append(a.Notices, answer.Notice{Code: []answer.NoticeCode{answer.NoticeStatus, answer.NoticePassed, ""}[r.IntN(3)], Text: r.text(size)})
		a.FollowUps = append(a.FollowUps, r.text(size))
	}
	if a.Outcome == answer.Failed {
		a.Error = &answer.ErrorDetails{Message: r.text(size)}
	}
	return a
}

func (r random) reply() conversation.Reply {
	a := r.answer()
	p := conversation.Reply{
		Kind:     []conversation.ReplyKind{conversation.KindAnswer, conversation.KindAnswer, conversation.KindRequest, conversation.KindExpert, conversation.KindNote}[r.IntN(5)],
		Language: []language.Tag{language.English, language.Japanese}[r.IntN(2)], Person: []string{"U0ASKER", r.text(2)}[r.IntN(2)],
		Shares: r.IntN(2) == 0, Question: r.text(20), Text: r.text(60), Answer: &a,
	}
	for range r.IntN(4) {
		p.Colleagues = append(p.Colleagues, thread.Disagreement{About: thread.Point(r.text(2)), Said: []thread.Said{{Person: "U0ASKER", Text: r.text(10)}, {Person: r.text(2), Text: r.text(10)}}})
	}
	return p
}

func TestEveryReplyKeepsTheLimitsAndLosesNothing(t *testing.T) {
	t.Parallel()
	for shard := range uint64(10) {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			r := random{rand.New(rand.NewPCG(7, shard))}
			for i := range 200 {
				p := r.reply()
				messages := renderer{PublicURL: []string{"", "https://kakehashi.example.org/"}[i%2]}.reply(p)
				check(t, messages)
				if p.Kind == conversation.KindAnswer || p.Kind == conversation.KindRequest {
					checkWhole(t, messages, *p.Answer)
				}
				if t.Failed() {
					t.Fatalf("reply %d of %d: %+v", i, shard, p)
				}
			}
		})
	}
}

// checkWhole finds every sentence with its numbers, then every source with what is cited
// of it, in order but for characters that show nothing.
func checkWhole(t *testing.T, messages []message, a answer.Answer) {
	t.Helper()
	shown := shownText(t, messages)
	find := func(rest, what string) string {
		t.Helper()
		_, after, found := strings.Cut(rest, visible(clean(what)))
		if !found {
			t.Errorf("lost or out of order: %q", what)
		}
		return after
	}
	rest := shown
	for _, s := range a.Sentences {
		rest = find(rest, s.Text)
		seen := map[int]bool{}
		for _, c := range s.Cites {
			if !seen[c.Source] {
				rest = find(rest, number(c.Source))
			}
			seen[c.Source] = true
		}
	}
	for _, s := range append(a.Sources, a.Nearest...) {
		in := find(rest, s.Title)
		in = find(in, s.Citation)
		in = find(in, number(s.N)+s.Locator)
		find(in, s.Digest)
	}
	for _, q := range a.Sentences {
		for _, c := range q.Cites {
			if c.Source >= 1 && c.Source <= len(a.Sources) && !strings.Contains(q.Text, c.Quote) {
				find(rest, c.Quote)
			}
		}
	}
	for _, n := range a.Notices {
		find(shown, n.Text)
	}
}

func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if blank(string(r)) {
			return -1
		}
		return r
	}, s)
}

// shownText is what a reader sees in the blocks.
func shownText(t *testing.T, messages []message) string {
	t.Helper()
	var b strings.Builder
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if s, ok := v["text"].(string); ok && s != "…" && s != "–" {
				b.WriteString(s)
			}
			for _, key := range []string{"text", "elements"} {
				walk(v[key])
			}
			if rows, ok := v["rows"].([]any); ok {
				for _, r := range rows[1:] {
					walk(r.([]any)[1:])
				}
			}
		}
	}
	for _, m := range messages {
		raw, err := json.Marshal(m.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		var blocks []any
		if err := json.Unmarshal(raw, &blocks); err != nil {
			t.Fatal(err)
		}
		walk(blocks)
	}
	return visible(b.String())
}

func TestHomeKeepsTheLimits(t *testing.T) {
	t.Parallel()
	r := random{rand.New(rand.NewPCG(8, 8))}
	for range 300 {
		h := homeIn(language.Japanese)
		for range 30 {
			h.Recent = append(h.Recent, r.text(200))
			s := h.Subscriptions[0]
			s.Target.ID = r.text(2)
			h.Subscriptions = append(h.Subscriptions, s)
		}
		raw, err := json.Marshal(renderer{}.home(h).Blocks)
		if err != nil {
			t.Fatal(err)
		}
		var blocks []map[string]any
		if err := json.Unmarshal(raw, &blocks); err != nil {
			t.Fatal(err)
		}
		count(t, "blocks", len(blocks), 100)
		checkBlocks(t, blocks)
	}
}
