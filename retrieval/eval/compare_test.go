package eval_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"kakehashi/retrieval/eval"
)

// ranked is a run of one stage with one value of recall@10 a query.
func ranked(values map[string]float64) eval.Run {
	rk := eval.Ranking{Stage: "hybrid", Target: eval.TargetDocument, Metrics: []string{"recall@10"}}
	for _, id := range slices.Sorted(func(yield func(string) bool) {
		for id := range values {
			if !yield(id) {
				return
			}
		}
	}) {
		rk.Queries = append(rk.Queries, eval.Ranked{ID: id, Language: "en", Values: []float64{values[id]}})
	}
	rk.Summarise(1)
	return eval.Run{Format: eval.Format, Set: eval.SetInfo{Name: "s", Kind: eval.BEIR, SHA256: "0123456789abcdef0123"}, Rankings: []eval.Ranking{rk}}
}

func judgedRun(t *testing.T, right map[string]bool) eval.Run {
	t.Helper()
	var lines []string
	replies := advisor{}
	for _, id := range []string{"1en", "1ja", "2en", "3en"} {
		if ok, there := right[id]; there {
			lines = append(lines, line(id, id[1:], "false"))
			replies[id] = eval.Reply{Outcome: map[bool]string{true: "declined", false: "error"}[ok]}
		}
	}
	qs := questions(t, lines...)
	answers, err := qs.Ask(t.Context(), replies, nil)
	if err != nil {
		t.Fatal(err)
	}
	return eval.Run{Format: eval.Format, Set: qs.Info(nil), Answers: answers}
}

func TestCompareRankings(t *testing.T) {
	t.Parallel()
	old := ranked(map[string]float64{"a": 1, "b": 0, "c": 0.5, "d": 1, "gone": 1})
	c, err := ranked(map[string]float64{"a": 0.5, "b": 1, "c": 1, "d": 1, "new": 0}).Compare(old, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := c.Rankings[0]
	if !c.SameSet || r.Queries != 4 || !slices.Equal(r.Gained, []string{"b", "c"}) || !slices.Equal(r.Lost, []string{"a"}) {
		t.Errorf("%+v", c)
	}
	m := r.Metrics[0]
	if m.Old != 0.625 || m.New != 0.875 || math.Abs(m.Difference-0.25) > 1e-12 || m.P < 0.4 || m.P > 1 {
		t.Errorf("%+v", m)
	}
}

func TestCompareAnswers(t *testing.T) {
	t.Parallel()
	old := judgedRun(t, map[string]bool{"1en": true, "1ja": false, "2en": true})
	now := judgedRun(t, map[string]bool{"1en": false, "1ja": true, "2en": false, "3en": true})
	c, err := now.Compare(old, 1)
	if err != nil || c.SameSet {
		t.Fatal(err, c)
	}
	if a := c.Answers; a.Old.K != 2 || a.New.K != 1 || a.New.N != 3 || a.P != 1 || !slices.Equal(a.Gained, []string{"1ja"}) || !slices.Equal(a.Lost, []string{"1en", "2en"}) {
		t.Errorf("%+v", a)
	}
	if fall, err := now.Fall(old); err != nil || math.Abs(fall-100./3) > 1e-9 {
		t.Errorf("the share falls by %v, %v", fall, err)
	}
	if fall, err := old.Fall(now); err != nil || math.Abs(fall+100./3) > 1e-9 {
		t.Errorf("the share falls by %v, %v", fall, err)
	}
}

func TestRunsThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	a := ranked(map[string]float64{"a": 1})
	for want, other := range map[string]eval.Run{
		"cannot be compared": judgedRun(t, map[string]bool{"1en": true}),
		"in common":          ranked(map[string]float64{"b": 1}),
	} {
		if _, err := a.Compare(other, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %q", err, want)
		}
	}
	if _, err := a.Fall(a); err == nil {
		t.Error("a ranking has a share of right answers")
	}
	if _, err := judgedRun(t, map[string]bool{"1en": true}).Fall(judgedRun(t, map[string]bool{"2en": true})); err == nil {
		t.Error("runs without a common question are compared")
	}
}

