package eval

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Answerer is the advisor as it is measured. Its errors are faults of the advisor
// and end the measuring; a question that it cannot take has the outcome "error".
type Answerer interface {
	Answer(ctx context.Context, q Question) (Reply, error)
}

// Reply is what came back to a question.
type Reply struct {
	Outcome   string // answered, clarify, declined, refused or error
	Sentences []string
	Quotes    []Quote
	Cited     []Cited
}

// Quote is a quotation with the text of the passage that it is said to stand in,
// which must come from the library and not from the answer.
type Quote struct{ Text, Passage string }

// Cited is a source of an answer.
type Cited struct {
	Document string
	Locator  string // English
}

// The outcomes that are judged by name.
const (
	answered = "answered"
	declined = "declined"
	refused  = "refused"
)

// Check is one demand on a reply.
type Check string

// The checks, in the order of reports. Which apply depends on the question: a
// question to be declined has the outcome alone, and the quotations if it was
// answered all the same.
const (
	CheckOutcome  Check = "outcome"  // answered, or declined or refused, as it should be
	CheckFacts    Check = "facts"    // every answer pattern matches the sentences
	CheckEvidence Check = "evidence" // every evidence pattern matches the quotations
	CheckDocument Check = "document" // a right document is cited
	CheckPassage  Check = "passage"  // a right passage is cited
	CheckQuotes   Check = "quotes"   // every quotation stands word for word in its passage
)

// Checks are all checks.
func Checks() []Check {
	return []Check{CheckOutcome, CheckFacts, CheckEvidence, CheckDocument, CheckPassage, CheckQuotes}
}

// Judged is one question with what its reply was worth. Right means that all checks
// that apply hold.
type Judged struct {
	ID       string         `json:"id"`
	Language string         `json:"language"`
	Group    Group          `json:"group"`
	Outcome  string         `json:"outcome"`
	Checks   map[Check]bool `json:"checks"`
	Right    bool           `json:"right"`
	Missed   *Missed        `json:"missed,omitempty"`
}

// Judge holds a reply against its question.
func Judge(q Question, r Reply) Judged {
	j := Judged{ID: q.ID, Language: q.Language, Group: q.Group(), Outcome: r.Outcome, Checks: map[Check]bool{}}
	if q.Answerable {
		j.Checks[CheckOutcome] = r.Outcome == answered
		j.judgeContent(q, r)
	} else {
		j.Checks[CheckOutcome] = r.Outcome == declined || r.Outcome == refused
	}
	if r.Outcome == answered {
		j.Checks[CheckQuotes] = len(r.Quotes) > 0 && !slices.ContainsFunc(r.Quotes, func(q Quote) bool {
			return q.Text == "" || !strings.Contains(q.Passage, q.Text)
		})
	}
	j.Right = true
	for _, ok := range j.Checks {
		j.Right = j.Right && ok
	}
	if !j.Right {
		j.Missed = &Missed{Text: q.asked(), Wanted: q.wanted(), Came: r.came(j)}
	}
	return j
}

func (j *Judged) judgeContent(q Question, r Reply) {
	var quotes []string
	for _, quote := range r.Quotes {
		quotes = append(quotes, quote.Text)
	}
	cites := func(strict bool) bool {
		return slices.ContainsFunc(r.Cited, func(c Cited) bool { return q.right(c.Document, c.Locator, strict) })
	}
	if len(q.Answer) > 0 {
		j.Checks[CheckFacts] = allMatch(q.Answer, r.Sentences)
	}
	if len(q.Evidence) > 0 {
		j.Checks[CheckEvidence] = allMatch(q.Evidence, quotes)
	}
	if len(q.Documents) > 0 {
		j.Checks[CheckDocument] = cites(false)
	}
	if len(q.Passages) > 0 {
		j.Checks[CheckPassage] = cites(true)
	}
}

func allMatch(patterns []*regexp.Regexp, texts []string) bool {
	text := strings.Join(texts, " ")
	return !slices.ContainsFunc(patterns, func(re *regexp.Regexp) bool { return !re.MatchString(text) })
}

// asked is the question with its earlier turns, for people.
func (q Question) asked() string {
	var out []string
	for _, t := range q.History {
		out = append(out, "["+t.Role+": "+cut(t.Text, 120)+"]")
	}
	return strings.Join(append(out, q.Text), " ")
}

// wanted tells people what would have been right.
func (q Question) wanted() []string {
	if !q.Answerable {
		return []string{"to be declined"}
	}
	var out []string
	for _, list := range []struct {
		name  string
		items []string
	}{{"answer", sources(q.Answer)}, {"evidence", sources(q.Evidence)}, {"one of", q.Documents}, {"at one of", q.Passages}} {
		if len(list.items) > 0 {
			out = append(out, list.name+": "+strings.Join(list.items, " + "))
		}
	}
	return out
}

func sources(res []*regexp.Regexp) []string {
	var out []string
	for _, re := range res {
		out = append(out, source(re))
	}
	return out
}

// came tells people what came instead: the outcome with the checks that failed, the
// sentences and the sources.
func (r Reply) came(j Judged) []string {
	var failed []string
	for _, c := range Checks() {
		if ok, applies := j.Checks[c]; applies && !ok {
			failed = append(failed, string(c))
		}
	}
	out := []string{r.Outcome + "; wrong: " + strings.Join(failed, ", ")}
	if len(r.Sentences) > 0 {
		out = append(out, cut(strings.Join(r.Sentences, " "), 280))
	}
	var cited []string
	for _, c := range r.Cited {
		cited = append(cited, strings.TrimSpace(c.Document+" "+c.Locator))
	}
	if len(cited) > 0 {
		out = append(out, "cites "+strings.Join(cited, "; "))
	}
	return out
}

// Ask puts every question to the advisor, one at a time, and judges the replies.
// progress hears of each and may be nil.
func (qs Questions) Ask(ctx context.Context, a Answerer, progress func(done, total int)) (*Answers, error) {
	out := &Answers{}
	var took []time.Duration
	for i, q := range qs.Questions {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		r, err := a.Answer(ctx, q)
		took = append(took, time.Since(start))
		if err != nil {
			return nil, fmt.Errorf("answering the question %q: %w", q.ID, err)
		}
		out.Questions = append(out.Questions, Judge(q, r))
		if progress != nil {
			progress(i+1, len(qs.Questions))
		}
	}
	out.Latency = latencyOf(took)
	out.summarise()
	return out, nil
}
