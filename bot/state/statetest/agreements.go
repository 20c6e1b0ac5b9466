package statetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"kakehashi/bot/state"
)

var agreementTests = map[string]func(*testing.T, *fixture){
	"gives a lease to one replica":                 leasesOne,
	"renews no lease that another has taken":       renews,
	"frees a lease that is released":               releases,
	"fences with numbers that only rise":           fences,
	"keeps its promises when the clock jumps":      jumps,
	"moves a cursor on if none else has":           movesCursors,
	"moves a cursor on for one of many replicas":   movesOnce,
	"keeps all of a cursor":                        keepsCursors,
	"reads what one transaction has left, not two": readsOneMoment,
}

const term = time.Minute

func acquire(t testing.TB, s *state.Store, name, holder string) (l state.Lease, got bool) {
	t.Helper()
	update(t, s, nil, func(tx *state.Tx) (err error) {
		l, got, err = tx.Acquire(name, holder, term)
		return err
	})
	return l, got
}

func renew(t testing.TB, s *state.Store, want error, l state.Lease) {
	t.Helper()
	update(t, s, want, func(tx *state.Tx) error { return tx.Renew(l, term) })
}

func leasesOne(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{}), f.Open(t, state.Options{})}
	for round := range 3 {
		var holders atomic.Int32
		atOnce(9, func(i int) {
			if l, got := acquire(t, replicas[i%3], "digest", fmt.Sprint(i)); got {
				holders.Add(1)
				if l.Fence != int64(round+1) || l.Name != "digest" || l.Holder != fmt.Sprint(i) {
					t.Errorf("%+v in round %d", l, round)
				}
			}
		})
		if n := holders.Load(); n != 1 {
			t.Errorf("%d hold it", n)
		}
		f.Advance(t, term)
	}
	if _, got := acquire(t, f.Store, "another", "a"); !got {
		t.Error("one lease is in the way of another")
	}
}

func renews(t *testing.T, f *fixture) {
	other := f.Open(t, state.Options{})
	l, _ := acquire(t, f.Store, "digest", "a")
	f.Advance(t, term-time.Microsecond)
	renew(t, f.Store, nil, l)
	f.Advance(t, term-time.Microsecond)
	if _, got := acquire(t, other, "digest", "b"); got {
		t.Fatal("taken while it holds")
	}
	f.Advance(t, time.Hour)
	renew(t, f.Store, nil, l) // it has run out, and no one has taken it
	if _, got := acquire(t, other, "digest", "b"); got {
		t.Fatal("taken while it holds again")
	}
	f.Advance(t, term)
	second, got := acquire(t, other, "digest", "b")
	if !got || second.Fence <= l.Fence {
		t.Fatalf("%t, %+v", got, second)
	}
	renew(t, f.Store, state.ErrTaken, l)
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Release(l) })
	renew(t, other, nil, second) // what a former holder releases is not this
	// What a former holder was going to write with its renewal is not kept.
	update(t, f.Store, state.ErrTaken, func(tx *state.Tx) error {
		if err := tx.Append(slackThread, turn("m", "U1", "late")); err != nil {
			return err
		}
		return tx.Renew(l, term)
	})
	if turns := turnsOf(t, f.Store, slackThread); len(turns) > 0 {
		t.Errorf("%+v", turns)
	}
	renew(t, f.Store, state.ErrTaken, state.Lease{Name: "unknown", Fence: 1})
}

func releases(t *testing.T, f *fixture) {
	l, _ := acquire(t, f.Store, "digest", "a")
	if _, got := acquire(t, f.Store, "digest", "a"); got {
		t.Error("the same holder holds it twice")
	}
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Release(l) })
	if second, got := acquire(t, f.Open(t, state.Options{}), "digest", "b"); !got || second.Fence != l.Fence+1 {
		t.Errorf("%t, %+v", got, second)
	}
}

func fences(t *testing.T, f *fixture) {
	last := int64(0)
	for n := range 20 {
		l, got := acquire(t, f.Store, "digest", "a")
		if !got || l.Fence <= last {
			t.Fatalf("%t: %d behind %d", got, l.Fence, last)
		}
		last = l.Fence
		if n%2 == 0 {
			f.Advance(t, term)
			continue
		}
		update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Release(l) })
	}
}

