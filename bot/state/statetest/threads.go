package statetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/bot/thread"
)

var threadTests = map[string]func(*testing.T, *fixture){
	"keeps the turns of a thread in the platform's order": ordersTurns,
	"keeps one turn of a message that comes twice":        keepsOneTurn,
	"keeps threads apart":                                 keepsThreadsApart,
	"knows who takes part":                                knowsParticipants,
	"keeps nothing of a transaction that is undone":       undoes,
	"keeps nothing where the database is at fault":        undoesFaults,
}

func appendTurns(t testing.TB, s *state.Store, th state.Thread, turns ...state.Turn) {
	t.Helper()
	update(t, s, nil, func(tx *state.Tx) error {
		for _, turn := range turns {
			if err := tx.Append(th, turn); err != nil {
				return err
			}
		}
		return nil
	})
}

func turnsOf(t testing.TB, s *state.Store, th state.Thread) []state.Turn {
	t.Helper()
	return read(t, s, func(r *state.Reader) ([]state.Turn, error) { return r.Turns(th) })
}

func ordersTurns(t *testing.T, f *fixture) {
	var want []state.Turn
	for i := range 5 {
		turn := turn(fmt.Sprint(i), "U1", fmt.Sprint("text ", i))
		turn.At = noon.Add(time.Duration(i/2) * time.Microsecond) // pairs of one moment
		want = append(want, turn)
	}
	want[3].Role, want[3].Answer = thread.Assistant, "A1"
	appendTurns(t, f.Store, slackThread, want[2], want[3])
	appendTurns(t, f.Open(t, state.Options{}), slackThread, want[4], want[0], want[1])
	equal(t, "turns", turnsOf(t, f.Store, slackThread), want)
}

func keepsOneTurn(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{})}
	atOnce(6, func(i int) { appendTurns(t, replicas[i%2], slackThread, turn("m", "U1", "first")) })
	appendTurns(t, f.Store, slackThread, turn("m", "U2", "second"))
	equal(t, "turns", texts(turnsOf(t, f.Store, slackThread)), []string{"first"})
}

func keepsThreadsApart(t *testing.T, f *fixture) {
	threads := []state.Thread{slackThread, otherThread, teamsThread, {Platform: "slack", Workspace: "T1", Channel: "C1"}}
	threads = append(threads, []state.Thread{{Platform: "slack", Workspace: "T2", Channel: "C1", ID: slackThread.ID}, {Platform: "slack", Workspace: "T1", Channel: "C2", ID: slackThread.ID}}...)
	for i, th := range threads {
		appendTurns(t, f.Store, th, turn("m", "U1", fmt.Sprint(i)))
	}
	for i, th := range threads {
		equal(t, fmt.Sprintf("%+v", th), texts(turnsOf(t, f.Store, th)), []string{fmt.Sprint(i)})
	}
}

func knowsParticipants(t *testing.T, f *fixture) {
	bot := turn("3", "B", "an answer")
	bot.Role = thread.Assistant
	appendTurns(t, f.Store, slackThread, turn("1", "U2", "a"), turn("2", "U1", "b"), bot, turn("4", "U2", "c"))
	appendTurns(t, f.Store, otherThread, turn("1", "U3", "d"))
	got := read(t, f.Store, func(r *state.Reader) ([]string, error) { return r.Participants(slackThread) })
	if !slices.Equal(got, []string{"U2", "U1"}) {
		t.Errorf("%q", got)
	}
}

// undoesFaults has a caller make light of what the database has met.
func undoesFaults(t *testing.T, f *fixture) {
	if _, err := f.DB.SQL.ExecContext(t.Context(), `DROP TABLE once`); err != nil {
		t.Fatal(err)
	}
	if err := f.Update(t.Context(), func(tx *state.Tx) error {
		if err := tx.Append(slackThread, turn("m", "U1", "a question")); err != nil {
			return err
		}
		if _, err := tx.Once("k"); err == nil {
			t.Error("a table that is gone is written")
		}
		return nil
	}); err == nil {
		t.Error("no error")
	}
	if turns := turnsOf(t, f.Store, slackThread); len(turns) > 0 {
		t.Errorf("%d turns are kept", len(turns))
	}
}

// undoes has all that goes together with a reply written and taken back.
func undoes(t *testing.T, f *fixture) {
	e, _ := claim(t, f.Store, event("k"))
	step := func(tx *state.Tx) error {
		if err := tx.Append(slackThread, turn("m", "U1", "a question")); err != nil {
			return err
		}
		if err := tx.Record(answerTo("A1", "U1", "a question", slackThread)); err != nil {
			return err
		}
		if err := tx.Enqueue(delivery("reply", slackThread)); err != nil {
			return err
		}
		return tx.Finish(e)
	}
	update(t, f.Store, state.ErrConflict, func(tx *state.Tx) error {
		if err := step(tx); err != nil {
			return err
		}
		// What was written is seen within.
		turns, err := tx.Turns(slackThread)
		if err != nil || len(turns) != 1 {
			t.Errorf("%d turns: %v", len(turns), err)
		}
		return state.ErrConflict
	})
	p := &Platform{}
	deliverAll(t, f.Store, p)
	if len(p.Posts()) > 0 || len(turnsOf(t, f.Store, slackThread)) > 0 {
		t.Error("something is kept")
	}
	missing(t, f.Store, func(r *state.Reader) (state.Answer, error) { return r.Answer("A1") })
	sound(t, f.Store, slackThread, 0)
	update(t, f.Store, nil, step)
	deliverAll(t, f.Store, p)
	equal(t, "posts", p.Posts(), []string{"reply"})
	equal(t, "turns", texts(turnsOf(t, f.Store, slackThread)), []string{"a question"})
	sound(t, f.Store, slackThread, 1)
}
