package eval

import "strings"

// Answers are the judged replies to a question file.
type Answers struct {
	Latency   Latency  `json:"latency"` // of a whole answer
	Shares    []Shares `json:"shares"`
	Pairs     Pairs    `json:"pairs"`
	Questions []Judged `json:"questions"`
}

// Shares are how many questions of one language, or of "all", are right.
type Shares struct {
	Language string          `json:"language"`
	Right    Share           `json:"right"`
	Groups   map[Group]Share `json:"groups"` // right, of each group
	Checks   map[Check]Share `json:"checks"` // of the questions that each applies to
}

// Pairs are questions asked in both languages: the same id but for its ending, en
// or ja.
type Pairs struct {
	Pairs  int      `json:"pairs"`
	Same   Share    `json:"same"`   // ended the same way in both languages
	Differ []string `json:"differ"` // the ids without their endings
}

func (a *Answers) summarise() {
	a.Shares = nil
	for _, lang := range languages() {
		if s := a.shares(lang); s.Right.N > 0 {
			a.Shares = append(a.Shares, s)
		}
	}
	a.Pairs = pairs(a.Questions)
}

func (a *Answers) shares(lang string) Shares {
	type count struct{ k, n int }
	var right count
	groups, checks := map[Group]count{}, map[Check]count{}
	add := func(c count, ok bool) count {
		if c.n++; ok {
			c.k++
		}
		return c
	}
	for _, j := range a.Questions {
		if lang != all && j.Language != lang {
			continue
		}
		right = add(right, j.Right)
		groups[j.Group] = add(groups[j.Group], j.Right)
		for c, ok := range j.Checks {
			checks[c] = add(checks[c], ok)
		}
	}
	s := Shares{lang, Wilson(right.k, right.n), map[Group]Share{}, map[Check]Share{}}
	for g, c := range groups {
		s.Groups[g] = Wilson(c.k, c.n)
	}
	for ch, c := range checks {
		s.Checks[ch] = Wilson(c.k, c.n)
	}
	return s
}

func pairs(judged []Judged) Pairs {
	english := map[string]string{} // outcome by id without its ending
	for _, j := range judged {
		if stem, ok := strings.CutSuffix(j.ID, "en"); ok && j.Language == "en" {
			english[stem] = j.Outcome
		}
	}
	var out Pairs
	for _, j := range judged {
		stem, ok := strings.CutSuffix(j.ID, "ja")
		outcome, paired := english[stem]
		if !ok || !paired || j.Language != "ja" {
			continue
		}
		if out.Pairs++; outcome != j.Outcome {
			out.Differ = append(out.Differ, stem)
		}
	}
	out.Same = Wilson(out.Pairs-len(out.Differ), out.Pairs)
	return out
}