func TestSavedRunsComeBack(t *testing.T) {
	t.Parallel()
	run := reportedRun(t)
	saved, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := eval.ReadRun(bytes.NewReader(saved)); err != nil || !reflect.DeepEqual(back, run) {
		t.Errorf("%v\n%+v\n%+v", err, back, run)
	}
	for text, want := range map[string]string{
		"":                   "eval --json",
		"[]":                 "eval --json",
		`{"format": 1} {}`:   "something follows",
		`{"format": 2}`:      "measure again",
		`{"id": "a-1"}`:      "measure again",
		string(saved[:2000]): "eval --json",
		`{"format": 1, "rankings": [{"metrics": ["recall@10"], "queries": [{"id": "a", "values": []}]}]}`: `query "a" has 0 values`,
		`{"format": 1, "rankings": [{"metrics": [], "summary": [{"means": [{}]}]}]}`:                      "1 means for 0 metrics",
	} {
		if _, err := eval.ReadRun(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q gives %v; want %q", text, err, want)
		}
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

// reportedRun has something of everything that a report shows.
func reportedRun(t *testing.T) eval.Run {
	t.Helper()
	run := judgedRun(t, map[string]bool{"1en": true, "1ja": false, "2en": true})
	rk := ranked(map[string]float64{"a*": 1, "b": 0}).Rankings[0]
	rk.Target, rk.Search = eval.TargetPassage, eval.Latency{Calls: 1234, P50: 1.25, P95: 30}
	rk.Queries[1].Missed = &eval.Missed{Text: "what | is\n<b>this</b>?", Wanted: []string{"one of: x_y"}, Came: []string{"d1 § 1", "d2 § 2"}}
	run.Rankings, run.Model, run.Seed = append(run.Rankings, rk), "encoder/1", 1
	run.Encoding = &eval.Latency{Calls: 3, P50: 10, P95: 20}
	run.Answers.Latency = eval.Latency{Calls: 3, P50: 5, P95: 6}
	run.Set.Name, run.Set.Unknown = "mine", []string{"1en: no document z"}
	old := judgedRun(t, map[string]bool{"1en": false, "1ja": false, "2en": true})
	old.Rankings = ranked(map[string]float64{"a*": 0, "b": 0}).Rankings
	old.Rankings[0].Target = eval.TargetPassage
	var err error
	if run.Comparison, err = run.Compare(old, 1); err != nil {
		t.Fatal(err)
	}
	return run
}

func TestMarkdownIsAsItShouldBe(t *testing.T) {
	t.Parallel()
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if err := reportedRun(t).WriteMarkdown(b, "2026-11-25"); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same run gives two reports")
	}
	const golden = "testdata/report.md"
	if *update {
		if err := os.WriteFile(golden, first.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), want) {
		t.Errorf("differs from %s (go test -update writes it anew):\n%s", golden, first.String())
	}
}

func TestTextFitsATerminal(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := reportedRun(t).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"mine 0 documents", "2 of 3 (21–94 %)", "0.500 (0.000–1.000)", "embedding a query", "1,234", "Newly right: 1 (1en); no longer: none."} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), strings.TrimSpace(want)) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	for l := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(l, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, l)
		}
	}
}

func TestSplice(t *testing.T) {
	t.Parallel()
	a, b := eval.SetInfo{Name: "a"}, eval.SetInfo{Name: "b", Split: "dev"}
	doc := eval.Splice("", "A1\n", a)
	doc = eval.Splice("Foreword\n\n"+doc, "B1\n", b)
	doc += "Afterword\n"
	doc = eval.Splice(doc, "A2\n", a)
	want := "Foreword\n\n<!-- measured: a -->\nA2\n<!-- end: a -->\n\n<!-- measured: b dev -->\nB1\n<!-- end: b dev -->\nAfterword\n"
	if doc != want {
		t.Errorf("got\n%s", doc)
	}
}
