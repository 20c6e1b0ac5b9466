// Package conversation is how people and the bot talk, the same on every platform: what
// of the talk is for the bot, what is answered and to whom, and what is remembered of
// it. Adapters put what happens on their platform into a Message, and what the bot says,
// a Reply, into their platform's form; nothing of a platform is known here.
//
// It must never answer what is not meant for it, never tell one person what is for
// another, and never let a question end without exactly one Reply.
package conversation

import (
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/state"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
)

// Way is how a message came to the bot.
type Way string

// The ways there are.
const (
	Mention   Way = "mention"   // the bot is named in it
	Direct    Way = "direct"    // written to the bot alone
	Overheard Way = "overheard" // written where the bot is too, and not to it by name
	Command   Way = "command"   // a command of the platform; the reply is for its author alone
	Shortcut  Way = "shortcut"  // someone asks about another's message; the reply is for who asks
)

// private tells the ways whose reply is for one person.
func (w Way) private() bool { return w == Command || w == Shortcut }

// Message is what a person has written, or had the bot look at.
type Message struct {
	Key      string       `json:"key"`    // the same for every delivery of it, and no other's
	Thread   state.Thread `json:"thread"` // where a reply belongs
	ID       string       `json:"id"`     // the platform's; that of its thread where it begins one
	Person   string       `json:"person"` // the platform's id of the author, or of who used the shortcut
	Way      Way          `json:"way"`
	Text     string       `json:"text"`             // without the bot's name
	Language language.Tag `json:"language"`         // of the person's client; Und where it is not known
	Zone     string       `json:"zone,omitempty"`   // of the person's client, by the IANA database
	Others   []string     `json:"others,omitempty"` // people it names, the bot not among them
	Alone    bool         `json:"alone,omitempty"`  // no one else is where it was written, as with Direct
	Back     string       `json:"back,omitempty"`   // where the platform wants a private reply, if it says so
	At       time.Time    `json:"at"`

	Marked bool `json:"marked,omitempty"` // set by Receive, which then drops Text
}

// Reply is what the bot says.
type Reply struct {
	Kind       ReplyKind             `json:"kind"`
	Language   language.Tag          `json:"language"`
	Person     string                `json:"person"`               // whom it answers
	Private    bool                  `json:"private,omitempty"`    // for that person alone
	Shares     bool                  `json:"shares,omitempty"`     // it is private, and its reader may share it
	Question   string                `json:"question,omitempty"`   // as asked
	Answer     *answer.Answer        `json:"answer,omitempty"`     // of KindAnswer and KindRequest
	Colleagues []thread.Disagreement `json:"colleagues,omitempty"` // where what people of the thread have said goes against each other
	Text       string                `json:"text,omitempty"`       // of the other kinds: paragraphs, plain text
}

// ReplyKind tells renderers what a Reply is.
type ReplyKind string

// The kinds there are.
const (
	KindAnswer  ReplyKind = "answer"  // Answer, whatever its outcome
	KindNote    ReplyKind = "note"    // help, status, what has gone wrong: Text
	KindRequest ReplyKind = "request" // to the experts: someone's Question, with the Answer so far
	KindExpert  ReplyKind = "expert"  // an expert's words, in Text; Person is the expert
)

// Home is what the bot's own page shows a person.
type Home struct {
	Language      language.Tag
	Documents     []Holding            // by country and status, in order
	Updated       corpus.Date          // when the newest source was checked
	Subscriptions []state.Subscription // of the person
	Recent        []string             // the person's last questions, the newest first
}

// Holding counts the documents of a country that have a status.
type Holding struct {
	Jurisdiction corpus.Jurisdiction
	Status       corpus.Status
	Documents    int
}
