package main

import (
	"io"
	"os"
	"strings"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// terminal writes readable text: wrapped, and coloured only where a person looks
// at it.
type terminal struct {
	w      io.Writer
	width  int
	colour bool
}

const defaultWidth = 80

func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// newTerminal obeys NO_COLOR (no-color.org) and never writes wider than 80
// columns.
func newTerminal(w io.Writer) terminal {
	t := terminal{w: w, width: defaultWidth}
	if !isTerminal(w) {
		return t
	}
	t.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if cols, _, err := term.GetSize(int(w.(*os.File).Fd())); err == nil && cols > 20 {
		t.width = min(cols, defaultWidth)
	}
	return t
}

// The styles used, as SGR codes (ECMA-48).
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (t terminal) style(code, s string) string {
	if !t.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// wrap breaks text at the width; every line but the first begins with indent.
// Between Japanese characters it may break anywhere but where kinsoku (JIS X
// 4051) forbids.
func (t terminal) wrap(indent, s string) string {
	var out strings.Builder
	width := t.width - runewidth.StringWidth(indent)
	for i, para := range strings.Split(s, "\n") {
		if i > 0 {
			out.WriteString("\n")
		}
		for j, line := range wrapLine(para, width) {
			if j > 0 {
				out.WriteString("\n")
			}
			if i > 0 || j > 0 {
				out.WriteString(indent)
			}
			out.WriteString(line)
		}
	}
	return out.String()
}

func wrapLine(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, piece := range fitting(pieces(s), width) {
		w := runewidth.StringWidth(piece)
		bare := strings.TrimRight(piece, " ")
		if used > 0 && used+runewidth.StringWidth(bare) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line, used = "", 0
		}
		line += piece
		used += w
	}
	return append(lines, strings.TrimRight(line, " "))
}

// fitting breaks the pieces that are wider than a line, such as a long id.
func fitting(pieces []string, width int) []string {
	var out []string
	for _, p := range pieces {
		for runewidth.StringWidth(strings.TrimRight(p, " ")) > width {
			head := runewidth.Truncate(p, width, "")
			if head == "" {
				break
			}
			out = append(out, head)
			p = p[len(head):]
		}
		out = append(out, p)
	}
	return out
}

const (
	notAtStart = "、。,.・:;?!)」』】〕〉》ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ%)]}、。!?…"
	notAtEnd   = "「『【〔〈《([{(§$¥"
)

// pieces cuts a text into what a line may not break: a word with the space
// behind it, a Japanese character with the marks that cling to it.
func pieces(s string) []string {
	var out []string
	rs := []rune(s)
	start := 0
	for i := 1; i <= len(rs); i++ {
		if i == len(rs) || mayBreak(rs[i-1], rs[i]) {
			out = append(out, string(rs[start:i]))
			start = i
		}
	}
	return out
}

func mayBreak(before, after rune) bool {
	if strings.ContainsRune(notAtStart, after) || strings.ContainsRune(notAtEnd, before) {
		return false
	}
	if before == ' ' {
		return after != ' '
	}
	wide := func(r rune) bool { return runewidth.RuneWidth(r) == 2 }
	return wide(before) && after != ' ' || wide(after) && before != ' '
}
