package corpus

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// maxFile is far above the longest document of the library (about 60 KB).
const maxFile = 1 << 20

// file is a Markdown file after parsing, before its links are resolved.
type file struct {
	name      string
	header    header
	editionOf string // id of the English document, for a Japanese edition
	document  *Document
	edition   Edition
}

func parseFile(name string, src []byte, faults *Problems) (file, bool) {
	f := file{name: name}
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	switch {
	case len(src) > maxFile:
		faults.add(name, 0, "longer than %d bytes", maxFile)
		return f, false
	case !utf8.Valid(src):
		faults.add(name, 1+bytes.Count(src[:invalidAt(src)], []byte("\n")), "not UTF-8")
		return f, false
	case bytes.IndexByte(src, 0) >= 0:
		faults.add(name, 0, "holds a NUL byte; want text")
		return f, false
	}
	front, body, bodyLine, err := splitFrontMatter(src)
	if err != nil {
		faults.add(name, 1, "%v", err)
		return f, false
	}
	before := len(*faults)
	if strings.HasSuffix(name, ".ja.md") {
		f.header = parseHeader(name, front, editionKeys, faults)
		f.editionOf = f.header.text("edition_of")
		if lang := f.header.language(); f.header.values["language"] != nil && lang != language.Japanese {
			faults.add(name, f.header.lines["language"], "language: a file named .ja.md is Japanese")
		}
	} else {
		f.header = parseHeader(name, front, documentKeys, faults)
		f.document = parseDocument(f.header)
	}
	f.edition = Edition{
		Language: f.header.language(),
		Title:    f.header.text("title"),
		Citation: f.header.text("citation"),
		Issuer:   f.header.text("issuer"),
		Passages: parsePassages(name, string(body), bodyLine, faults),
		File:     name,
	}
	return f, len(*faults) == before
}

func invalidAt(src []byte) int {
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(src)
}

func parseDocument(h header) *Document {
	d := &Document{
		ID:           h.text("id"),
		Collection:   Shipped,
		Jurisdiction: Jurisdiction(h.oneOf("jurisdiction", Jurisdictions)),
		Kind:         Kind(h.oneOf("kind", Kinds)),
		URL:          h.link("url"),
		Published:    h.date("published"),
		Effective:    h.date("effective"),
		Status:       Status(h.oneOf("status", Statuses)),
		SupersededBy: h.list("superseded_by"),
		Related:      h.list("related"),
		Topics:       h.list("topics"),
		TitleJA:      h.text("title_ja"),
		AsOf:         h.date("as_of"),
		CheckedPages: h.list("checked_against"),
		File:         h.file,
	}
	if d.ID != "" && !idPattern.MatchString(d.ID) {
		h.faults.add(h.file, h.lines["id"], "id: %q is not kebab-case beginning with us-, jp-, usjp-, g7- or intl-", d.ID)
	}
	if want := strings.TrimSuffix(path.Base(h.file), ".md"); d.ID != "" && d.ID != want {
		h.faults.add(h.file, h.lines["id"], "id: %q in a file named %s.md", d.ID, want)
	}
	for _, t := range d.Topics {
		if !slices.Contains(Topics, t) {
			h.faults.add(h.file, h.lines["topics"], "topics: unknown topic %q", t)
		}
	}
	if h.values["topics"] != nil && len(d.Topics) == 0 {
		h.faults.add(h.file, h.lines["topics"], "topics: want at least one")
	}
	for _, p := range d.CheckedPages {
		if err := checkLink(p); err != nil {
			h.faults.add(h.file, h.lines["checked_against"], "checked_against: %v", err)
		}
	}
	if d.Status == Superseded && len(d.SupersededBy) == 0 {
		h.faults.add(h.file, h.lines["status"], "status: superseded, but superseded_by names no successor")
	}
	return d
}

// parsePassages reads the "## LOCATOR — topic" sections. Ids are given later,
// by the English edition.
func parsePassages(name, body string, bodyLine int, faults *Problems) []Passage {
	var out []Passage
	var text []string
	seen := map[string]int{}
	finish := func() {
		if len(out) == 0 {
			return
		}
		p := &out[len(out)-1]
		p.Text = norm.NFC.String(strings.TrimSpace(strings.Join(text, "\n")))
		p.Hash = sha256.Sum256([]byte(p.Text))
		if p.Text == "" {
			faults.add(name, p.Line, "the passage %q has no text", p.Locator)
		}
		text = nil
	}
	for i, line := range strings.Split(body, "\n") {
		at := bodyLine + i
		heading, ok := strings.CutPrefix(line, "## ")
		if !ok {
			switch {
			case strings.HasPrefix(line, "#"):
				faults.add(name, at, "want passages headed \"## LOCATOR — topic\" and no other headings")
			case len(out) == 0 && strings.TrimSpace(line) != "":
				faults.add(name, at, "text before the first heading")
			}
			text = append(text, strings.TrimRight(line, " \t"))
			continue
		}
		finish()
		text = nil
		locator, topic, ok := strings.Cut(norm.NFC.String(heading), " — ")
		locator, topic = strings.TrimSpace(locator), strings.TrimSpace(topic)
		if !ok || locator == "" || topic == "" {
			faults.add(name, at, "heading %q: want \"LOCATOR — topic\"", heading)
		}
		if first, ok := seen[locator+"\x00"+topic]; ok {
			faults.add(name, at, "the same heading stands at line %d", first)
		} else {
			seen[locator+"\x00"+topic] = at
		}
		out = append(out, Passage{Locator: locator, Heading: topic, Line: at})
	}
	finish()
	if len(out) == 0 {
		faults.add(name, bodyLine, "no passage: want at least one \"## LOCATOR — topic\"")
	}
	return out
}

// assignIDs gives each passage the id that its locator yields. Where passages
// share a locator, the first keeps the plain id and the others add a hash of
// their topic, so that no id depends on a count.
func assignIDs(document string, ps []Passage) {
	taken := map[string]bool{}
	for i := range ps {
		id := slug(ps[i].Locator)
		if id == "" || taken[id] {
			sum := sha256.Sum256([]byte(ps[i].Locator + "\x00" + ps[i].Heading))
			id = strings.TrimPrefix(id+"~"+hex.EncodeToString(sum[:3]), "~")
		}
		taken[id] = true
		ps[i].ID = PassageID(document + "#" + id)
	}
}

var slugBreak = regexp.MustCompile(`[^a-z0-9.]+`)

// slug keeps the letters, digits and points of a locator: "§ 734.8(a), Notes" is
// "734.8-a-notes". Japanese in brackets goes where Latin text carries the
// locator, and stays where nothing else does.
func slug(locator string) string {
	s := strings.ToLower(norm.NFKC.String(locator))
	latin := strings.Trim(slugBreak.ReplaceAllString(s, "-"), "-.")
	if latin != "" {
		return latin
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), "-")
}
