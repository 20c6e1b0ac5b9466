package statetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"kakehashi/bot/state"
)

var eventTests = map[string]func(*testing.T, *fixture){
	"gives an event to one of many replicas":           claimsOnce,
	"gives back an event whose claim is undone":        undoesClaims,
	"lets the key of an event go when it expires":      letsKeysGo,
	"keeps the key of an event that never expires":     keepsKeys,
	"hands on the event of a replica that has died":    adopts,
	"does not hand on an event that is done":           adoptsNothingDone,
	"stops handing on an event that kills its replica": stopsAdopting,
	"forgets what an event was when it is done":        forgetsPayloads,
	"knows a thread in which something is answered":    awaits,
	"has scheduled work done once":                     worksOnce,
}

func event(key string) state.Event {
	return state.Event{Key: key, Thread: slackThread, Person: "U1", Payload: `{"text":"a question"}`}
}

func claim(t testing.TB, s *state.Store, e state.Event) (state.Event, bool) {
	t.Helper()
	var won bool
	update(t, s, nil, func(tx *state.Tx) (err error) {
		e, won, err = tx.Claim(e)
		return err
	})
	return e, won
}

func adopt(t testing.TB, s *state.Store) (e state.Event, found bool) {
	t.Helper()
	update(t, s, nil, func(tx *state.Tx) (err error) {
		e, found, err = tx.Adopt()
		return err
	})
	return e, found
}

func awaits(t *testing.T, f *fixture) {
	awaited := func(th state.Thread) bool {
		waiting := read(t, f.Store, func(r *state.Reader) ([]state.Event, error) { return r.Waiting(th) })
		return len(waiting) == 1 && waiting[0].Key == "1" && waiting[0].Payload != ""
	}
	e, _ := claim(t, f.Store, event("1"))
	if !awaited(slackThread) || awaited(otherThread) || awaited(teamsThread) {
		t.Error("want the thread of the event, and no other")
	}
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Finish(e) })
	if awaited(slackThread) {
		t.Error("the event is done")
	}
}

func claimsOnce(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{}), f.Open(t, state.Options{})}
	const keys = 20
	var wins [keys]atomic.Int32
	atOnce(12, func(i int) {
		for k := range keys {
			if _, won := claim(t, replicas[i%len(replicas)], event(fmt.Sprint(k))); won {
				wins[k].Add(1)
			}
		}
	})
	for k := range wins {
		if n := wins[k].Load(); n != 1 {
			t.Errorf("event %d was claimed %d times", k, n)
		}
	}
	update(t, f.Store, nil, func(tx *state.Tx) error {
		for _, want := range []bool{true, false} {
			if _, won, err := tx.Claim(event("twice in one transaction")); err != nil || won != want {
				t.Errorf("claimed %t, want %t: %v", won, want, err)
			}
		}
		return nil
	})
}

func undoesClaims(t *testing.T, f *fixture) {
	undo := errors.New("undo")
	update(t, f.Store, undo, func(tx *state.Tx) error {
		if _, won, err := tx.Claim(event("k")); err != nil || !won {
			t.Errorf("claimed %t: %v", won, err)
		}
		if won, err := tx.Once("k"); err != nil || !won {
			t.Errorf("once %t: %v", won, err)
		}
		return undo
	})
	update(t, f.Open(t, state.Options{}), nil, func(tx *state.Tx) error {
		if _, won, err := tx.Claim(event("k")); err != nil || !won {
			t.Errorf("claimed %t: %v", won, err)
		}
		if won, err := tx.Once("k"); err != nil || !won {
			t.Errorf("once %t: %v", won, err)
		}
		return nil
	})
}

func letsKeysGo(t *testing.T, f *fixture) {
	s := f.Open(t, state.Options{Retention: state.Retention{Events: 7 * 24 * time.Hour}})
	e, _ := claim(t, s, event("k"))
	update(t, s, nil, func(tx *state.Tx) error { return tx.Finish(e) })
	f.Advance(t, 7*24*time.Hour-time.Microsecond)
	if _, won := claim(t, s, event("k")); won {
		t.Error("the key is let go too early")
	}
	f.Advance(t, time.Microsecond)
	if e, won := claim(t, s, event("k")); !won || e.Attempt != 1 {
		t.Errorf("claimed %t as attempt %d, want the first of a new event", won, e.Attempt)
	}
}

