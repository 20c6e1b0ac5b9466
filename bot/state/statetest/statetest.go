// Package statetest is the conformance suite of bot/state: how it must behave on every
// kind of database. It holds a platform to post to as well, which fails as it is told.
package statetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/bot/thread"
	"kakehashi/database"
)

// Fixture is a new database with the tables and nothing in them.
type Fixture struct {
	DB      *database.DB
	Open    func(*testing.T, state.Options) *state.Store // another replica, on connections of its own
	Advance func(*testing.T, time.Duration)              // the clock that decides; also back
	Holds   func(*testing.T, string) bool                // whether a text stands anywhere in what is stored
}

// Run tries the state against its contract. open is called once a test.
func Run(t *testing.T, open func(*testing.T) Fixture) {
	for _, part := range []map[string]func(*testing.T, *fixture){
		eventTests, threadTests, answerTests, outboxTests, agreementTests, personTests, eraseTests, inputTests,
	} {
		for name, test := range part {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := open(t)
				test(t, &fixture{f, f.Open(t, state.Options{})})
			})
		}
	}
}

// fixture has a first replica with the defaults.
type fixture struct {
	Fixture
	*state.Store
}

// update writes and expects an outcome.
func update(t testing.TB, s *state.Store, want error, f func(*state.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), f); err != want {
		t.Errorf("%v; want %v", err, want)
	}
}

// read reads one thing.
func read[T any](t testing.TB, s *state.Store, f func(*state.Reader) (T, error)) T {
	t.Helper()
	var out T
	if err := s.View(t.Context(), func(r *state.Reader) (err error) {
		out, err = f(r)
		return err
	}); err != nil {
		t.Error(err)
	}
	return out
}

// missing expects that there is none.
func missing[T any](t testing.TB, s *state.Store, f func(*state.Reader) (T, error)) {
	t.Helper()
	if err := s.View(t.Context(), func(r *state.Reader) error {
		_, err := f(r)
		return err
	}); err != state.ErrNotFound {
		t.Errorf("%v; want %v", err, state.ErrNotFound)
	}
}

// atOnce calls f in as many goroutines and waits for them.
func atOnce(n int, f func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { f(i) })
	}
	group.Wait()
}

func equal[T any](t testing.TB, what string, got, want []T) {
	t.Helper()
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("%s: %+v; want %+v", what, got, want)
	}
}

// The places and people of the tests.
var (
	slackThread = state.Thread{Platform: "slack", Workspace: "T1", Channel: "C1", ID: "1700000000.000100"}
	otherThread = state.Thread{Platform: "slack", Workspace: "T1", Channel: "C1", ID: "1700000000.000200"}
	teamsThread = state.Thread{Platform: "teams", Workspace: "tenant", Channel: "19:a@thread.tacv2", ID: "1700000000000"}
)

var noon = time.Date(2026, 3, 8, 12, 0, 0, 123456000, time.UTC)

func turn(message, person, text string) state.Turn {
	return state.Turn{Message: message, Person: person, Role: thread.User, Text: text, At: noon}
}

// answerTo is an answer that rests on a passage.
func answerTo(id, person, question string, th state.Thread) state.Answer {
	text, err := json.Marshal(map[string]string{"sentence": "Kept for " + question})
	if err != nil {
		panic(err) // a fault of the suite itself
	}
	return state.Answer{
		ID: id, Thread: th, Person: person, Question: question, Answer: text, Drafter: "extractive", Encoder: "e5",
		Citations: []state.Citation{{Passage: "us-ear-734-8#a", Version: "v1", Text: "The passage that bears out: " + question}},
	}
}

// texts are those of turns.
func texts(turns []state.Turn) []string {
	var out []string
	for _, turn := range turns {
		out = append(out, turn.Text)
	}
	return out
}

func count(keys []string, key string) int {
	n := 0
	for _, k := range keys {
		if k == key {
			n++
		}
	}
	return n
}

// inOrder reports whether the keys of a thread came in the order in which they were
// enqueued.
func inOrder(got, want []string) bool {
	return slices.Equal(slices.DeleteFunc(slices.Clone(got), func(k string) bool { return !slices.Contains(want, k) }), want)
}
