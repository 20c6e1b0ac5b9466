package eval_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"kakehashi/retrieval/eval"
)

// good is a reply that is right in everything that goodQuestion asks.
func good() eval.Reply {
	return eval.Reply{
		Outcome: "answered", Sentences: []string{"It is thirty", "days."},
		Quotes: []eval.Quote{{Text: "thirty days", Passage: "At least thirty days before."}},
		Cited:  []eval.Cited{{Document: "b", Locator: "§ 1(a)"}, {Document: "a", Locator: "§1 (a)"}},
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	answerable := goodQuestion
	decline := strings.Replace(goodQuestion, `"answerable": true`, `"answerable": false`, 1)
	bare := `{"id": "x", "lang": "en", "q": "x", "answerable": true}`
	for name, c := range map[string]struct {
		question string
		change   func(*eval.Reply)
		wrong    string // the checks that fail
		checks   int    // how many apply
	}{
		"right":                     {answerable, func(*eval.Reply) {}, "", 6},
		"declined":                  {answerable, func(r *eval.Reply) { *r = eval.Reply{Outcome: "declined"} }, "outcome facts evidence document passage", 5},
		"asks back":                 {answerable, func(r *eval.Reply) { r.Outcome = "clarify" }, "outcome", 5},
		"a fact is missing":         {answerable, func(r *eval.Reply) { r.Sentences = []string{"It is some days."} }, "facts", 6},
		"not borne out":             {answerable, func(r *eval.Reply) { r.Quotes[0] = eval.Quote{Text: "thirty", Passage: "thirty"} }, "evidence", 6},
		"another document":          {answerable, func(r *eval.Reply) { r.Cited = r.Cited[:1] }, "document passage", 6},
		"another passage":           {answerable, func(r *eval.Reply) { r.Cited[1].Locator = "§ 1(b)" }, "passage", 6},
		"the passage of another":    {answerable, func(r *eval.Reply) { r.Cited[1].Locator = ""; r.Cited[0].Locator = "§ 1(a)" }, "passage", 6},
		"a quote that is not there": {answerable, func(r *eval.Reply) { r.Quotes[0].Passage = "At least thirty  days" }, "quotes", 6},
		"one of two not there":      {answerable, func(r *eval.Reply) { r.Quotes = append(r.Quotes, eval.Quote{Text: "x"}) }, "quotes", 6},
		"an empty quote":            {answerable, func(r *eval.Reply) { r.Quotes = append(r.Quotes, eval.Quote{}) }, "quotes", 6},
		"no quotes":                 {answerable, func(r *eval.Reply) { r.Quotes = nil }, "evidence quotes", 6},
		"rightly declined":          {decline, func(r *eval.Reply) { *r = eval.Reply{Outcome: "declined"} }, "", 1},
		"rightly refused":           {decline, func(r *eval.Reply) { *r = eval.Reply{Outcome: "refused"} }, "", 1},
		"not declined":              {decline, func(*eval.Reply) {}, "outcome", 2},
		"an error":                  {decline, func(r *eval.Reply) { *r = eval.Reply{Outcome: "error"} }, "outcome", 1},
		"nothing else is demanded":  {bare, func(*eval.Reply) {}, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, r := questions(t, c.question).Questions[0], good()
			c.change(&r)
			j := eval.Judge(q, r)
			var wrong []string
			for _, check := range eval.Checks() {
				if ok, applies := j.Checks[check]; applies && !ok {
					wrong = append(wrong, string(check))
				}
			}
			if got := strings.Join(wrong, " "); got != c.wrong || len(j.Checks) != c.checks || j.Right != (c.wrong == "") || (j.Missed == nil) != j.Right {
				t.Errorf("wrong: %q of %v; want %q of %d", got, j.Checks, c.wrong, c.checks)
			}
			if !j.Right && !strings.HasSuffix(j.Missed.Came[0], "wrong: "+strings.Join(wrong, ", ")) {
				t.Errorf("missed: %+v", j.Missed)
			}
		})
	}
}

// advisor replies by question id.
type advisor map[string]eval.Reply

func (a advisor) Answer(_ context.Context, q eval.Question) (eval.Reply, error) {
	r, ok := a[q.ID]
	if !ok {
		return r, errors.New("out of memory")
	}
	return r, nil
}

func line(id, lang string, answerable string) string {
	return `{"id": "` + id + `", "lang": "` + lang + `", "q": "question ` + id + `", "answerable": ` + answerable + `}`
}

func TestAsk(t *testing.T) {
	t.Parallel()
	yes, no := eval.Reply{Outcome: "answered", Quotes: []eval.Quote{{Text: "a", Passage: "a"}}}, eval.Reply{Outcome: "declined"}
	qs := questions(t, line("1en", "en", "true"), line("1ja", "ja", "true"), line("2en", "en", "true"), line("2ja", "ja", "true"),
		line("3en", "en", "false"), line("3ja", "ja", "false"), line("4ja", "en", "false"))
	var heard []int
	got, err := qs.Ask(t.Context(), advisor{"1en": yes, "1ja": yes, "2en": yes, "2ja": no, "3en": no, "3ja": no, "4ja": yes}, func(done, _ int) { heard = append(heard, done) })
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(heard, []int{1, 2, 3, 4, 5, 6, 7}) || got.Latency.Calls != 7 {
		t.Errorf("progress %v, latency %+v", heard, got.Latency)
	}
	if p := got.Pairs; p.Pairs != 3 || p.Same.K != 2 || !slices.Equal(p.Differ, []string{"2"}) {
		t.Errorf("pairs: %+v", p)
	}
	en, ja, all := got.Shares[0], got.Shares[1], got.Shares[2]
	if en.Right.K != 3 || en.Right.N != 4 || ja.Right.K != 2 || ja.Right.N != 3 || all.Right.K != 5 || all.Groups[eval.Decline] != eval.Wilson(2, 3) || all.Checks[eval.CheckQuotes] != eval.Wilson(4, 4) {
		t.Errorf("%+v", got.Shares)
	}
	if _, err := qs.Ask(t.Context(), advisor{"1en": yes}, nil); err == nil || !strings.Contains(err.Error(), `"1ja": out of memory`) {
		t.Errorf("a failing advisor gives %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := qs.Ask(ctx, advisor{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run gives %v", err)
	}
}

// Whoever judges must not let the advisor's own word stand for a check.
func TestJudgeNeedsThePassageItself(t *testing.T) {
	t.Parallel()
	r := good()
	r.Quotes[0].Passage = ""
	if j := eval.Judge(questions(t, goodQuestion).Questions[0], r); j.Right || !maps.Equal(j.Checks, map[eval.Check]bool{
		eval.CheckOutcome: true, eval.CheckFacts: true, eval.CheckEvidence: true, eval.CheckDocument: true, eval.CheckPassage: true, eval.CheckQuotes: false,
	}) {
		t.Errorf("%+v", j)
	}
}
