// Package platformtest is the contract that every platform passes: who is answered and
// who is not, what others see of it, and what is kept. An adapter's test makes a Platform,
// by which people write, press and look as they do there, and gives it to Run and to
// Simulate.
//
// The engine is a stub that answers with what it was asked; all else is the real bot on a
// SQLite file.
package platformtest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/conversation"
	"kakehashi/bot/state"
	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/database"
	"kakehashi/retrieval/analysis"
)

// The people, and how a text names them and the bot: the Platform puts its own form of
// names in the place of these, and these in the place of its own where it shows a text.
const (
	Ann       = "@ann"
	Ben       = "@ben"
	Eve       = "@eve"
	Kakehashi = "@kakehashi"
)

// The rooms in which all people and the bot are. A person's name stands for what the
// person and the bot write to each other.
const (
	General = "general"
	Experts = "experts" // where the bot asks experts
)

// Place is where people write: a thread of a room, or with Thread "" the room itself.
type Place struct{ Room, Thread string }

// Shown is a message of the bot as people see it.
type Shown struct {
	Place          // of what is written in reply to it
	Text    string // all that can be read, the words on buttons too
	Buttons []Button
	Native  any // the platform's own
}

// Button is something to press.
type Button string

// The buttons there are.
const (
	Share     Button = "share"
	Expert    Button = "ask an expert"
	Helpful   Button = "helpful"
	Unhelpful Button = "not helpful" // and say why
	FollowUp  Button = "follow-up"   // the first question suggested
)

// Ability is what people can do on some platforms.
type Ability string

// The abilities there are, and beside each the nearest way where it is lacking.
const (
	Rooms    Ability = "rooms of several people" // each person has a conversation of their own with the bot
	Notes    Ability = "notes for one person"    // the note stands in the conversation with the bot
	Commands Ability = "commands"                // the same words are written to the bot alone
	Stopping Ability = "a button to stop"        // the answer comes and is ignored
	HomePage Ability = "a page of the bot's own" // "help" and "status" say what it would show
)

// Platform is a chat with the bot in it. Its methods fail the test where something does
// not work; they wait for nothing but what they must see, but for Quiet.
type Platform interface {
	Lacks(Ability) bool

	// Write has a person write, and returns the place of replies: the thread of it.
	Write(person string, in Place, text string) Place
	// Command has a person ask in a room by the platform's command.
	Command(person, room, text string)
	// Press has a person press a button; words are those for a reason.
	Press(person string, on Shown, b Button, words string)
	// Home is what the bot's page shows a person who opens it.
	Home(person string) string
	// Stop has a person press the button that stops an answer under way in a place.
	Stop(person string, in Place)
	// Again delivers all that has been delivered to the bot so far a second time.
	Again()

	// Replies are the bot's messages in a place that all who are there see, in order.
	Replies(Place) []Shown
	// Private are the bot's messages that only this person sees, in order.
	Private(person string) []Shown
	// Received waits until all that has happened has arrived at the bot.
	Received()
	// Quiet waits until the bot has dealt with all that has happened.
	Quiet()
}

// Bot is the bot without a platform: what a Platform puts to work.
type Bot struct {
	Engine   *Engine
	Store    *state.Store
	Language language.Tag  // of the people's clients
	Patience time.Duration // of conversation.Options

	file string
	lib  *corpus.Library
}

// Desk is a desk with the bot's engine and store.
func (b *Bot) Desk(o conversation.Options) *conversation.Desk {
	o.Patience = b.Patience
	return conversation.New(b.Engine, b.lib, b.Store, o)
}

// Idle reports whether nothing is under way in the bot.
func (b *Bot) Idle(ctx context.Context) (idle bool, err error) {
	err = b.Store.View(ctx, func(r *state.Reader) error {
		events, err := r.Unfinished()
		if err != nil {
			return err
		}
		deliveries, err := r.Undelivered()
		idle = events+deliveries == 0
		return err
	})
	return idle, err
}

// holds reports whether a text stands anywhere in the database's files.
func (b *Bot) holds(t *testing.T, text string) bool {
	t.Helper()
	for _, name := range []string{b.file, b.file + "-wal", b.file + "-journal"} {
		content, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}

var shipped = sync.OnceValues(func() (*corpus.Library, error) { return corpus.Load(library.Files) })

func newBot(t *testing.T, lang language.Tag) *Bot {
	t.Helper()
	b := &Bot{Engine: &Engine{}, Language: lang, file: filepath.Join(t.TempDir(), "state.sqlite")}
	db, err := database.Open(t.Context(), b.file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.Store, err = state.Open(t.Context(), db, state.Options{}); err != nil {
		t.Fatal(err)
	}
	if b.lib, err = shipped(); err != nil {
		t.Fatal(err)
	}
	return b
}

// Engine answers with what it was asked, from a source of its own.
type Engine struct {
	mutex sync.Mutex
	asked []answer.Question
	fails error
	held  chan struct{} // answers when it is closed; nil for at once
	next  chan struct{} // closed when something is asked
}

// Answer implements conversation.Engine.
func (e *Engine) Answer(ctx context.Context, q answer.Question) (answer.Answer, error) {
	if err := answer.CheckText(q.Text); err != nil {
		return answer.Answer{}, err
	}
	e.mutex.Lock()
	e.asked = append(e.asked, q)
	if e.next != nil {
		close(e.next)
		e.next = nil
	}
	fails, held := e.fails, e.held
	e.mutex.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return answer.Answer{}, ctx.Err()
		}
	}
	if fails != nil {
		return answer.Answer{}, fails
	}
	return answer.Answer{
		Schema: answer.SchemaVersion, ID: q.ID, Outcome: answer.Answered, Language: analysis.Language(q.Text),
		Sentences: []answer.Sentence{{Text: "The rule says: " + q.Text, Cites: []answer.Cite{{Source: 1, Quote: "a quotation"}}}},
		Sources: []answer.Source{{N: 1, Passage: "us-rule#a", Document: "us-rule", Title: "A rule", Citation: "1 CFR 2", Jurisdiction: corpus.US, Kind: "regulation",
			Status: corpus.InForce, URL: "https://www.ecfr.gov/", Edition: language.English, Version: strings.Repeat("0", 64)}},
		Nearest: []answer.Source{}, Notices: []answer.Notice{}, FollowUps: []string{"And who decides?"},
	}, nil
}

// set changes how the questions to come are answered.
func (e *Engine) set(fails error, held chan struct{}) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.fails, e.held = fails, held
}

// questions are those asked so far.
func (e *Engine) questions() []answer.Question {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return append([]answer.Question(nil), e.asked...)
}

// wait waits until so many questions have been asked.
func (e *Engine) wait(ctx context.Context, questions int) error {
	for {
		e.mutex.Lock()
		n := len(e.asked)
		if e.next == nil {
			e.next = make(chan struct{})
		}
		next := e.next
		e.mutex.Unlock()
		if n >= questions {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d questions have been asked: %w", n, questions, ctx.Err())
		}
	}
}

var name = regexp.MustCompile(`@[a-z]+`)

// Names puts a platform's form of the names in a text in their place.
func Names(text string, form func(name string) string) string {
	return name.ReplaceAllStringFunc(text, form)
}