// jumps sets the clock that decides a day on, and back again, and an hour as summer time
// would if it were not UTC.
func jumps(t *testing.T, f *fixture) {
	for _, jump := range []time.Duration{24 * time.Hour, -24 * time.Hour, time.Hour, -time.Hour} {
		name := jump.String()
		s, other := f.Open(t, state.Options{Retention: state.DefaultRetention()}), f.Open(t, state.Options{Retention: state.DefaultRetention()})
		th := slackThread
		th.ID = name
		done, _ := claim(t, s, event("done "+name))
		update(t, s, nil, func(tx *state.Tx) error { return tx.Finish(done) })
		open, _ := claim(t, s, event("open "+name))
		l, _ := acquire(t, s, name, "a")
		enqueue(t, s, delivery(name, th))
		p := &Platform{}
		dies(t, s, p)
		p.After = nil

		f.Advance(t, jump)

		for _, key := range []string{"done " + name, "open " + name} {
			if _, won := claim(t, other, event(key)); won {
				t.Errorf("%s: %s is claimed twice", name, key)
			}
		}
		taken, got := acquire(t, other, name, "b")
		if got != (jump > 0) {
			t.Errorf("%s: the lease is taken: %t", name, got)
		}
		if got {
			renew(t, s, state.ErrTaken, l)
			renew(t, other, nil, taken)
		} else {
			renew(t, s, nil, l)
			f.Advance(t, term) // it is over by the clock as it goes now
			if _, got := acquire(t, other, name, "b"); !got {
				t.Errorf("%s: the lease is stuck", name)
			}
			f.Advance(t, -term)
		}
		adopted, got := adopt(t, other)
		if got != (jump > 0) {
			t.Errorf("%s: the event is handed on: %t", name, got)
		}
		if want := map[bool]error{true: state.ErrTaken}[got]; true {
			update(t, s, want, func(tx *state.Tx) error { return tx.Finish(open) })
		}
		if got {
			update(t, other, nil, func(tx *state.Tx) error { return tx.Finish(adopted) })
		}
		deliverAll(t, other, p)
		f.Advance(t, 25*time.Hour)
		deliverAll(t, other, p)
		equal(t, name+": posts", p.Posts(), []string{name})
		is(t, s, name, state.Posted, 2, "")
	}
}

func cursorOf(t testing.TB, s *state.Store, source string) state.Cursor {
	t.Helper()
	return read(t, s, func(r *state.Reader) (state.Cursor, error) { return r.Cursor(source) })
}

func movesCursors(t *testing.T, f *fixture) {
	c := cursorOf(t, f.Store, "https://example.org/feed")
	if c.Version != 0 {
		t.Fatalf("%+v", c)
	}
	for n := range 3 {
		c.Position = fmt.Sprint(n)
		update(t, f.Store, nil, func(tx *state.Tx) error { return tx.SetCursor(c) })
		update(t, f.Store, state.ErrConflict, func(tx *state.Tx) error { return tx.SetCursor(c) })
		c = cursorOf(t, f.Store, c.Source)
		if c.Position != fmt.Sprint(n) || c.Version != int64(n+1) {
			t.Errorf("%+v", c)
		}
	}
	c.Source, c.Version = "never read", 3
	update(t, f.Store, state.ErrConflict, func(tx *state.Tx) error { return tx.SetCursor(c) })
}

func movesOnce(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{})}
	for range 3 {
		c := cursorOf(t, f.Store, "feed")
		var moved atomic.Int32
		atOnce(6, func(i int) {
			switch err := replicas[i%2].Update(t.Context(), func(tx *state.Tx) error { return tx.SetCursor(c) }); err {
			case nil:
				moved.Add(1)
			case state.ErrConflict:
			default:
				t.Error(err)
			}
		})
		if n := moved.Load(); n != 1 {
			t.Errorf("moved on %d times", n)
		}
	}
}

func keepsCursors(t *testing.T, f *fixture) {
	want := state.Cursor{Source: "feed", Position: "p", ETag: `W/"x"`, LastModified: "Sun, 08 Mar 2026 12:00:00 GMT", Success: noon, Error: "503"}
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.SetCursor(want) })
	want.Version = 1
	if got := cursorOf(t, f.Store, "feed"); got != want {
		t.Errorf("%+v; want %+v", got, want)
	}
}

// readsOneMoment writes two threads in one transaction, again and again, and never sees
// one without the other.
func readsOneMoment(t *testing.T, f *fixture) {
	writer := f.Open(t, state.Options{})
	atOnce(2, func(i int) {
		for n := range 30 {
			if i == 0 {
				update(t, writer, nil, func(tx *state.Tx) error {
					if err := tx.Append(slackThread, turn(fmt.Sprint(n), "U1", "a")); err != nil {
						return err
					}
					return tx.Append(otherThread, turn(fmt.Sprint(n), "U1", "a"))
				})
				continue
			}
			var first, second []state.Turn
			if err := f.View(t.Context(), func(r *state.Reader) (err error) {
				if first, err = r.Turns(slackThread); err != nil {
					return err
				}
				second, err = r.Turns(otherThread)
				return err
			}); err != nil || len(first) != len(second) {
				t.Errorf("%d and %d turns: %v", len(first), len(second), err)
			}
		}
	})
}
