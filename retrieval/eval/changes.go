package eval

import (
	"fmt"
	"slices"
	"strings"
)

// blocks show what changed since the earlier run.
func (c *Comparison) blocks() []block {
	b := block{heading: "Against the earlier run", level: 2, paragraphs: []string{"p is of the paired randomization test (" + count(permutations) + " permutations), of answers of McNemar's exact test."}}
	if !c.SameSet {
		b.paragraphs = append(b.paragraphs, "The files of the set have changed in between: only what has the same id is compared.")
	}
	if c.OldModel != "" {
		b.paragraphs = append(b.paragraphs, "Its encoder: "+c.OldModel+".")
	}
	if a := c.Answers; a != nil {
		b.paragraphs = append(b.paragraphs, fmt.Sprintf("Right answers: %s, before %s; p = %s. %s", a.New, a.Old, number(a.P, 4), flips("right", a.Gained, a.Lost)))
	}
	out := []block{b}
	for _, r := range c.Rankings {
		b := block{heading: targetName(r.Target) + ", " + r.Stage + ": " + queries(r.Queries), level: 2, table: [][]string{{"", "before", "now", "difference", "p"}}}
		for _, m := range r.Metrics {
			b.table = append(b.table, []string{m.Metric, number(m.Old, 3), number(m.New, 3), fmt.Sprintf("%+.3f", m.Difference), number(m.P, 4)})
		}
		b.paragraphs = []string{flips("found among the first ten", r.Gained, r.Lost)}
		out = append(out, b)
	}
	return out
}

// flips lists what changed for the better and for the worse.
func flips(what string, gained, lost []string) string {
	list := func(ids []string) string {
		const most = 40
		if len(ids) == 0 {
			return "none"
		}
		text := fmt.Sprintf("%d (%s", len(ids), strings.Join(ids[:min(most, len(ids))], ", "))
		if len(ids) > most {
			text += fmt.Sprintf(" and %d more, see the JSON form", len(ids)-most)
		}
		return text + ")"
	}
	return "Newly " + what + ": " + list(gained) + "; no longer: " + list(lost) + "."
}

// missed lists the questions that were answered wrongly, and what the best stage
// that was measured did not find.
func (run Run) missed(most int) []block {
	var out []block
	if run.Answers != nil {
		b := block{heading: "Wrong answers", level: 2}
		for _, j := range run.Answers.Questions {
			b.add(j.ID, j.Missed)
		}
		out = append(out, b)
		most = len(run.Answers.Questions)
	}
	for _, t := range []Target{TargetDocument, TargetPassage} {
		rankings := slices.DeleteFunc(slices.Clone(run.Rankings), func(rk Ranking) bool { return rk.Target != t })
		if len(rankings) == 0 {
			continue
		}
		i := max(0, slices.IndexFunc(rankings, func(rk Ranking) bool { return rk.Stage == "hybrid" }))
		b := block{heading: targetName(t) + " not among the first ten, " + rankings[i].Stage, level: 2}
		for _, q := range rankings[i].Queries {
			b.add(q.ID, q.Missed)
		}
		if n := len(b.items); n > most {
			b.items = b.items[:most]
			b.paragraphs = []string{fmt.Sprintf("The first %d of %s; the JSON form has all.", most, count(n))}
		}
		out = append(out, b)
	}
	return slices.DeleteFunc(out, func(b block) bool { return len(b.items) == 0 })
}

func (b *block) add(id string, m *Missed) {
	if m == nil {
		return
	}
	details := []string{"wanted: " + strings.Join(m.Wanted, "; ")}
	if len(m.Came) == 0 {
		details = append(details, "came: nothing")
	}
	for _, c := range m.Came {
		details = append(details, "came: "+c)
	}
	b.items = append(b.items, item{id, oneLine(m.Text), details})
}
