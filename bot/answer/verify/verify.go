// Package verify decides whether a drafted sentence may be shown. It is the same
// for every drafter, knows nothing of how a sentence came about, and only ever
// rejects: what it cannot confirm is dropped.
//
// A sentence stands if
//
//  1. it has at least one citation, and each quotation is found character for
//     character in the cited version of the passage, after Unicode NFC and with
//     every run of white space read as one space;
//  2. every number, date, amount, percentage, section, name, list or agency in
//     it is borne out by its quotations, no more often than they say it, and in
//     the same order where one quotation names two of them;
//  3. it negates, obliges and permits exactly as its quotations do.
//
// A sentence that repeats a quotation word for word needs only the first.
package verify

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"kakehashi/corpus"
)

// Cite is a quotation with the version of the passage that it claims to be from.
type Cite struct {
	Version corpus.Version
	Quote   string
}

// Claim is one drafted sentence with its citations. A lead-in that the renderer
// adds (a country's name, "in the original:") is not part of it.
type Claim struct {
	Text  string
	Cites []Cite
}

// Texts looks up the wording of a version; false if it is not held or no longer
// the current one.
type Texts interface {
	Text(corpus.Version) (string, bool)
}

// Check returns the reasons for which the claim must be dropped; none means that
// it stands.
func Check(c Claim, texts Texts) []string {
	if strings.TrimSpace(c.Text) == "" {
		return []string{"empty sentence"}
	}
	if len(c.Cites) == 0 {
		return []string{"no citation"}
	}
	quotes := make([]string, len(c.Cites))
	var faults []string
	for i, cite := range c.Cites {
		text, ok := texts.Text(cite.Version)
		quote := Fold(cite.Quote)
		switch {
		case !ok:
			faults = append(faults, fmt.Sprintf("citation %d: no such passage version %s", i+1, cite.Version.Passage))
		case quote == "":
			faults = append(faults, fmt.Sprintf("citation %d: empty quotation", i+1))
		case !strings.Contains(Fold(text), quote):
			faults = append(faults, fmt.Sprintf("citation %d: quotation not found in %s", i+1, cite.Version.Passage))
		case !wholeWords(Fold(text), quote):
			faults = append(faults, fmt.Sprintf("citation %d: quotation cuts a word or a number of %s", i+1, cite.Version.Passage))
		}
		quotes[i] = quote
	}
	if len(faults) > 0 || slices.Contains(quotes, Fold(c.Text)) {
		return faults
	}
	return compare(Fold(c.Text), quotes)
}

// Fold is the normal form in which quotations are compared: Unicode NFC, white
// space trimmed and every run of it one space.
func Fold(s string) string {
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}

// wholeWords reports whether the quotation, somewhere it occurs, begins and ends
// between words, so that "not subject" cannot lose its "not" to "t subject", nor
// 1,250 become 250.
func wholeWords(text, quote string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], quote)
		if i < 0 {
			return false
		}
		start := from + i
		if boundary(text, start) && boundary(text, start+len(quote)) {
			return true
		}
		from = start + 1
	}
}

// boundary reports whether a quotation may begin or end at byte i of the text.
func boundary(text string, i int) bool {
	if i <= 0 || i >= len(text) {
		return true
	}
	before, after := lastRune(text[:i]), firstRune(text[i:])
	if isLatin(before) && isLatin(after) {
		return false
	}
	if unicode.IsDigit(before) || unicode.IsDigit(after) {
		// 1|,250 and 734|.8 and 25|万 and 5|月 would change the number.
		joint := ".,万億兆千百年月日条項号%%"
		return !strings.ContainsRune(joint, after) && (!strings.ContainsRune(".,", before) || !unicode.IsDigit(after))
	}
	return true
}

func isLatin(r rune) bool {
	return r < 0x250 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

func lastRune(s string) rune {
	rs := []rune(s[max(0, len(s)-4):])
	return rs[len(rs)-1]
}
