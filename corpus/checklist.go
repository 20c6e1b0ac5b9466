package corpus

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Checklist is a decision aid: questions, and rules that turn the answers into an
// outcome with citations.
type Checklist struct {
	ID         string     `yaml:"id"`
	Title      string     `yaml:"title"`
	TitleJA    string     `yaml:"title_ja"`
	Source     []string   `yaml:"source"` // ids of the documents that it draws on
	Intro      string     `yaml:"intro"`
	Questions  []Question `yaml:"questions"`
	Rules      []Rule     `yaml:"rules"`
	Disclaimer string     `yaml:"disclaimer"`
	AsOf       string     `yaml:"as_of"`
}

// Question is one step of a checklist; Type is choice, yes_no or number.
type Question struct {
	ID      string   `yaml:"id"`
	Text    string   `yaml:"text"`
	TextJA  string   `yaml:"text_ja"`
	Help    string   `yaml:"help"`
	Type    string   `yaml:"type"`
	Choices []Choice `yaml:"choices"`
}

// Choice is one possible answer to a question of type choice.
type Choice struct {
	Value  string `yaml:"value"`
	Text   string `yaml:"text"`
	TextJA string `yaml:"text_ja"`
}

// Rule states the outcome that holds when its condition, a CEL expression over
// the questions' ids, is true.
type Rule struct {
	When    string  `yaml:"when"`
	Outcome Outcome `yaml:"outcome"`
}

// Outcome is what a checklist says; Status is ok, caution, stop or info.
type Outcome struct {
	Status string    `yaml:"status"`
	Text   string    `yaml:"text"`
	TextJA string    `yaml:"text_ja"`
	Cite   []Pointer `yaml:"cite"`
}

// Pointer names a passage by document and locator.
type Pointer struct {
	Document string `yaml:"doc"`
	Locator  string `yaml:"locator"`
}

func loadChecklists(root fs.FS, lib *Library, faults *Problems) []Checklist {
	names, err := fs.Glob(root, "checklists/*.yaml")
	if err != nil {
		faults.add("checklists", 0, "%v", err)
	}
	var out []Checklist
	for _, name := range names {
		n := yamlRoot(root, name, faults)
		if n == nil {
			continue
		}
		var c Checklist
		if err := decodeStrict(n, &c); err != nil {
			line, msg := yamlFault(err)
			faults.add(name, line, "%s", msg)
			continue
		}
		c.check(name, lib, faults)
		out = append(out, c)
	}
	return out
}

func (c Checklist) check(name string, lib *Library, faults *Problems) {
	if want := strings.TrimSuffix(path.Base(name), ".yaml"); c.ID != want {
		faults.add(name, 1, "id: %q in a file named %s.yaml", c.ID, want)
	}
	if _, err := ParseDate(c.AsOf); err != nil {
		faults.add(name, 0, "as_of: %v", err)
	}
	if len(c.Questions) == 0 || len(c.Rules) == 0 {
		faults.add(name, 0, "want questions and rules")
	}
	for _, id := range c.Source {
		if _, ok := lib.Document(id); !ok {
			faults.add(name, 0, "source: no document %q", id)
		}
	}
	ids := map[string]bool{}
	for _, q := range c.Questions {
		if ids[q.ID] || q.ID == "" {
			faults.add(name, 0, "question %q: want ids that differ", q.ID)
		}
		ids[q.ID] = true
		if !slices.Contains([]string{"choice", "yes_no", "number"}, q.Type) {
			faults.add(name, 0, "question %s: unknown type %q", q.ID, q.Type)
		}
		if (q.Type == "choice") != (len(q.Choices) > 0) {
			faults.add(name, 0, "question %s: choices belong to type choice", q.ID)
		}
	}
	for _, r := range c.Rules {
		if !slices.Contains([]string{"ok", "caution", "stop", "info"}, r.Outcome.Status) {
			faults.add(name, 0, "rule %q: unknown status %q", r.When, r.Outcome.Status)
		}
		if r.When == "" || r.Outcome.Text == "" || len(r.Outcome.Cite) == 0 {
			faults.add(name, 0, "rule %q: want a condition, a text and a citation", r.When)
		}
		for _, p := range r.Outcome.Cite {
			if !lib.has(p) {
				faults.add(name, 0, "rule %q: no passage %q in %q", r.When, p.Locator, p.Document)
			}
		}
	}
}

func (l *Library) has(p Pointer) bool {
	d, ok := l.Document(p.Document)
	return ok && slices.ContainsFunc(d.Editions[0].Passages, func(x Passage) bool { return x.Locator == p.Locator })
}
