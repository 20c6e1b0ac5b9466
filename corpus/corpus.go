// Package corpus holds what Kakehashi knows: documents cut into passages in
// English and Japanese editions, the glossary and the checklists. It reads and
// checks files and answers look-ups by id; it never ranks, never judges what is
// relevant and imports no other part of Kakehashi. Everything that is retrieved,
// quoted or cited comes from here.
package corpus

import (
	"crypto/sha256"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Jurisdiction tells whose rule a document states.
type Jurisdiction string

// The jurisdictions of the library.
const (
	US           Jurisdiction = "us"
	JP           Jurisdiction = "jp"
	Bilateral    Jurisdiction = "bilateral"
	Multilateral Jurisdiction = "multilateral"
)

// Kind is the legal nature of a document.
type Kind string

// The kinds that bind nobody; Kinds lists all.
const (
	Report  Kind = "report"
	Article Kind = "article"
	Event   Kind = "event"
)

// Status tells whether a document binds today.
type Status string

// The states a document can be in.
const (
	InForce    Status = "in-force"
	Amended    Status = "amended" // in force in an amended form
	Superseded Status = "superseded"
	Rescinded  Status = "rescinded"
	Proposed   Status = "proposed"
	Historical Status = "historical" // a report or event of its time; binds nobody
)

// Current reports whether a document of this status states present rules.
func (s Status) Current() bool { return s == InForce || s == Amended }

// The closed vocabularies of the front matter.
var (
	Jurisdictions = []string{"us", "jp", "bilateral", "multilateral"}
	Kinds         = []string{"statute", "regulation", "order", "policy", "guidance", "agreement", "report", "article", "event"}
	Statuses      = []string{"in-force", "amended", "superseded", "rescinded", "proposed", "historical"}
	Topics        = []string{
		"export-controls", "deemed-exports", "fundamental-research", "entity-lists", "classified-information",
		"security-clearances", "industrial-security", "cui", "cybersecurity", "foreign-ownership",
		"investment-screening", "secrecy-orders-patents", "research-integrity", "disclosure", "talent-programs",
		"foreign-visitors", "international-agreements", "funding-programs", "economic-security", "supply-chain",
		"trade-secrets", "quantum", "ai", "nuclear", "enforcement-penalties", "institutions",
	}
)

// Shipped is the collection of the library that comes with the program.
const Shipped = "library"

// PassageID names a passage for good: the document's id, "#", and a slug of the
// passage's locator, as in "us-ear-734-8#734.8-a". It does not depend on how
// many passages stand before it.
type PassageID string

// Document is the id of the document that the passage belongs to.
func (id PassageID) Document() string {
	doc, _, _ := strings.Cut(string(id), "#")
	return doc
}

// Document is one statute, regulation, order, agreement, guideline, report or
// event. Its text stands in one or two editions whose passages pair one to one.
type Document struct {
	ID           string
	Collection   string // the set that it came with
	Jurisdiction Jurisdiction
	Kind         Kind
	URL          string // the official page
	Published    Date
	Effective    Date // zero if the same as Published or not known
	Status       Status
	SupersededBy []string
	Related      []string
	Topics       []string
	TitleJA      string   // the Japanese title, known even where there is no Japanese edition
	AsOf         Date     // how recent the newest page is that the text was checked against
	CheckedPages []string // the pages that bear the text out
	Editions     []Edition
	File         string // where it was read from
}

// Edition is the text of a document in one language.
type Edition struct {
	Language language.Tag // English or Japanese
	Title    string
	Citation string
	Issuer   string
	Passages []Passage
	File     string
}

// Passage is the smallest thing that is retrieved and cited: one locator's rule
// in our own words, standing alone. The same ID names it in every edition.
type Passage struct {
	ID      PassageID
	Locator string // the pinpoint a reader looks up in the original: § 734.8(a)
	Heading string // its topic
	Text    string // NFC, one paragraph or several
	Hash    [sha256.Size]byte
	Line    int // of its heading in File
}

// Version names one wording of a passage: (id, hash of text).
type Version struct {
	Passage PassageID
	Hash    [sha256.Size]byte
}

// Version is the version of this wording.
func (p Passage) Version() Version { return Version{p.ID, p.Hash} }

// HashText is the hash that a version carries: SHA-256 of the NFC text.
func HashText(text string) [sha256.Size]byte {
	return sha256.Sum256([]byte(norm.NFC.String(text)))
}

// Edition returns the edition in the wanted language, or the original edition
// and false where there is none.
func (d *Document) Edition(want language.Tag) (*Edition, bool) {
	for i := range d.Editions {
		if d.Editions[i].Language == want {
			return &d.Editions[i], true
		}
	}
	return &d.Editions[0], false
}

// Passage returns the passage of that id in this edition.
func (e *Edition) Passage(id PassageID) (Passage, bool) {
	for _, p := range e.Passages {
		if p.ID == id {
			return p, true
		}
	}
	return Passage{}, false
}

// InForceFrom is the day from which the document counts: its effective date, or
// where that is not known its date of publication.
func (d *Document) InForceFrom() Date {
	if !d.Effective.IsZero() {
		return d.Effective
	}
	return d.Published
}

// Library is a checked set of documents with its glossary and checklists. It
// does not change after Load, so any number of goroutines may read it.
type Library struct {
	Documents  []*Document // by id
	Glossary   Glossary
	Checklists []Checklist
	byID       map[string]*Document
}

// Document returns the document of that id.
func (l *Library) Document(id string) (*Document, bool) {
	d, ok := l.byID[id]
	return d, ok
}

// Stale is a passage that names a date which was ahead when it was checked and
// has passed since.
type Stale struct {
	Document *Document
	Passage  Passage
	Dates    []Date
}

// Stale lists the passages whose named dates have passed by today, in the order
// of the library. The original edition speaks for its translations.
func (l *Library) Stale(today Date) []Stale {
	var out []Stale
	for _, d := range l.Documents {
		for _, p := range d.Editions[0].Passages {
			if dates := PassedDates(p.Text, d.AsOf, today); len(dates) > 0 {
				out = append(out, Stale{d, p, dates})
			}
		}
	}
	return out
}
