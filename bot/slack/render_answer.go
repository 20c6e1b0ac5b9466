package slack

import (
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"kakehashi/bot/answer"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
)

// answer is an answer of any outcome: what limits it, what colleagues have said against
// each other, what it says, what it rests on, and what else there is to know.
func (r renderer) answer(w wording, a answer.Answer, colleagues []thread.Disagreement) []part {
	var first, last []part
	for _, n := range a.Notices {
		switch {
		case a.Outcome != answer.Answered:
			first = append(first, rich(paragraph, say(n.Text, nil))...)
		case n.Code == answer.NoticeStatus:
			first = append(first, rich(quotation, say(n.Text, nil))...)
		default:
			last = append(last, aside(n.Text)...)
		}
	}
	if a.Error != nil {
		first = append(first, rich(paragraph, say(a.Error.Message, nil))...)
	}
	parts := append(first, w.colleagues(colleagues)...)
	parts = append(parts, r.sentences(w, a)...)
	parts = append(parts, r.sources(w, w.choose("Sources", "出典"), a.Sources, a.Sentences)...)
	parts = append(parts, r.sources(w, w.choose("Nearest in my sources", "資料の中で近い記述"), a.Nearest, nil)...)
	return append(parts, last...)
}

func (w wording) colleagues(differ []thread.Disagreement) []part {
	if len(differ) == 0 {
		return nil
	}
	var lines []line
	for _, d := range differ {
		l := say(w.point(d.About), nil)
		for i, s := range d.Said {
			l = append(l, say(w.choose([]string{": ", "; "}[min(i, 1)], []string{"：", "、"}[min(i, 1)]), nil)...)
			l = append(append(l, person(s.Person)...), say(" "+w.quote(shorten(s.Text, maxShown)), nil)...)
		}
		lines = append(lines, l)
	}
	parts := append(rich(paragraph, say(w.choose("What you have told me does not agree", "皆さんの説明に食い違いがあります"), bold)), rich(bullets, lines...)...)
	return append(parts, part{block: slack.NewDividerBlock()})
}

// sentences are the lead and below it the others; or a table, a row each, where the
// answer speaks for both countries.
func (r renderer) sentences(w wording, a answer.Answer) []part {
	if len(a.Sentences) == 0 {
		return nil
	}
	sources := map[int]answer.Source{}
	for _, s := range a.Sources {
		sources[s.N] = s
	}
	if speaksForBoth(a.Sentences, sources) {
		return r.table(w, a.Sentences, sources)
	}
	lines := make([]line, len(a.Sentences))
	for i, s := range a.Sentences {
		lines[i] = say(s.Text, nil)
		if cites := r.cites(s, sources); len(cites) > 0 {
			lines[i] = append(append(lines[i], say(w.after(), nil)...), cites...)
		}
	}
	return append(rich(paragraph, lines[0]), rich(bullets, lines[1:]...)...)
}

// cites are the numbers of a sentence's sources, each once, that lead to the words cited.
func (r renderer) cites(s answer.Sentence, sources map[int]answer.Source) line {
	var l line
	seen := map[int]bool{}
	for _, c := range s.Cites {
		if seen[c.Source] {
			continue
		}
		seen[c.Source] = true
		target := ""
		if source, ok := sources[c.Source]; ok {
			target = r.reader(source, c.Quote)
		}
		l = append(l, link(number(c.Source), target)...)
	}
	return l
}

func speaksForBoth(sentences []answer.Sentence, sources map[int]answer.Source) bool {
	us, jp := false, false
	for _, s := range sentences {
		j := speaksFor(s, sources)
		us, jp = us || j == corpus.US, jp || j == corpus.JP
	}
	return us && jp
}

// speaksFor is whose rule a sentence states: that of its sources, or both countries'
// where they differ.
func speaksFor(s answer.Sentence, sources map[int]answer.Source) corpus.Jurisdiction {
	var j corpus.Jurisdiction
	for _, c := range s.Cites {
		switch of := sources[c.Source].Jurisdiction; {
		case j == "":
			j = of
		case of != j:
			return corpus.Bilateral
		}
	}
	return j
}

// Bounds of a row, so that one always fits a message.
const (
	maxCell      = 1500 // UTF-16 units
	maxCellCites = 2500 // bytes
)

