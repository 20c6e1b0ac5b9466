// Package answer turns a question into an Answer: it guards, resolves
// follow-ups, retrieves, picks the sentences that answer, has every one of them
// verified, and declines plainly where the corpus does not hold the answer. It
// never says yes or no on its own account, never shows an unverified sentence, and
// knows nothing of the platform that asked.
package answer

import (
	"encoding/json"

	"golang.org/x/text/language"

	"kakehashi/bot/thread"
	"kakehashi/corpus"
	"kakehashi/retrieval"
)

// MaxQuestion is the longest question taken, in characters.
const MaxQuestion = 4000

// Question is what a person asks.
type Question struct {
	ID       string // given back in the Answer; made up if empty
	Text     string
	History  []thread.Turn
	Language language.Tag // wanted for the answer; language.Und for the question's own
	AsOf     corpus.Date  // the day the answer is to hold for; zero for today
	Filter   retrieval.Filter
	Both     bool // show the cited passages in their other edition too
}

// Outcome is how a question ended.
type Outcome string

// Every question ends in exactly one of these.
const (
	Answered Outcome = "answered"
	Clarify  Outcome = "clarify"
	Declined Outcome = "declined"
	Refused  Outcome = "refused"
	Failed   Outcome = "error"
)

// SchemaVersion is the version of the JSON form of an Answer. It rises when a
// field changes its meaning or goes; new fields do not raise it.
const SchemaVersion = 1

// Answer is the whole reply. Its JSON form is documented in docs/answer.md.
type Answer struct {
	Schema    int           `json:"schema"`
	ID        string        `json:"id"`
	Outcome   Outcome       `json:"outcome"`
	Language  language.Tag  `json:"language"`
	Sentences []Sentence    `json:"sentences"`
	Sources   []Source      `json:"sources"`
	Nearest   []Source      `json:"nearest"`
	Notices   []Notice      `json:"notices"`
	FollowUps []string      `json:"follow_ups"`
	Error     *ErrorDetails `json:"error,omitempty"`
}

// ErrorDetails tells why a question could not be taken.
type ErrorDetails struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Sentence is one verified sentence. Text may begin with a lead that is not part
// of the claim: the country whose rule it is, or a note that the original is
// quoted.
type Sentence struct {
	Text  string `json:"text"`
	Cites []Cite `json:"cites"`
}

// Cite ties a sentence to the words that bear it out. Start and End count
// Unicode code points in the passage's text in the source's edition.
type Cite struct {
	Source int    `json:"source"` // Source.N
	Quote  string `json:"quote"`
	Start  int    `json:"start"`
	End    int    `json:"end"`
}

// Source is a passage that the answer cites, with what a reader must know of it.
type Source struct {
	N            int                 `json:"n"`
	Passage      corpus.PassageID    `json:"passage"`
	Document     string              `json:"document"`
	Title        string              `json:"title"`
	Citation     string              `json:"citation"`
	Locator      string              `json:"locator"`
	Heading      string              `json:"heading"`
	Jurisdiction corpus.Jurisdiction `json:"jurisdiction"`
	Kind         corpus.Kind         `json:"kind"`
	Status       corpus.Status       `json:"status"`
	Effective    corpus.Date         `json:"effective"`
	AsOf         corpus.Date         `json:"as_of"`
	URL          string              `json:"url"`
	Edition      language.Tag        `json:"edition"` // the language of the text that is quoted
	Digest       string              `json:"digest"`  // that the text is ours and the official one prevails
	Version      string              `json:"version"` // SHA-256 of the text quoted
	SupersededBy []string            `json:"superseded_by,omitempty"`
	Other        *OtherEdition       `json:"other,omitempty"` // only if asked for
}

// OtherEdition is the whole passage in the language that is not quoted.
type OtherEdition struct {
	Edition language.Tag `json:"edition"`
	Title   string       `json:"title"`
	Locator string       `json:"locator"`
	Heading string       `json:"heading"`
	Text    string       `json:"text"`
}

// Notice is something the reader must know beside the answer. In JSON it is its
// text.
type Notice struct {
	Code NoticeCode
	Text string
}

// NoticeCode tells renderers what a notice is about.
type NoticeCode string

// The notices there are. NoticeStatus comes before the first sentence.
const (
	NoticeStatus   NoticeCode = "status"   // rests on text that is not in force
	NoticePassed   NoticeCode = "passed"   // a date named here has passed
	NoticeNotYet   NoticeCode = "not-yet"  // takes effect later
	NoticeAsOf     NoticeCode = "as-of"    // the answer is for another day than today
	NoticeContext  NoticeCode = "context"  // read together with an earlier question
	NoticeDeclined NoticeCode = "declined" // not in the sources, and why
	NoticeContact  NoticeCode = "contact"  // whom to ask
	NoticeRefused  NoticeCode = "refused"  // marked text
	NoticeWords    NoticeCode = "words"    // found by words alone, as the encoder failed
)

// MarshalJSON writes the text alone.
func (n Notice) MarshalJSON() ([]byte, error) { return json.Marshal(n.Text) }

// UnmarshalJSON reads the text; the code stands beside it in the Answer.
func (n *Notice) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &n.Text) }

// plain is an Answer without its methods.
type plain Answer

type withCodes struct {
	plain
	NoticeCodes []NoticeCode `json:"notice_codes"` // of Notices, one by one
}

// MarshalJSON writes the form that docs/answer.md has.
func (a Answer) MarshalJSON() ([]byte, error) {
	out := withCodes{plain(a), make([]NoticeCode, len(a.Notices))}
	for i, n := range a.Notices {
		out.NoticeCodes[i] = n.Code
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads it.
func (a *Answer) UnmarshalJSON(b []byte) error {
	var in withCodes
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	for i, code := range in.NoticeCodes[:min(len(in.NoticeCodes), len(in.Notices))] {
		in.Notices[i].Code = code
	}
	*a = Answer(in.plain)
	return nil
}

// InputError is a question that cannot be taken as it is; its message says what
// to do.
type InputError struct{ Code, Message string }

func (e *InputError) Error() string { return e.Message }

// Failure is the answer to a question that could not be taken, for places where
// every question must have an answer object. The message must repeat nothing of
// the question.
func Failure(q Question, code, message string) Answer {
	lang := q.Language
	if lang == language.Und {
		lang = language.English
	}
	return Answer{
		Schema: SchemaVersion, ID: q.ID, Outcome: Failed, Language: lang,
		Sentences: []Sentence{}, Sources: []Source{}, Nearest: []Source{}, Notices: []Notice{}, FollowUps: []string{},
		Error: &ErrorDetails{code, message},
	}
}
