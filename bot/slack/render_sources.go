package slack

import (
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"kakehashi/bot/answer"
)

// Sources are shown one document after the other: its title and official page, then what
// is cited of it, then in small print its status and dates. What is cited stands in a
// section, as a section without "expand" is the one block that every client folds behind
// a "see more" where it is long, and that is taken in messages of every kind: rich_text
// never folds; a container does, but which blocks it takes differs between Slack's
// documentation and its servers. The section is of plain_text, so that nothing in a
// citation or a quotation is read as markup.
func (r renderer) sources(w wording, heading string, sources []answer.Source, sentences []answer.Sentence) []part {
	if len(sources) == 0 {
		return nil
	}
	out := append([]part{{block: slack.NewDividerBlock()}}, rich(paragraph, say(heading, bold))...)
	for _, group := range w.byDocument(sources) {
		out = append(out, r.document(w, group, sentences)...)
	}
	return out
}

// byDocument groups sources that differ in nothing but the passage.
func (w wording) byDocument(sources []answer.Source) [][]answer.Source {
	type document struct{ title, citation, url, digest, facts string }
	at := map[document]int{}
	var out [][]answer.Source
	for _, s := range sources {
		d := document{s.Title, s.Citation, s.URL, s.Digest, w.facts(s)}
		i, ok := at[d]
		if !ok {
			i = len(out)
			at[d], out = i, append(out, nil)
		}
		out[i] = append(out[i], s)
	}
	return out
}

func (r renderer) document(w wording, passages []answer.Source, sentences []answer.Sentence) []part {
	s := passages[0]
	title := say(s.Title, bold)
	if target := address(s.URL); target != "" {
		title = append(append(title, say(" · ", nil)...), link(w.choose("Official page", "公式ページ"), target)...)
	}
	out := rich(paragraph, title)
	text := s.Citation
	for _, p := range passages {
		text += "\n" + number(p.N) + " " + p.Locator
		for _, q := range quotes(p.N, sentences) {
			text += "\n" + w.quote(q)
		}
	}
	if s.Digest != "" {
		text += "\n" + s.Digest
	}
	for _, p := range pieces(clean(strings.Trim(text, "\n")), maxSection) {
		if !blank(p) {
			out = append(out, part{slack.NewSectionBlock(plain(p), nil, nil), p})
		}
	}
	return append(out, aside(w.facts(s))...)
}

// quotes are the words that sentences cite of a source, each once; those that the
// sentence says itself, as sentences taken from the source do, are shown there already.
func quotes(source int, sentences []answer.Sentence) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range sentences {
		for _, c := range s.Cites {
			if c.Source == source && !seen[c.Quote] && !blank(c.Quote) && !strings.Contains(s.Text, c.Quote) {
				seen[c.Quote], out = true, append(out, c.Quote)
			}
		}
	}
	return out
}

// maxQuery bounds a quotation in an address, in bytes as escaped: enough to find the
// place in its passage.
const maxQuery = 240

// reader is where a citation leads: to the passage in the source reader, with the words
// to look for, else to the official page; "" where there is neither.
func (r renderer) reader(s answer.Source, quote string) string {
	if r.PublicURL == "" {
		return address(s.URL)
	}
	limit := maxQuery
	query := url.QueryEscape(quote)
	for len(query) > maxQuery {
		limit /= 2
		quote = strings.TrimSpace(pieces(quote, limit)[0])
		query = url.QueryEscape(quote)
	}
	return address(strings.TrimSuffix(r.PublicURL, "/") + "/s/" + url.PathEscape(string(s.Passage)) + "@" + url.PathEscape(s.Version) + "?q=" + query)
}
