package eval

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteText writes the run for a terminal: tables within 80 columns. Missed queries
// are counted only.
func (run Run) WriteText(w io.Writer) error {
	var b strings.Builder
	for i, part := range run.report("", 0) {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(part.heading + "\n")
		for _, p := range part.paragraphs {
			b.WriteString(fill(p, 78))
		}
		writeAligned(&b, part.table)
		if len(part.items) > 0 {
			fmt.Fprintf(&b, "  %s; --markdown and --json list them\n", count(len(part.items)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeAligned writes a table in columns of equal width.
func writeAligned(b *strings.Builder, table [][]string) {
	var widths []int
	for _, row := range table {
		for c, cell := range row {
			if c == len(widths) {
				widths = append(widths, 0)
			}
			widths[c] = max(widths[c], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range table {
		line := " "
		for c, cell := range row {
			line += " " + cell + strings.Repeat(" ", widths[c]-utf8.RuneCountInString(cell)+1)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// fill breaks a paragraph at the width.
func fill(text string, width int) string {
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case used == 0:
			b.WriteString("  ")
		case used+1+n > width-2:
			b.WriteString("\n  ")
			used = 0
		default:
			b.WriteString(" ")
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String() + "\n"
}

// listedMisses bounds the missed queries of a BEIR set in Markdown, which can be
// hundreds.
const listedMisses = 50

// WriteMarkdown writes the run as a section of EVALUATION.md, with the missed
// questions. The same run gives the same bytes; date, if not empty, is the day to
// print.
func (run Run) WriteMarkdown(w io.Writer, date string) error {
	var b strings.Builder
	for i, part := range run.report(date, listedMisses) {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(strings.Repeat("#", part.level+1) + " " + escape(part.heading) + "\n")
		for _, p := range part.paragraphs {
			b.WriteString("\n" + escape(p) + "\n")
		}
		if len(part.table) > 0 {
			b.WriteString("\n")
			writePiped(&b, part.table)
		}
		if len(part.items) > 0 {
			b.WriteString("\n")
		}
		for _, it := range part.items {
			b.WriteString("- **" + escape(it.id) + "** " + escape(it.text) + "\n")
			for _, d := range it.details {
				b.WriteString("  - " + escape(d) + "\n")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writePiped(b *strings.Builder, table [][]string) {
	for i, row := range table {
		for _, cell := range row {
			b.WriteString("| " + escape(cell) + " ")
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
}

// escape keeps text from being read as Markdown or HTML.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "|", `\|`, "\n", " ").Replace(s)
}

// Splice puts a set's section into a document between marks that name the set: in
// place of the one that is there, else at the end. So the sections of several sets
// and what people wrote around them stand in one file.
func Splice(document, section string, set SetInfo) string {
	name := strings.ReplaceAll(strings.TrimRight(set.Name+" "+set.Split, " "), "--", "-") // which would end the mark
	begin, end := fmt.Sprintf("<!-- measured: %s -->\n", name), fmt.Sprintf("<!-- end: %s -->\n", name)
	before, rest, found := strings.Cut(document, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		before, after = document, ""
		if before != "" {
			before = strings.TrimRight(before, "\n") + "\n\n"
		}
	}
	return before + begin + section + end + after
}
