package state_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/bot/state/statetest"
	"kakehashi/bot/thread"
)

// load is what several replicas are asked at once, and what must come of it whatever
// breaks meanwhile.
type load struct {
	replicas []*state.Store
	platform statetest.Platform
	threads  int           // each with a writer of its own
	each     int           // questions in a thread
	answered chan struct{} // receives each question that is
}

// patience bounds what takes some seconds.
const patience = 3 * time.Minute

var workspace = state.Workspace{Platform: "slack", ID: "T1"}

func threadOf(i int) state.Thread {
	return state.Thread{Platform: workspace.Platform, Workspace: workspace.ID, Channel: "C1", ID: fmt.Sprint(i)}
}

func keyOf(i, n int) string { return fmt.Sprintf("%d.%d", i, n) }

// reply does all that goes with the answer to a question.
func reply(tx *state.Tx, e state.Event) error {
	turn := state.Turn{Message: e.Key, Person: "U1", Role: thread.User, Text: "question " + e.Key, At: start}
	if err := tx.Append(e.Thread, turn); err != nil {
		return err
	}
	if err := tx.Record(state.Answer{ID: "answer " + e.Key, Thread: e.Thread, Person: "U1", Question: turn.Text, Answer: json.RawMessage(`{}`)}); err != nil {
		return err
	}
	if err := tx.Enqueue(state.Delivery{Key: "reply " + e.Key, Thread: e.Thread, Payload: json.RawMessage(`{}`)}); err != nil {
		return err
	}
	return tx.Finish(e)
}

// run calls disturb while questions come in and answers go out.
func (l *load) run(t *testing.T, disturb func()) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	working, stop := context.WithCancel(ctx)
	defer stop()
	l.answered = make(chan struct{}, l.threads*l.each)
	var workers, writers sync.WaitGroup
	for _, s := range l.replicas {
		workers.Go(func() { s.Run(working, &l.platform, 2) })
	}
	for i := range l.threads {
		writers.Go(func() {
			for n := range l.each {
				if !l.ask(ctx, t, i, n) {
					return
				}
			}
		})
	}
	workers.Go(func() {
		writers.Wait()
		close(l.answered)
	})
	disturb()
	l.wait(l.threads * l.each)
	for l.undelivered(ctx, t) > 0 && !t.Failed() {
	}
	stop()
	workers.Wait()
}

// ask delivers an event to all replicas; one of them is to answer.
func (l *load) ask(ctx context.Context, t *testing.T, i, n int) bool {
	var e state.Event
	claimed := 0
	for _, s := range l.replicas {
		var won bool
		var taken state.Event
		if err := s.Update(ctx, func(tx *state.Tx) (err error) {
			taken, won, err = tx.Claim(state.Event{Key: keyOf(i, n), Thread: threadOf(i), Person: "U1"})
			return err
		}); err != nil {
			t.Errorf("claiming %s: %v", keyOf(i, n), err)
			return false
		}
		if won {
			claimed++
			e = taken
		}
	}
	if claimed != 1 {
		t.Errorf("%s is claimed %d times", keyOf(i, n), claimed)
		return false
	}
	if err := l.replicas[(i+n)%len(l.replicas)].Update(ctx, func(tx *state.Tx) error { return reply(tx, e) }); err != nil {
		t.Errorf("answering %s: %v", e.Key, err)
		return false
	}
	l.answered <- struct{}{}
	return true
}

func (l *load) undelivered(ctx context.Context, t *testing.T) (n int64) {
	if err := l.replicas[0].View(ctx, func(r *state.Reader) (err error) {
		n, err = r.Undelivered()
		return err
	}); err != nil {
		t.Error(err)
	}
	return n
}

// wait waits until so many more questions are answered, or no more will be.
func (l *load) wait(n int) {
	for range n {
		<-l.answered
	}
}

// check expects that nothing is lost, doubled or out of order.
func (l *load) check(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := l.replicas[len(l.replicas)-1]
	chain, err := s.Verify(ctx, workspace)
	if total := int64(l.threads * l.each); err != nil || chain.Length != total {
		t.Errorf("%d records, %v; want %d", chain.Length, err, total)
	}
	posts := l.platform.Posts()
	if len(posts) != l.threads*l.each {
		t.Errorf("%d posts of %d replies", len(posts), l.threads*l.each)
	}
	for i := range l.threads {
		var want, questions []string
		for n := range l.each {
			want = append(want, "reply "+keyOf(i, n))
			questions = append(questions, "question "+keyOf(i, n))
		}
		of := slices.DeleteFunc(slices.Clone(posts), func(key string) bool { return !slices.Contains(want, key) })
		if !slices.Equal(of, want) {
			t.Errorf("posts of thread %d: %q", i, of)
		}
		var texts []string
		if err := s.View(ctx, func(r *state.Reader) error {
			turns, err := r.Turns(threadOf(i))
			for _, turn := range turns {
				texts = append(texts, turn.Text)
			}
			return err
		}); err != nil || !slices.Equal(texts, questions) {
			t.Errorf("turns of thread %d: %q, %v", i, texts, err)
		}
	}
}