func keepsKeys(t *testing.T, f *fixture) {
	e, _ := claim(t, f.Store, event("k"))
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Finish(e) })
	f.Advance(t, 50*365*24*time.Hour)
	if _, err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, won := claim(t, f.Store, event("k")); won {
		t.Error("the key is let go")
	}
}

func adopts(t *testing.T, f *fixture) {
	dying, other := f.Open(t, state.Options{Work: time.Minute}), f.Open(t, state.Options{Work: time.Minute})
	first, _ := claim(t, dying, event("k"))
	f.Advance(t, time.Minute-time.Microsecond)
	if _, found := adopt(t, other); found {
		t.Fatal("an event is handed on while its claim holds")
	}
	f.Advance(t, time.Microsecond)
	second, found := adopt(t, other)
	if !found || second.Key != "k" || second.Thread != slackThread || second.Person != "U1" || second.Payload != first.Payload || second.Attempt != 2 {
		t.Fatalf("%t, %+v", found, second)
	}
	if _, won := claim(t, other, event("k")); won {
		t.Error("the platform's repetition is a new event")
	}
	// The former replica was only slow. What it writes now is not kept.
	update(t, dying, state.ErrTaken, func(tx *state.Tx) error {
		if err := tx.Append(slackThread, turn("m", "U1", "late")); err != nil {
			return err
		}
		return tx.Finish(first)
	})
	update(t, other, nil, func(tx *state.Tx) error {
		if err := tx.Append(slackThread, turn("m", "U1", "in time")); err != nil {
			return err
		}
		return tx.Finish(second)
	})
	update(t, dying, state.ErrTaken, func(tx *state.Tx) error { return tx.Finish(first) })
	equal(t, "turns", texts(read(t, f.Store, func(r *state.Reader) ([]state.Turn, error) { return r.Turns(slackThread) })), []string{"in time"})
}

func adoptsNothingDone(t *testing.T, f *fixture) {
	slow, _ := claim(t, f.Store, event("slow"))
	f.Advance(t, time.Hour)
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Finish(slow) }) // none has taken it
	update(t, f.Store, nil, func(tx *state.Tx) error {
		e, _, err := tx.Claim(event("at once"))
		if err != nil {
			return err
		}
		return tx.Finish(e)
	})
	f.Advance(t, time.Hour)
	if e, found := adopt(t, f.Store); found {
		t.Errorf("%q is handed on", e.Key)
	}
}

func stopsAdopting(t *testing.T, f *fixture) {
	s := f.Open(t, state.Options{Attempts: 3})
	claim(t, s, event("k"))
	for attempt := 2; attempt <= 3; attempt++ {
		f.Advance(t, time.Hour)
		if e, found := adopt(t, s); !found || e.Attempt != attempt {
			t.Fatalf("attempt %d: %t, %+v", attempt, found, e)
		}
	}
	f.Advance(t, time.Hour)
	if _, found := adopt(t, s); found {
		t.Error("tried a fourth time of three")
	}
}

func forgetsPayloads(t *testing.T, f *fixture) {
	e := event("k")
	e.Payload = `{"text":"zirconium"}`
	e, _ = claim(t, f.Store, e)
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Finish(e) })
	var payload string
	if err := f.DB.SQL.QueryRowContext(t.Context(), `SELECT payload FROM events`).Scan(&payload); err != nil || payload != "" {
		t.Errorf("the payload is %q: %v", payload, err)
	}
}

func worksOnce(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{})}
	var wins atomic.Int32
	atOnce(8, func(i int) {
		var won bool
		update(t, replicas[i%2], nil, func(tx *state.Tx) (err error) {
			won, err = tx.Once("digest C1 2026-11-25")
			return err
		})
		if won {
			wins.Add(1)
		}
	})
	if n := wins.Load(); n != 1 {
		t.Errorf("done %d times", n)
	}
	update(t, f.Store, nil, func(tx *state.Tx) error {
		for _, want := range []bool{true, false} {
			if won, err := tx.Once("digest C1 2026-11-26"); err != nil || won != want {
				t.Errorf("%t, want %t: %v", won, want, err)
			}
		}
		return nil
	})
}
