package eval

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// block is a part of a report, before it is text or Markdown.
type block struct {
	heading    string
	level      int // of the heading: 1 for the set, 2 for its parts
	paragraphs []string
	table      [][]string // the first row is the header
	items      []item
}

// item is a missed question.
type item struct {
	id, text string
	details  []string
}

// report is what people read of a run. most bounds the missed queries of a BEIR set
// that are listed; those of a question file are listed all.
func (run Run) report(date string, most int) []block {
	out := []block{run.intro(date)}
	if run.Answers != nil {
		out = append(out, run.Answers.block())
	}
	for _, t := range []Target{TargetDocument, TargetPassage} {
		out = append(out, run.found(t)...)
	}
	out = append(out, run.latencies())
	if run.Comparison != nil {
		out = append(out, run.Comparison.blocks()...)
	}
	return append(out, run.missed(most)...)
}

func (run Run) intro(date string) block {
	s := run.Set
	b := block{heading: s.Name, level: 1}
	if s.Split != "" {
		b.heading += ", split " + s.Split
	}
	size := fmt.Sprintf("%s documents, %s", count(s.Documents), queries(s.Queries))
	if s.Queries < s.Held {
		size += " (the first of " + count(s.Held) + ")"
	}
	if s.LeftOut > 0 {
		size += fmt.Sprintf("; %s more have no relevant document and are left out", count(s.LeftOut))
	}
	encoder := "Words alone; no encoder."
	if run.Model != "" {
		encoder = "Encoder " + run.Model + "."
	}
	b.paragraphs = []string{size + ". SHA-256 of the files: " + s.SHA256[:min(16, len(s.SHA256))] + ". " + encoder}
	if date != "" {
		b.paragraphs[0] += " Measured on " + date + "."
	}
	b.paragraphs = append(b.paragraphs, fmt.Sprintf("In brackets 95 %% intervals: of means by the percentile bootstrap over the queries (%s resamples, seed %d), of shares by Wilson.", count(resamples), run.Seed))
	if len(s.Unknown) > 0 {
		b.paragraphs = append(b.paragraphs, "The library does not hold what these want: "+strings.Join(s.Unknown, "; ")+".")
	}
	return b
}

// block shows the answers by language.
func (a *Answers) block() block {
	b := block{heading: "Answers", level: 2, table: [][]string{{""}}}
	shares := a.Shares
	if len(shares) == 2 { // one language is all there is
		shares = shares[:1]
	}
	row := func(label string, of func(Shares) Share) {
		cells, any := []string{label}, false
		for _, s := range shares {
			share := of(s)
			any = any || share.N > 0
			cells = append(cells, share.String())
		}
		if any {
			b.table = append(b.table, cells)
		}
	}
	for _, s := range shares {
		b.table[0] = append(b.table[0], languageName(s.Language))
	}
	row("right", func(s Shares) Share { return s.Right })
	for _, g := range groups() {
		row(groupName(g), func(s Shares) Share { return s.Groups[g] })
	}
	for _, c := range Checks() {
		row(string(c), func(s Shares) Share { return s.Checks[c] })
	}
	if p := a.Pairs; p.Pairs > 0 {
		text := fmt.Sprintf("Asked in both languages, %s ended the same way.", p.Same)
		if len(p.Differ) > 0 {
			text += " Not: " + strings.Join(p.Differ, ", ") + "."
		}
		b.paragraphs = []string{text}
	}
	return b
}

// found shows the rankings of one target, a table a language.
func (run Run) found(t Target) []block {
	rankings := slices.DeleteFunc(slices.Clone(run.Rankings), func(rk Ranking) bool { return rk.Target != t })
	var out []block
	for _, lang := range languages() {
		var b block
		for _, rk := range rankings {
			i := slices.IndexFunc(rk.Summary, func(s Summary) bool { return s.Language == lang })
			if i < 0 || lang == all && len(rk.Summary) == 2 { // one language is all there is
				continue
			}
			s := rk.Summary[i]
			if b.table == nil {
				b = block{heading: fmt.Sprintf("%s found, %s: %s", targetName(t), languageName(lang), queries(s.Queries)), level: 2, table: [][]string{{""}}}
				for _, m := range rk.Metrics {
					b.table = append(b.table, []string{m})
				}
			}
			b.table[0] = append(b.table[0], rk.Stage)
			for m, e := range s.Means {
				b.table[m+1] = append(b.table[m+1], e.String())
			}
		}
		if b.table != nil {
			out = append(out, b)
		}
	}
	return out
}

func (run Run) latencies() block {
	b := block{heading: "Latency", level: 2, table: [][]string{{"ms", "p50", "p95", "calls"}}}
	row := func(label string, l Latency) {
		b.table = append(b.table, []string{label, number(l.P50, 1), number(l.P95, 1), count(l.Calls)})
	}
	if run.Encoding != nil {
		row("embedding a query", *run.Encoding)
	}
	seen := map[string]bool{}
	for _, rk := range run.Rankings {
		if !seen[rk.Stage] {
			row("search, "+rk.Stage, rk.Search)
		}
		seen[rk.Stage] = true
	}
	if run.Answers != nil {
		row("answer", run.Answers.Latency)
	}
	return b
}

// String is the mean and its interval: 0.812 (0.801–0.823).
func (e Estimate) String() string {
	return number(e.Mean, 3) + " (" + number(e.Low, 3) + "–" + number(e.High, 3) + ")"
}

// String is the share and its interval in percent: 23 of 26 (71–96 %).
func (s Share) String() string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%s of %s (%.0f–%.0f %%)", count(s.K), count(s.N), 100*s.Low, 100*s.High)
}

func number(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }

// count writes 13732 as 13,732.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func queries(n int) string {
	if n == 1 {
		return "1 query"
	}
	return count(n) + " queries"
}

func languageName(lang string) string {
	switch lang {
	case "en":
		return "English"
	case "ja":
		return "Japanese"
	}
	return lang
}

func groupName(g Group) string {
	switch g {
	case FollowUp:
		return "follow-ups"
	case Decline:
		return "to be declined"
	}
	return "standing alone"
}

func targetName(t Target) string {
	if t == TargetPassage {
		return "Right passages"
	}
	return "Right documents"
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
