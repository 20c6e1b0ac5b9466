package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// The keys a front matter may hold; the value tells whether it must.
var (
	documentKeys = map[string]bool{
		"id": true, "title": true, "title_ja": false, "citation": true, "jurisdiction": true, "kind": true,
		"issuer": true, "url": true, "published": true, "effective": false, "status": true,
		"superseded_by": false, "related": false, "topics": true, "as_of": true, "checked_against": true, "language": true,
	}
	editionKeys = map[string]bool{
		"edition_of": true, "language": true, "title": true, "citation": true, "issuer": true,
	}
	idPattern = regexp.MustCompile(`^(us|jp|usjp|g7|intl)-[a-z0-9]+(-[a-z0-9]+)*$`)
)

// header is a front matter with the line of every key, so that a fault can be
// named where it stands.
type header struct {
	file   string
	values map[string]*yaml.Node
	lines  map[string]int
	faults *Problems
}

// frontMatterOffset is the line of the file on which the YAML begins.
const frontMatterOffset = 1

func parseHeader(file string, src []byte, allowed map[string]bool, faults *Problems) header {
	h := header{file, map[string]*yaml.Node{}, map[string]int{}, faults}
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		line, msg := yamlFault(err)
		faults.add(file, line+frontMatterOffset, "front matter: %s", msg)
		return h
	}
	if len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		faults.add(file, 1, "front matter: want keys and values")
		return h
	}
	pairs := root.Content[0].Content
	for i := 0; i+1 < len(pairs); i += 2 {
		key, line := pairs[i].Value, pairs[i].Line+frontMatterOffset
		if _, ok := allowed[key]; !ok {
			faults.add(file, line, "unknown key %q", key)
			continue
		}
		if _, ok := h.values[key]; ok {
			faults.add(file, line, "key %q stands twice", key)
			continue
		}
		h.values[key], h.lines[key] = pairs[i+1], line
	}
	for _, key := range sortedKeys(allowed) {
		if allowed[key] && h.values[key] == nil {
			faults.add(file, 1, "missing key %q", key)
		}
	}
	return h
}

func sortedKeys(m map[string]bool) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var yamlLine = regexp.MustCompile(`line (\d+): ?(.*)`)

// yamlFault takes the line out of the library's error text, which carries it
// nowhere else.
func yamlFault(err error) (line int, msg string) {
	var te *yaml.TypeError
	text := err.Error()
	if errors.As(err, &te) && len(te.Errors) > 0 {
		text = te.Errors[0]
	}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n, m[2]
	}
	return 1, strings.TrimPrefix(text, "yaml: ")
}

func (h header) text(key string) string {
	n := h.values[key]
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" {
		h.faults.add(h.file, h.lines[key], "%s: want a text", key)
		return ""
	}
	return strings.TrimSpace(n.Value)
}

func (h header) list(key string) []string {
	n := h.values[key]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		h.faults.add(h.file, h.lines[key], "%s: want a list", key)
		return nil
	}
	var out []string
	for _, item := range n.Content {
		switch {
		case item.Kind != yaml.ScalarNode || item.Value == "":
			h.faults.add(h.file, item.Line+frontMatterOffset, "%s: want a list of texts", key)
		case slices.Contains(out, item.Value):
			h.faults.add(h.file, item.Line+frontMatterOffset, "%s: %q stands twice", key, item.Value)
		default:
			out = append(out, item.Value)
		}
	}
	return out
}

func (h header) date(key string) Date {
	s := h.text(key)
	if s == "" {
		return Date{}
	}
	d, err := ParseDate(s)
	if err != nil {
		h.faults.add(h.file, h.lines[key], "%s: %v", key, err)
	}
	return d
}

func (h header) oneOf(key string, allowed []string) string {
	s := h.text(key)
	if s != "" && !slices.Contains(allowed, s) {
		h.faults.add(h.file, h.lines[key], "%s: unknown %q, want one of %s", key, s, strings.Join(allowed, ", "))
	}
	return s
}

func (h header) link(key string) string {
	s := h.text(key)
	if s != "" {
		if err := checkLink(s); err != nil {
			h.faults.add(h.file, h.lines[key], "%s: %v", key, err)
		}
	}
	return s
}

func checkLink(s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return fmt.Errorf("%q is not a web address", s)
	}
	return nil
}

func (h header) language() language.Tag {
	if h.oneOf("language", []string{"en", "ja"}) == "ja" {
		return language.Japanese
	}
	return language.English
}

// splitFrontMatter cuts a file into front matter and body. bodyLine is the line
// of the file on which the body begins.
func splitFrontMatter(src []byte) (front, body []byte, bodyLine int, err error) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	rest, ok := bytes.CutPrefix(src, []byte("---\n"))
	if !ok {
		return nil, nil, 0, errors.New("want a front matter between two lines of ---")
	}
	front, body, ok = bytes.Cut(rest, []byte("\n---\n"))
	if !ok {
		return nil, nil, 0, errors.New("the front matter has no closing line of ---")
	}
	return front, body, 1 + frontMatterOffset + bytes.Count(front, []byte("\n")) + 1 + 1, nil
}