func (r renderer) table(w wording, sentences []answer.Sentence, sources map[int]answer.Source) []part {
	var rows []row
	for _, s := range sentences {
		country := w.country(speaksFor(s, sources))
		text := pieces(clean(withoutCountry(s.Text, country)), maxCell)
		cites := r.cites(s, sources).fold(maxCellCites)
		last := len(text) - 1
		for i := range last + max(len(cites), 1) { // a row, and more only for what is very long
			next := row{country: clean(country), what: "…"}
			if i <= last && !blank(text[i]) {
				next.what = text[i]
			}
			if i >= last && len(cites) > 0 {
				next.cites = cites[i-last]
			}
			rows = append(rows, next)
		}
	}
	out := rich(paragraph, say(w.choose("What each country's rules say:", "両国の規則の定めは次のとおりです。"), nil))
	return append(out, tables(w, rows)...)
}

// withoutCountry leaves out the lead that names the country, which a column of its own
// does.
func withoutCountry(text, country string) string {
	rest, named := strings.CutPrefix(text, country)
	named = named && country != ""
	for _, colon := range []string{": ", ":", "："} {
		if said, leads := strings.CutPrefix(rest, colon); named && leads {
			return said
		}
	}
	return text
}

type row struct {
	country, what string
	cites         line
}

func (r row) cells() []slack.TableCell {
	source := slack.TableCell(slack.NewTableRawTextCell("–"))
	if len(r.cites) > 0 {
		source = slack.NewTableRichTextCell(slack.NewRichTextSection(r.cites...))
	}
	country := r.country
	if blank(country) {
		country = "–"
	}
	return []slack.TableCell{slack.NewTableRawTextCell(country), slack.NewTableRawTextCell(r.what), source}
}

func (r row) text(w wording) string {
	return w.label(r.country, r.country) + r.what + w.after() + r.cites.text()
}

// tables are one table, or several where the rows are more than one holds.
func tables(w wording, rows []row) []part {
	var out []part
	var t *slack.TableBlock
	n := maxBlock
	for _, r := range rows {
		cells := r.cells()
		s := size(cells)
		if n+s > maxBlock || len(t.Rows) == maxTableRows {
			t = slack.NewTableBlock("").
				AddRow(slack.NewTableRawTextCell(w.choose("Whose rule", "国")), slack.NewTableRawTextCell(w.choose("What it says", "内容")), slack.NewTableRawTextCell(w.choose("Source", "出典"))).
				WithColumnSettings(slack.ColumnSetting{Align: slack.ColumnAlignmentLeft}, slack.ColumnSetting{Align: slack.ColumnAlignmentLeft, IsWrapped: true}, slack.ColumnSetting{Align: slack.ColumnAlignmentLeft})
			out, n = append(out, part{block: t}), 400 // the head
		}
		t.AddRow(cells...)
		last := &out[len(out)-1]
		last.text, n = strings.TrimPrefix(last.text+"\n"+r.text(w), "\n"), n+s
	}
	return out
}

// offers are what a reader may do with an answer. Marked text goes no further, so a
// refusal offers nothing.
func offers(w wording, a answer.Answer, shares bool) []part {
	if a.ID == "" || len(blockFollowUps)+units(a.ID) > maxID {
		return nil // what is pressed could not be told to belong to it
	}
	if a.Outcome == answer.Refused || a.Outcome == answer.Failed {
		return nil
	}
	var next []*slack.ButtonBlockElement
	for i, q := range a.FollowUps[:min(len(a.FollowUps), maxButtons)] {
		next = append(next, button(actionFollowUp+strconv.Itoa(i+1), q, q))
	}
	parts := actions(blockFollowUps+a.ID, next...)
	feedback := slack.NewFeedbackButtonsBlockElement(actionFeedback,
		slack.NewFeedbackButton(plain(w.choose("Helpful", "役に立った")), feedbackUp).WithAccessibilityLabel(w.choose("This answer is helpful", "この回答は役に立った")),
		slack.NewFeedbackButton(plain(w.choose("Not helpful", "役に立たなかった")), feedbackDown).WithAccessibilityLabel(w.choose("This answer is not helpful", "この回答は役に立たなかった")))
	parts = append(parts, part{block: slack.NewContextActionsBlock(blockFeedback+a.ID, feedback)})
	var share *slack.ButtonBlockElement
	if shares {
		share = button(actionShare, a.ID, w.choose("Share to channel", "チャンネルに共有"))
	}
	return append(parts, actions(blockActions+a.ID, button(actionExpert, a.ID, w.choose("Ask an expert", "専門家に聞く")), share)...)
}
