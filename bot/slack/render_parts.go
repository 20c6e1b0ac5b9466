package slack

import (
	"strings"

	"github.com/slack-go/slack"
)

// line is a paragraph or a list item of rich text.
type line []slack.RichTextSectionElement

var bold = &slack.RichTextSectionTextStyle{Bold: true}

// say is text in a style, nil for none. Rich text is never read as markup: what stands in
// it can neither call a person nor format anything.
func say(s string, style *slack.RichTextSectionTextStyle) line {
	var l line
	for _, p := range pieces(strings.Trim(clean(s), "\n"), maxPiece) {
		if p != "" {
			l = append(l, slack.NewRichTextSectionTextElement(p, style))
		}
	}
	return l
}

// link is text that leads to a page, or the text alone where there is none to lead to.
func link(text, target string) line {
	if target == "" {
		return say(text, nil)
	}
	return line{slack.NewRichTextSectionLinkElement(target, text, nil)}
}

// text is what a line says without its form. People are not named in it: a fallback
// calls nobody.
func (l line) text() string {
	var b strings.Builder
	for _, e := range l {
		switch e := e.(type) {
		case *slack.RichTextSectionTextElement:
			b.WriteString(e.Text)
		case *slack.RichTextSectionLinkElement:
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

// fold cuts a line that is too long for a block into several.
func (l line) fold(limit int) []line {
	var out []line
	n := limit
	for _, e := range l {
		s := size(e) + 1
		if n+s > limit {
			out, n = append(out, nil), 0
		}
		out[len(out)-1], n = append(out[len(out)-1], e), n+s
	}
	return out
}

// lineAround is what a form puts around a line at most, in bytes.
const lineAround = 60

// rich makes blocks of rich text, as few as hold the lines. The form makes one element of
// the lines of a block.
func rich(form func([]line) slack.RichTextElement, lines ...line) []part {
	var out []part
	var in []line
	n := 0
	flush := func() {
		if len(in) > 0 {
			text := make([]string, len(in))
			for i, l := range in {
				text[i] = l.text()
			}
			out = append(out, part{slack.NewRichTextBlock("", form(in)), strings.Join(text, "\n")})
		}
		in, n = nil, 0
	}
	for _, l := range lines {
		for _, l := range l.fold(maxLine) {
			if blank(l.text()) {
				continue
			}
			s := size(l) + lineAround
			if n+s > maxLine {
				flush()
			}
			in, n = append(in, l), n+s
		}
	}
	flush()
	return out
}

// paragraph puts the lines one below the other.
func paragraph(lines []line) slack.RichTextElement {
	var all line
	for i, l := range lines {
		if i > 0 {
			all = append(all, slack.NewRichTextSectionTextElement("\n", nil))
		}
		all = append(all, l...)
	}
	return slack.NewRichTextSection(all...)
}

func bullets(lines []line) slack.RichTextElement {
	items := make([]slack.RichTextElement, len(lines))
	for i, l := range lines {
		items[i] = slack.NewRichTextSection(l...)
	}
	return slack.NewRichTextList(slack.RTEListBullet, 0, items...)
}

func quotation(lines []line) slack.RichTextElement {
	return &slack.RichTextQuote{Type: slack.RTEQuote, Elements: paragraph(lines).(*slack.RichTextSection).Elements}
}

func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// aside is plain text in small print.
func aside(s string) []part {
	var out []part
	for _, p := range pieces(clean(s), maxPiece) {
		if !blank(p) {
			out = append(out, part{slack.NewContextBlock("", plain(p)), p})
		}
	}
	return out
}

// button is nil where the value, which must come back whole, is more than a button holds.
func button(action, value, text string) *slack.ButtonBlockElement {
	value, text = strings.ToValidUTF8(value, ""), shorten(clean(text), maxButtonText)
	if blank(text) || units(value) > maxButtonValue {
		return nil
	}
	return slack.NewButtonBlockElement(action, value, plain(text))
}

// actions is a row of those buttons that there are.
func actions(block string, buttons ...*slack.ButtonBlockElement) []part {
	var elements []slack.BlockElement
	for _, b := range buttons {
		if b != nil {
			elements = append(elements, b)
		}
	}
	if len(elements) == 0 {
		return nil
	}
	return []part{{block: slack.NewActionBlock(block, elements...)}}
}
