package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"
	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/corpus"
	"kakehashi/corpus/library"
)

func newCorpus() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "corpus",
		Short: "List, show and check the documents, and push them into a database",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCorpusList(), newCorpusShow(), newCorpusCheck(), newCorpusPush())
	return cmd
}

func newCorpusList() *cobra.Command {
	var f filterFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the documents",
		Example: "  kakehashi corpus list --jurisdiction jp --topic security-clearances\n  kakehashi corpus list --status proposed --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter, err := f.filter()
			if err != nil {
				return err
			}
			lib, err := corpus.Load(library.Files)
			if err != nil {
				return err
			}
			var docs []*corpus.Document
			for _, d := range lib.Documents {
				if filter.Keeps(d) {
					docs = append(docs, d)
				}
			}
			if asJSON {
				out := []documentObject{}
				for _, d := range docs {
					out = append(out, newDocumentObject(d))
				}
				return writeJSON(cmd.OutOrStdout(), out)
			}
			return renderList(newTerminal(cmd.OutOrStdout()), docs)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the documents as one JSON array")
	return cmd
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError("unexpected %q; see '%s --help'", args[0], cmd.CommandPath())
	}
	return nil
}

// renderList writes a table whose lines fit 80 columns: the ids are long, so a
// document's title and date stand on a line of their own.
func renderList(t terminal, docs []*corpus.Document) error {
	var b strings.Builder
	row := func(jurisdiction, status, id string) string {
		return runewidth.FillRight(jurisdiction, 12) + " " + runewidth.FillRight(status, 10) + " " + id
	}
	fmt.Fprintln(&b, t.style(bold, row("JURISDICTION", "STATUS", "ID, TITLE, AS OF")))
	for _, d := range docs {
		fmt.Fprintln(&b, row(string(d.Jurisdiction), string(d.Status), d.ID))
		const indent = "  "
		date := " (" + d.AsOf.String() + ")"
		fmt.Fprintln(&b, t.style(dim, indent+runewidth.Truncate(d.Editions[0].Title, t.width-len(indent)-len(date), "…")+date))
	}
	fmt.Fprintln(&b, t.wrap("", fmt.Sprintf("%d documents. Kakehashi digests, checked at the date given; the official texts prevail. Details: kakehashi corpus show ID", len(docs))))
	_, err := fmt.Fprint(t.w, b.String())
	return err
}

func newCorpusShow() *cobra.Command {
	var lang string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show a document, or one passage of it",
		Example: "  kakehashi corpus show us-ear-734-8\n  kakehashi corpus show --lang ja jp-fefta-overview\n  kakehashi corpus show 'us-ear-734-8#734.8-a'",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("want one document id; 'kakehashi corpus list' shows them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			tag, err := parseLanguage(lang)
			if err != nil {
				return err
			}
			lib, err := corpus.Load(library.Files)
			if err != nil {
				return err
			}
			id := corpus.PassageID(args[0])
			d, ok := lib.Document(id.Document())
			if !ok {
				return usageError("no document %q; 'kakehashi corpus list' shows the ids", id.Document())
			}
			edition := &d.Editions[0]
			if tag != language.Und {
				if edition, ok = d.Edition(tag); !ok {
					fmt.Fprintf(cmd.ErrOrStderr(), "kakehashi: %s has no %s edition yet; showing the original\n", d.ID, tag)
				}
			}
			passages := edition.Passages
			if strings.Contains(args[0], "#") {
				p, ok := edition.Passage(id)
				if !ok {
					return usageError("no passage %q; 'kakehashi corpus show %s --json' lists the ids", id, d.ID)
				}
				passages = []corpus.Passage{p}
			}
			if asJSON {
				out := newDocumentObject(d)
				for _, p := range passages {
					out.Passages = append(out.Passages, newPassageObject(d, edition, p))
				}
				return writeJSON(cmd.OutOrStdout(), out)
			}
			return renderDocument(newTerminal(cmd.OutOrStdout()), d, edition, passages)
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "", "edition: en or ja (default the original)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the document as one JSON object")
	return cmd
}

func renderDocument(t terminal, d *corpus.Document, e *corpus.Edition, passages []corpus.Passage) error {
	var b strings.Builder
	fmt.Fprintln(&b, t.style(bold, t.wrap("", e.Title)))
	fmt.Fprintln(&b, t.wrap("", e.Citation))
	fmt.Fprintln(&b, t.wrap("", e.Issuer))
	word := chooser(e.Language)
	facts := []string{string(d.Jurisdiction), string(d.Kind), t.style(statusColour(d.Status), answer.StatusWord(d.Status, e.Language)), word("published ", "公布・公表 ") + d.Published.In(e.Language)}
	if !d.Effective.IsZero() {
		facts = append(facts, word("effective ", "施行 ")+d.Effective.In(e.Language))
	}
	fmt.Fprintln(&b, t.wrap("", strings.Join(facts, " · ")))
	for _, links := range []struct {
		name string
		ids  []string
	}{{word("superseded by ", "後継 "), d.SupersededBy}, {word("topics ", "分野 "), d.Topics}, {word("related ", "関連 "), d.Related}} {
		if len(links.ids) > 0 {
			fmt.Fprintln(&b, t.wrap("", links.name+strings.Join(links.ids, ", ")))
		}
	}
	fmt.Fprintln(&b, d.URL)
	fmt.Fprintln(&b, t.style(dim, answer.Digest(d.AsOf, e.Language)))
	today := corpus.DateOf(time.Now())
	for _, p := range passages {
		fmt.Fprintln(&b, "\n"+t.style(bold, t.wrap("", p.Locator+" — "+p.Heading)))
		fmt.Fprintln(&b, t.style(dim, string(p.ID)))
		fmt.Fprintln(&b, t.wrap("", p.Text))
		if dates := corpus.PassedDates(p.Text, d.AsOf, today); len(dates) > 0 {
			fmt.Fprintln(&b, t.style(yellow, t.wrap("", answer.PassedNotice(dates, e.Language))))
		}
	}
	_, err := fmt.Fprint(t.w, b.String())
	return err
}

