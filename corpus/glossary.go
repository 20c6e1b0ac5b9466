package corpus

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// Term is one entry of the glossary: a concept with its names in both languages.
type Term struct {
	ID        string   `yaml:"id"`
	English   string   `yaml:"en"`
	EnAliases []string `yaml:"en_aliases"`
	Abbr      []string `yaml:"abbr"` // CUI, EAR; used in both languages
	Japanese  string   `yaml:"ja"`
	JaAliases []string `yaml:"ja_aliases"`
	Note      string   `yaml:"note"`     // what it is, in English, our own words
	Everyday  bool     `yaml:"everyday"` // a word of questions, not of the field: it widens a search and proves nothing
}

// Glossary is the list of terms in the order of the file.
type Glossary []Term

// Names are all names of the term in the language, its main name first.
// Abbreviations belong to both languages.
func (t Term) Names(lang language.Tag) []string {
	if lang == language.Japanese {
		return append(append([]string{t.Japanese}, t.JaAliases...), t.Abbr...)
	}
	return append(append([]string{t.English}, t.EnAliases...), t.Abbr...)
}

// Text is the entry as it is quoted and cited: what it stands for or is called,
// then what it is (the note, which is in English only).
func (t Term) Text(lang language.Tag) string {
	abbr := strings.Join(t.Abbr, ", ")
	switch {
	case lang == language.Japanese && abbr != "" && abbr != t.English:
		return fmt.Sprintf("「%s」は「%s」の略で、日本語では「%s」という。", abbr, t.English, t.Japanese)
	case lang == language.Japanese:
		return fmt.Sprintf("「%s」は、英語では「%s」という。", t.Japanese, t.English)
	case abbr != "" && abbr != t.English:
		return fmt.Sprintf("%s stands for %s; in Japanese it is called %s. It is: %s.", abbr, t.English, t.Japanese, strings.TrimSuffix(t.Note, "."))
	}
	if t.English == t.Japanese {
		return fmt.Sprintf("“%s”: %s.", t.English, strings.TrimSuffix(t.Note, "."))
	}
	return fmt.Sprintf("“%s”, in Japanese %s: %s.", t.English, t.Japanese, strings.TrimSuffix(t.Note, "."))
}

// GlossaryDocument is the id under which glossary entries are cited;
// "glossary#cui" names one.
const GlossaryDocument = "glossary"

// PassageID names the entry in a citation.
func (t Term) PassageID() PassageID { return PassageID(GlossaryDocument + "#" + t.ID) }

// Find returns the term of that id.
func (g Glossary) Find(id string) (Term, bool) {
	for _, t := range g {
		if t.ID == id {
			return t, true
		}
	}
	return Term{}, false
}

var termID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func loadGlossary(root fs.FS, faults *Problems) Glossary {
	const name = "glossary.yaml"
	nodes := yamlSequence(root, name, faults)
	seen := map[string]int{}
	var out Glossary
	for _, n := range nodes {
		var t Term
		if err := decodeStrict(n, &t); err != nil {
			line, msg := yamlFault(err)
			faults.add(name, max(line, n.Line), "%s", msg)
			continue
		}
		switch first, dup := seen[t.ID]; {
		case !termID.MatchString(t.ID):
			faults.add(name, n.Line, "id: %q is not kebab-case", t.ID)
		case dup:
			faults.add(name, n.Line, "id: %q is already the id of line %d", t.ID, first)
		case strings.TrimSpace(t.English) == "" || strings.TrimSpace(t.Japanese) == "":
			faults.add(name, n.Line, "%s: want both en and ja", t.ID)
		case strings.TrimSpace(t.Note) == "":
			faults.add(name, n.Line, "%s: want a note", t.ID)
		}
		seen[t.ID] = n.Line
		out = append(out, t)
	}
	return out
}

// yamlSequence reads a file that holds one list. A file that is not there holds
// none.
func yamlSequence(root fs.FS, name string, faults *Problems) []*yaml.Node {
	n := yamlRoot(root, name, faults)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		faults.add(name, n.Line, "want a list")
		return nil
	}
	return n.Content
}

func yamlRoot(root fs.FS, name string, faults *Problems) *yaml.Node {
	src, err := fs.ReadFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		faults.add(name, 0, "%v", err)
		return nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		line, msg := yamlFault(err)
		faults.add(name, line, "%s", msg)
		return nil
	}
	if len(doc.Content) == 0 {
		faults.add(name, 1, "empty")
		return nil
	}
	return doc.Content[0]
}

// decodeStrict decodes a node and refuses keys that the type does not know,
// which yaml.Node.Decode alone lets pass.
func decodeStrict(n *yaml.Node, into any) error {
	if err := n.Decode(into); err != nil {
		return err
	}
	src, err := yaml.Marshal(n)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(strings.NewReader(string(src)))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		_, msg := yamlFault(err)
		return errors.New(msg)
	}
	return nil
}
