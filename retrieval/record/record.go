// Package record is the JSON form in which a store keeps documents. It is a form of
// its own so that a name which changes in the program changes nothing in what users
// have stored.
package record

import (
	"encoding/hex"
	"fmt"

	"golang.org/x/text/language"

	"kakehashi/corpus"
)

// Document is the stored form of a corpus.Document. A field that is added here needs a
// new version of the stores that keep it.
type Document struct {
	ID           string              `json:"id"`
	Collection   string              `json:"collection,omitempty"`
	Jurisdiction corpus.Jurisdiction `json:"jurisdiction"`
	Kind         corpus.Kind         `json:"kind"`
	URL          string              `json:"url"`
	Published    day                 `json:"published"`
	Effective    day                 `json:"effective"`
	Status       corpus.Status       `json:"status"`
	SupersededBy []string            `json:"superseded_by"`
	Related      []string            `json:"related"`
	Topics       []string            `json:"topics"`
	TitleJA      string              `json:"title_ja"`
	AsOf         day                 `json:"as_of"`
	CheckedPages []string            `json:"checked_against"`
	Editions     []Edition           `json:"editions"`
	File         string              `json:"file"`
}

// Edition is the stored form of a corpus.Edition.
type Edition struct {
	Language language.Tag `json:"language"` // BCP 47
	Title    string       `json:"title"`
	Citation string       `json:"citation"`
	Issuer   string       `json:"issuer"`
	Passages []Passage    `json:"passages"`
	File     string       `json:"file"`
}

// Passage is the stored form of a corpus.Passage.
type Passage struct {
	ID      corpus.PassageID `json:"id"`
	Locator string           `json:"locator"`
	Heading string           `json:"heading"`
	Text    string           `json:"text"`
	Hash    string           `json:"sha256"` // hexadecimal
	Line    int              `json:"line"`
}

// day is a date as precise as it is known; "" where it is not.
type day corpus.Date

func (d day) MarshalText() ([]byte, error) { return []byte(corpus.Date(d).String()), nil }

func (d *day) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	parsed, err := corpus.ParseDate(string(text))
	*d = day(parsed)
	return err
}

// Of is the stored form of a document.
func Of(d *corpus.Document) Document {
	r := Document{
		ID: d.ID, Collection: d.Collection, Jurisdiction: d.Jurisdiction, Kind: d.Kind, URL: d.URL,
		Published: day(d.Published), Effective: day(d.Effective), Status: d.Status, SupersededBy: d.SupersededBy,
		Related: d.Related, Topics: d.Topics, TitleJA: d.TitleJA, AsOf: day(d.AsOf), CheckedPages: d.CheckedPages, File: d.File,
	}
	for _, e := range d.Editions {
		re := Edition{Language: e.Language, Title: e.Title, Citation: e.Citation, Issuer: e.Issuer, File: e.File}
		for _, p := range e.Passages {
			re.Passages = append(re.Passages, Passage{p.ID, p.Locator, p.Heading, p.Text, hex.EncodeToString(p.Hash[:]), p.Line})
		}
		r.Editions = append(r.Editions, re)
	}
	return r
}

// Restore is what was stored. Each text is held against its hash: a citation names
// a wording by it.
func (r Document) Restore() (*corpus.Document, error) {
	d := &corpus.Document{
		ID: r.ID, Collection: r.Collection, Jurisdiction: r.Jurisdiction, Kind: r.Kind, URL: r.URL,
		Published: corpus.Date(r.Published), Effective: corpus.Date(r.Effective), Status: r.Status, SupersededBy: r.SupersededBy,
		Related: r.Related, Topics: r.Topics, TitleJA: r.TitleJA, AsOf: corpus.Date(r.AsOf), CheckedPages: r.CheckedPages, File: r.File,
	}
	for _, re := range r.Editions {
		e := corpus.Edition{Language: re.Language, Title: re.Title, Citation: re.Citation, Issuer: re.Issuer, File: re.File}
		for _, p := range re.Passages {
			hash := corpus.HashText(p.Text)
			if hex.EncodeToString(hash[:]) != p.Hash {
				return nil, fmt.Errorf("the text of %s does not match its hash", p.ID)
			}
			e.Passages = append(e.Passages, corpus.Passage{ID: p.ID, Locator: p.Locator, Heading: p.Heading, Text: p.Text, Hash: hash, Line: p.Line})
		}
		d.Editions = append(d.Editions, e)
	}
	return d, nil
}