// documentObject is a document in JSON.
type documentObject struct {
	ID           string              `json:"id"`
	Title        string              `json:"title"`
	Citation     string              `json:"citation"`
	Issuer       string              `json:"issuer"`
	Jurisdiction corpus.Jurisdiction `json:"jurisdiction"`
	Kind         corpus.Kind         `json:"kind"`
	Status       corpus.Status       `json:"status"`
	Published    corpus.Date         `json:"published"`
	Effective    corpus.Date         `json:"effective"`
	AsOf         corpus.Date         `json:"as_of"`
	SupersededBy []string            `json:"superseded_by"`
	Related      []string            `json:"related"`
	Topics       []string            `json:"topics"`
	Editions     []language.Tag      `json:"editions"`
	URL          string              `json:"url"`
	Digest       string              `json:"digest"`
	Passages     []passageObject     `json:"passages,omitempty"`
}

func newDocumentObject(d *corpus.Document) documentObject {
	e := &d.Editions[0]
	out := documentObject{
		ID: d.ID, Title: e.Title, Citation: e.Citation, Issuer: e.Issuer, Jurisdiction: d.Jurisdiction, Kind: d.Kind,
		Status: d.Status, Published: d.Published, Effective: d.Effective, AsOf: d.AsOf,
		SupersededBy: append([]string{}, d.SupersededBy...), Related: append([]string{}, d.Related...), Topics: d.Topics,
		URL: d.URL, Digest: answer.Digest(d.AsOf, e.Language),
	}
	for _, e := range d.Editions {
		out.Editions = append(out.Editions, e.Language)
	}
	return out
}

// passageObject is a passage in JSON.
type passageObject struct {
	Passage corpus.PassageID `json:"passage"`
	Locator string           `json:"locator"`
	Heading string           `json:"heading"`
	Text    string           `json:"text"`
	Edition language.Tag     `json:"edition"`
	Version string           `json:"version"` // SHA-256 of the text
	URL     string           `json:"url"`
	Digest  string           `json:"digest"`
}

func newPassageObject(d *corpus.Document, e *corpus.Edition, p corpus.Passage) passageObject {
	return passageObject{p.ID, p.Locator, p.Heading, p.Text, e.Language, hex.EncodeToString(p.Hash[:]), d.URL, answer.Digest(d.AsOf, e.Language)}
}

func newCorpusCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check [DIR]",
		Short: "Check the library, or one in a folder, and list passed dates",
		Long: `Reads every document, the glossary and the checklists of the shipped library, or
of a folder laid out like it, and reports all faults at once with file and line.
If all are sound, compares the editions: a document without a Japanese edition,
or a number that stands in one edition of a passage only, is a fault, unless
exceptions.yaml excuses it with a reason.

Then lists the passages that name a date which was ahead when they were checked
and has passed since; these want a fresh look, but are no faults.

Exit code 0 without faults, 1 with faults, 2 if the folder cannot be read.`,
		Example: "  kakehashi corpus check\n  kakehashi corpus check ./my-library",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("want one folder at most")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root, err := rootOf(args)
			if err != nil {
				return err
			}
			lib, err := corpus.Load(root)
			var faults corpus.Problems
			if err != nil && !errors.As(err, &faults) {
				return err
			}
			if err == nil {
				faults = lib.CheckEditions(root)
			}
			if len(faults) > 0 {
				for _, p := range faults {
					fmt.Fprintln(cmd.OutOrStdout(), p)
				}
				return &exitError{exitFailure, fmt.Errorf("%d faults", len(faults))}
			}
			return renderCheck(newTerminal(cmd.OutOrStdout()), lib, corpus.DateOf(time.Now()))
		},
	}
}

// rootOf is the shipped library, or the folder named.
func rootOf(args []string) (fs.FS, error) {
	if len(args) == 0 {
		return library.Files, nil
	}
	info, err := os.Stat(args[0])
	if err != nil {
		return nil, usageError("%w", err)
	}
	if !info.IsDir() {
		return nil, usageError("%s is not a folder", args[0])
	}
	return os.DirFS(args[0]), nil
}

func renderCheck(t terminal, lib *corpus.Library, today corpus.Date) error {
	var b strings.Builder
	passages, bilingual := 0, 0
	for _, d := range lib.Documents {
		passages += len(d.Editions[0].Passages)
		if len(d.Editions) > 1 {
			bilingual++
		}
	}
	for _, s := range lib.Stale(today) {
		line := fmt.Sprintf("%s:%d: %s: %s", s.Document.Editions[0].File, s.Passage.Line, s.Passage.ID, answer.PassedNotice(s.Dates, language.English))
		fmt.Fprintln(&b, t.wrap("    ", line))
	}
	fmt.Fprintf(&b, "%d documents (%d in both languages), %d passages, %d glossary terms, %d checklists: no faults\n",
		len(lib.Documents), bilingual, passages, len(lib.Glossary), len(lib.Checklists))
	_, err := fmt.Fprint(t.w, b.String())
	return err
}
