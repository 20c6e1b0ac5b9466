package main

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/corpus"
)

// labels are the words around an answer on a terminal.
type labels struct{ sources, nearest, next, note string }

func labelsFor(lang language.Tag) labels {
	if lang == language.Japanese {
		return labels{"出典", "近い記述", "続けて尋ねる", "注意"}
	}
	return labels{"Sources", "Nearest", "Ask next", "Note"}
}

// renderAnswer writes an answer for a person to read: what limits it first, then
// the sentences, the sources, and what else there is to know.
func renderAnswer(t terminal, a answer.Answer) error {
	l := labelsFor(a.Language)
	var b strings.Builder
	for _, n := range a.Notices {
		if leadsAnswer(a, n) {
			fmt.Fprintln(&b, t.style(yellow, t.wrap("", n.Text))+"\n")
		}
	}
	for _, s := range a.Sentences {
		fmt.Fprintln(&b, t.markNumbers(t.wrap("", s.Text+" "+numbers(s.Cites))))
	}
	if len(a.Sentences) > 0 {
		fmt.Fprintln(&b)
	}
	t.renderSources(&b, l.sources, a.Sources, a.Language)
	t.renderSources(&b, l.nearest, a.Nearest, a.Language)
	for _, n := range a.Notices {
		if !leadsAnswer(a, n) {
			fmt.Fprintln(&b, t.wrap("  ", t.note(l, a)+n.Text))
		}
	}
	if len(a.FollowUps) > 0 {
		fmt.Fprintln(&b, t.style(dim, l.next))
		for _, f := range a.FollowUps {
			fmt.Fprintln(&b, t.wrap("    ", "  · "+f))
		}
	}
	_, err := fmt.Fprint(t.w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

func (t terminal) note(l labels, a answer.Answer) string {
	if a.Outcome != answer.Answered {
		return ""
	}
	return l.note + ": "
}

// leadsAnswer tells the notices that come before the first sentence.
func leadsAnswer(a answer.Answer, n answer.Notice) bool {
	return n.Code == answer.NoticeStatus || n.Code == answer.NoticeDeclined || n.Code == answer.NoticeRefused
}

func numbers(cites []answer.Cite) string {
	var b strings.Builder
	for _, c := range cites {
		fmt.Fprintf(&b, "[%d]", c.Source)
	}
	return b.String()
}

func (t terminal) markNumbers(s string) string {
	if !t.colour {
		return s
	}
	i := strings.LastIndexByte(s, '[')
	if i < 0 {
		return s
	}
	return s[:i] + t.style(bold, s[i:])
}

func (t terminal) renderSources(b *strings.Builder, heading string, sources []answer.Source, lang language.Tag) {
	if len(sources) == 0 {
		return
	}
	fmt.Fprintln(b, t.style(bold, heading))
	for _, s := range sources {
		number := fmt.Sprintf("[%d] ", s.N)
		indent := strings.Repeat(" ", len(number))
		fmt.Fprintln(b, t.wrap(indent, number+s.Title))
		line := s.Citation
		if s.Locator != "" {
			line += " · " + s.Locator
		}
		fmt.Fprintln(b, indent+t.wrap(indent, line))
		fmt.Fprintln(b, indent+t.wrap(indent, sourceFacts(t, s, lang)))
		fmt.Fprintln(b, indent+t.style(dim, t.wrap(indent, s.Digest)))
		if s.URL != "" {
			fmt.Fprintln(b, indent+s.URL)
		}
		if o := s.Other; o != nil {
			fmt.Fprintln(b, indent+t.wrap(indent, o.Title+" · "+o.Locator+" — "+o.Heading))
			fmt.Fprintln(b, indent+t.wrap(indent, o.Text))
		}
	}
	fmt.Fprintln(b)
}

// chooser picks between the English and the Japanese wording.
func chooser(lang language.Tag) func(en, ja string) string {
	return func(en, ja string) string {
		if lang == language.Japanese {
			return ja
		}
		return en
	}
}

var jurisdictionNames = map[corpus.Jurisdiction][2]string{
	corpus.US:           {"United States", "米国"},
	corpus.JP:           {"Japan", "日本"},
	corpus.Bilateral:    {"US–Japan", "日米"},
	corpus.Multilateral: {"Multilateral", "多国間"},
}

func sourceFacts(t terminal, s answer.Source, lang language.Tag) string {
	word := chooser(lang)
	names := jurisdictionNames[s.Jurisdiction]
	facts := []string{word(names[0], names[1]), t.style(statusColour(s.Status), answer.StatusWord(s.Status, lang))}
	if !s.Effective.IsZero() {
		facts = append(facts, word("effective ", "施行 ")+s.Effective.In(lang))
	}
	if !s.AsOf.IsZero() {
		facts = append(facts, word("as of ", "時点 ")+s.AsOf.In(lang))
	}
	return strings.Join(facts, " · ")
}

func statusColour(s corpus.Status) string {
	switch s {
	case corpus.InForce:
		return green
	case corpus.Superseded, corpus.Rescinded:
		return red
	}
	return yellow
}
