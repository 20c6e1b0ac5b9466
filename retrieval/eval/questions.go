package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"kakehashi/corpus"
)

// Questions are a question file of our own.
type Questions struct {
	Name      string // of the file, its ending apart
	SHA256    string // of the file, hexadecimal
	Held      int    // how many the file holds
	Questions []Question
}

// Question is one line of a question file.
type Question struct {
	ID         string
	Language   string // en or ja
	Text       string
	History    []Turn
	Answerable bool             // false: it must be declined or refused
	Documents  []string         // ids, of one of which a citation should come
	Passages   []string         // English locators in these, one of which should be cited; none: any
	Answer     []*regexp.Regexp // must all match the sentences of the answer
	Evidence   []*regexp.Regexp // must all match its quotations
	Note       string
}

// Turn is an earlier message: Role is user or assistant.
type Turn struct {
	Role string `json:"role"`
	Text string `json:"text"`
}

type questionLine struct {
	ID         json.RawMessage `json:"id"`
	Lang       string          `json:"lang"`
	Q          string          `json:"q"`
	History    []Turn          `json:"history"`
	Answerable *bool           `json:"answerable"`
	Documents  []string        `json:"documents"`
	Passages   []string        `json:"passages"`
	Answer     []string        `json:"answer"`
	Evidence   []string        `json:"evidence"`
	Note       string          `json:"note"`
}

// ReadQuestions reads a question file: JSON lines with the fields id, lang, q,
// history, answerable, documents, passages, answer, evidence and note; the patterns
// are RE2 and blind to case. Whatever is wrong with a line is a *LineError.
func ReadQuestions(path string) (Questions, error) {
	name := filepath.Base(path)
	out := Questions{Name: strings.TrimSuffix(name, filepath.Ext(name))}
	sum := sha256.New()
	seen := map[string]bool{}
	err := eachLine(path, sum, func(line []byte) error {
		q, err := parseQuestion(line)
		if err != nil {
			return err
		}
		if seen[q.ID] {
			return fmt.Errorf("the id %q stands on an earlier line too", q.ID)
		}
		seen[q.ID] = true
		out.Questions = append(out.Questions, q)
		return nil
	})
	out.SHA256, out.Held = hex.EncodeToString(sum.Sum(nil)), len(out.Questions)
	return out, err
}

func parseQuestion(line []byte) (Question, error) {
	var l questionLine
	if err := object(line, &l); err != nil {
		return Question{}, err
	}
	id, err := idOf(l.ID)
	if err != nil {
		return Question{}, err
	}
	fault := func(format string, args ...any) (Question, error) {
		return Question{}, fmt.Errorf("question %q: "+format, append([]any{id}, args...)...)
	}
	switch {
	case l.Lang != "en" && l.Lang != "ja":
		return fault("lang is %q; want en or ja", l.Lang)
	case strings.TrimSpace(l.Q) == "":
		return fault("q is missing or empty")
	case l.Answerable == nil:
		return fault("answerable is missing; want true or false")
	}
	for _, t := range l.History {
		if t.Role != "user" && t.Role != "assistant" {
			return fault("a turn of the history has the role %q; want user or assistant", t.Role)
		}
	}
	q := Question{
		ID: id, Language: l.Lang, Text: l.Q, History: l.History, Answerable: *l.Answerable,
		Documents: l.Documents, Passages: l.Passages, Note: l.Note,
	}
	if q.Answer, err = patterns(l.Answer); err != nil {
		return fault("answer: %w", err)
	}
	if q.Evidence, err = patterns(l.Evidence); err != nil {
		return fault("evidence: %w", err)
	}
	return q, nil
}

func patterns(sources []string) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for _, s := range sources {
		if s == "" {
			return nil, errors.New("an empty pattern, which everything matches")
		}
		re, err := regexp.Compile("(?i)" + s)
		if err != nil {
			return nil, fmt.Errorf("the pattern %q: %w", s, err)
		}
		out = append(out, re)
	}
	return out, nil
}

// source is a pattern as the file has it.
func source(re *regexp.Regexp) string { return strings.TrimPrefix(re.String(), "(?i)") }

// First are the first n questions, or all of them.
func (qs Questions) First(n int) Questions {
	if n > 0 && n < len(qs.Questions) {
		qs.Questions = qs.Questions[:n]
	}
	return qs
}

// Texts are the first n questions as they were asked.
func (qs Questions) Texts(n int) []string {
	var out []string
	for _, q := range qs.Questions[:min(n, len(qs.Questions))] {
		out = append(out, q.Text)
	}
	return out
}

// Info describes the questions. Its Unknown lists what they want but the library
// does not hold: a misprint there would make every reply wrong.
func (qs Questions) Info(library []*corpus.Document) SetInfo {
	byID := map[string]*corpus.Document{}
	for _, d := range library {
		byID[d.ID] = d
	}
	info := SetInfo{Name: qs.Name, Kind: Asked, SHA256: qs.SHA256, Documents: len(library), Queries: len(qs.Questions), Held: qs.Held}
	for _, q := range qs.Questions {
		var locators []string
		for _, id := range q.Documents {
			d, ok := byID[id]
			if !ok {
				info.Unknown = append(info.Unknown, q.ID+": no document "+id)
				continue
			}
			for _, p := range d.Editions[0].Passages {
				locators = append(locators, EnglishLocator(d, p.ID))
			}
		}
		for _, p := range q.Passages {
			if len(q.Documents) > 0 && !slices.ContainsFunc(locators, func(l string) bool { return sameLocator(p, l) }) {
				info.Unknown = append(info.Unknown, q.ID+": no passage "+p+" in "+strings.Join(q.Documents, ", "))
			}
		}
	}
	return info
}

// Group is what is asked of the advisor.
type Group string

// The groups of questions.
const (
	Alone    Group = "alone"    // to be answered; stands alone
	FollowUp Group = "followup" // to be answered; takes its subject from earlier turns
	Decline  Group = "decline"  // not to be answered
)

func groups() []Group { return []Group{Alone, FollowUp, Decline} }

// Group is the group that the question is in.
func (q Question) Group() Group {
	switch {
	case !q.Answerable:
		return Decline
	case len(q.History) > 0:
		return FollowUp
	}
	return Alone
}

// right reports whether a passage is one that should be found or cited. strict asks
// for the passage where the question names some, else the document does.
func (q Question) right(document, locator string, strict bool) bool {
	if len(q.Documents) > 0 && !slices.Contains(q.Documents, document) {
		return false
	}
	return !strict || slices.ContainsFunc(q.Passages, func(p string) bool { return sameLocator(p, locator) })
}
