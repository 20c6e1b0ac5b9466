package statetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"kakehashi/bot/state"
)

var outboxTests = map[string]func(*testing.T, *fixture){
	"posts a delivery with all that it has":          postsWhole,
	"posts what has the same key once":               enqueuesOnce,
	"posts a thread in its order":                    postsInOrder,
	"lets no thread wait for another":                postsAside,
	"waits for as long as the platform says":         waits,
	"waits longer with every attempt":                backsOff,
	"gives up for good where the platform refuses":   fails,
	"gives up after so many attempts":                failsAfterAttempts,
	"looks before it posts again":                    looksFirst,
	"looks no more than it must":                     looksOnce,
	"looks for what a dead replica may have posted":  looksForTheDead,
	"looks for as long as it cannot":                 looksInVain,
	"does not post again what a purge has cancelled": cancels,
	"leaves a delivery to who has taken it on":       settlesOwn,
	"posts with all replicas and loses nothing":      postsTogether,
	"runs until it is told to stop":                  runs,
}

func delivery(key string, th state.Thread) state.Delivery {
	return state.Delivery{Key: key, Thread: th, Payload: json.RawMessage(`{}`)}
}

func enqueue(t testing.TB, s *state.Store, deliveries ...state.Delivery) {
	t.Helper()
	update(t, s, nil, func(tx *state.Tx) error {
		for _, d := range deliveries {
			if err := tx.Enqueue(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// deliverAll posts what is due.
func deliverAll(t testing.TB, s *state.Store, p state.Poster) {
	t.Helper()
	for {
		worked, err := s.Deliver(t.Context(), p)
		if err != nil {
			t.Error(err)
		}
		if err != nil || !worked {
			return
		}
	}
}

func deliveryOf(t testing.TB, s *state.Store, key string) state.Delivery {
	t.Helper()
	return read(t, s, func(r *state.Reader) (state.Delivery, error) { return r.Delivery(key) })
}

// is expects a delivery to have come so far.
func is(t testing.TB, s *state.Store, key string, want state.DeliveryState, attempt int, reason string) {
	t.Helper()
	if d := deliveryOf(t, s, key); d.State != want || d.Attempt != attempt || d.Reason != reason {
		t.Errorf("%s is %s after %d attempts, %q; want %s after %d, %q", key, d.State, d.Attempt, d.Reason, want, attempt, reason)
	}
}

func postsWhole(t *testing.T, f *fixture) {
	want := state.Delivery{Key: "k", Thread: teamsThread, Person: "U1", Answer: "A1", Payload: json.RawMessage(`{"text": "“秘密”"}`)}
	enqueue(t, f.Store, want)
	is(t, f.Store, "k", state.Pending, 0, "")
	p := &Platform{Before: func(_ context.Context, got state.Delivery) error {
		if got.Key != want.Key || got.Thread != want.Thread || got.Person != want.Person || got.Answer != want.Answer || string(got.Payload) != string(want.Payload) || got.Attempt != 1 {
			t.Errorf("%+v; want %+v", got, want)
		}
		is(t, f.Store, "k", state.Posting, 1, "")
		return nil
	}}
	deliverAll(t, f.Open(t, state.Options{}), p)
	is(t, f.Store, "k", state.Posted, 1, "")
	if d := deliveryOf(t, f.Store, "k"); d.Message != message("k") {
		t.Errorf("the message is %q", d.Message)
	}
	equal(t, "looked for", p.Looks(), nil)
	missing(t, f.Store, func(r *state.Reader) (state.Delivery, error) { return r.Delivery("other") })
}

func enqueuesOnce(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{})}
	p := &Platform{}
	atOnce(6, func(i int) { enqueue(t, replicas[i%2], delivery("k", slackThread)) })
	deliverAll(t, f.Store, p)
	enqueue(t, f.Store, delivery("k", otherThread), delivery("l", slackThread))
	deliverAll(t, f.Store, p)
	equal(t, "posts", p.Posts(), []string{"k", "l"})
}

func postsInOrder(t *testing.T, f *fixture) {
	var want []string
	for n := range 30 {
		want = append(want, fmt.Sprint(n))
		enqueue(t, f.Store, delivery(fmt.Sprint(n), slackThread))
	}
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{})}
	p := &Platform{}
	atOnce(4, func(i int) {
		for undelivered(t, f.Store) > 0 {
			deliverAll(t, replicas[i%2], p)
		}
	})
	equal(t, "posts", p.Posts(), want)
}

func undelivered(t testing.TB, s *state.Store) int64 {
	t.Helper()
	return read(t, s, func(r *state.Reader) (int64, error) { return r.Undelivered() })
}

func postsAside(t *testing.T, f *fixture) {
	enqueue(t, f.Store, delivery("1", slackThread), delivery("2", slackThread), delivery("3", otherThread))
	refused := true
	p := &Platform{Before: func(_ context.Context, d state.Delivery) error {
		if d.Key == "1" && refused {
			return &state.Refusal{Reason: "busy", After: time.Minute}
		}
		return nil
	}}
	deliverAll(t, f.Store, p)
	equal(t, "while the first waits", p.Posts(), []string{"3"})
	refused = false
	f.Advance(t, time.Minute)
	deliverAll(t, f.Store, p)
	equal(t, "thereafter", p.Posts(), []string{"3", "1", "2"})
}

// waits has a platform that is busy once more than a delivery may be tried.
func waits(t *testing.T, f *fixture) {
	s := f.Open(t, state.Options{Attempts: 1})
	enqueue(t, s, delivery("k", slackThread))
	tries := 0
	p := &Platform{Before: func(context.Context, state.Delivery) error {
		tries++
		if tries <= 2 {
			return fmt.Errorf("posting: %w", &state.Refusal{Reason: "busy", After: 17 * time.Second})
		}
		return nil
	}}
	deliverAll(t, s, p)
	f.Advance(t, 17*time.Second-time.Microsecond)
	deliverAll(t, s, p)
	if tries != 1 {
		t.Errorf("%d tries too early", tries)
	}
	f.Advance(t, time.Microsecond)
	deliverAll(t, s, p)
	is(t, s, "k", state.Pending, 0, "")
	f.Advance(t, 17*time.Second)
	deliverAll(t, s, p)
	is(t, s, "k", state.Posted, 1, "")
	equal(t, "looked for", p.Looks(), nil) // a refused message is not there
}

func backsOff(t *testing.T, f *fixture) {
	s := f.Open(t, state.Options{Backoff: func(attempt int) time.Duration { return time.Duration(attempt) * time.Second }})
	enqueue(t, s, delivery("k", slackThread))
	p := &Platform{Before: func(_ context.Context, d state.Delivery) error {
		if d.Attempt < 4 {
			return &state.Refusal{Reason: "busy"}
		}
		return nil
	}}
	deliverAll(t, s, p)
	for attempt := 1; attempt < 4; attempt++ {
		f.Advance(t, time.Duration(attempt)*time.Second-time.Microsecond)
		deliverAll(t, s, p)
		is(t, s, "k", state.Pending, attempt, "")
		f.Advance(t, time.Microsecond)
		deliverAll(t, s, p)
	}
	is(t, s, "k", state.Posted, 4, "")
}

func fails(t *testing.T, f *fixture) {
	enqueue(t, f.Store, delivery("1", slackThread), delivery("2", slackThread))
	p := &Platform{Before: func(_ context.Context, d state.Delivery) error {
		if d.Key == "1" {
			return &state.Refusal{Reason: "channel_not_found", Permanent: true}
		}
		return nil
	}}
	deliverAll(t, f.Store, p)
	is(t, f.Store, "1", state.Failed, 1, "channel_not_found")
	equal(t, "posts", p.Posts(), []string{"2"}) // what has failed holds up nothing
	enqueue(t, f.Store, delivery("1", slackThread))
	deliverAll(t, f.Store, p)
	is(t, f.Store, "1", state.Failed, 1, "channel_not_found")
}

func failsAfterAttempts(t *testing.T, f *fixture) {
	s := f.Open(t, state.Options{Attempts: 3})
	enqueue(t, s, delivery("refused", slackThread), delivery("silent", otherThread))
	p := &Platform{Before: func(_ context.Context, d state.Delivery) error {
		if d.Key == "refused" {
			return &state.Refusal{Reason: "busy"}
		}
		return errors.New("no answer")
	}}
	for range 6 {
		deliverAll(t, s, p)
		f.Advance(t, time.Hour)
	}
	is(t, s, "refused", state.Failed, 3, "busy")
	is(t, s, "silent", state.Failed, 4, "tried too often") // the last attempt only looks
	equal(t, "looks", p.Looks(), []string{"silent", "silent", "silent"})
}

func looksFirst(t *testing.T, f *fixture) {
	enqueue(t, f.Store, delivery("arrived", slackThread), delivery("lost", otherThread))
	broken := errors.New("the connection broke off")
	p := &Platform{
		Before: func(_ context.Context, d state.Delivery) error {
			if d.Key == "lost" && d.Attempt == 1 {
				return broken
			}
			return nil
		},
		After: func(_ context.Context, d state.Delivery) error {
			if d.Key == "arrived" {
				return broken
			}
			return nil
		},
	}
	deliverAll(t, f.Store, p)
	// It may be under way still, and would not be found.
	f.Advance(t, 29*time.Second)
	deliverAll(t, f.Store, p)
	equal(t, "looked for too early", p.Looks(), nil)
	f.Advance(t, time.Second)
	deliverAll(t, f.Store, p)
	if posts := p.Posts(); count(posts, "arrived") != 1 || count(posts, "lost") != 1 {
		t.Errorf("posts: %q", posts)
	}
	for _, key := range []string{"arrived", "lost"} {
		is(t, f.Store, key, state.Posted, 2, "")
		if d := deliveryOf(t, f.Store, key); d.Message != message(key) {
			t.Errorf("the message is %q", d.Message)
		}
	}
}

// dies stops a worker in the middle of a post, before it can write anything down.
func dies(t testing.TB, s *state.Store, p *Platform) {
	t.Helper()
	defer func() { _ = recover() }()
	die := func(context.Context, state.Delivery) error { panic("dies") }
	dying := &Platform{Before: die}
	if p != nil {
		dying = p
		p.After = die
	}
	_, err := s.Deliver(t.Context(), dying)
	t.Errorf("it lives: %v", err)
}

func looksForTheDead(t *testing.T, f *fixture) {
	s, other := f.Open(t, state.Options{Post: time.Minute}), f.Open(t, state.Options{Post: time.Minute})
	enqueue(t, s, delivery("arrived", slackThread))
	p := &Platform{}
	dies(t, s, p)
	p.After = nil
	enqueue(t, s, delivery("next", slackThread), delivery("never sent", otherThread))
	dies(t, s, nil)
	f.Advance(t, time.Minute-time.Microsecond)
	deliverAll(t, other, p)
	equal(t, "while the claims hold", p.Posts(), []string{"arrived"})
	f.Advance(t, time.Microsecond)
	deliverAll(t, other, p)
	if posts := p.Posts(); len(posts) != 3 || count(posts, "never sent") != 1 || !inOrder(posts, []string{"arrived", "next"}) {
		t.Errorf("posts: %q", posts)
	}
	looks := p.Looks()
	slices.Sort(looks)
	equal(t, "looked for", looks, []string{"arrived", "never sent"})
}

func looksInVain(t *testing.T, f *fixture) {
	s := f.Open(t, state.Options{Attempts: 2})
	enqueue(t, s, delivery("k", slackThread))
	p := &Platform{Seek: func(context.Context, state.Delivery) error { return errors.New("no answer") }}
	dies(t, s, p)
	p.After = nil
	for range 4 {
		f.Advance(t, time.Hour)
		deliverAll(t, s, p)
	}
	equal(t, "posts", p.Posts(), []string{"k"})
	is(t, s, "k", state.Failed, 3, "tried too often, and whether it was posted cannot be found out")
}

func cancels(t *testing.T, f *fixture) {
	d := delivery("k", slackThread)
	d.Person = "U1"
	enqueue(t, f.Store, d)
	p := &Platform{After: func(ctx context.Context, _ state.Delivery) error {
		if _, err := f.Purge(ctx, state.PurgeRequest{User: "U1"}); err != nil {
			t.Error(err)
		}
		return errors.New("no answer")
	}}
	deliverAll(t, f.Store, p)
	f.Advance(t, time.Hour)
	deliverAll(t, f.Store, p)
	equal(t, "posts", p.Posts(), []string{"k"})
	missing(t, f.Store, func(r *state.Reader) (state.Delivery, error) { return r.Delivery("k") })
}

func settlesOwn(t *testing.T, f *fixture) {
	other := f.Open(t, state.Options{})
	enqueue(t, f.Store, delivery("k", slackThread))
	p := &Platform{}
	p.After = func(context.Context, state.Delivery) error {
		// The claim runs out, another replica finds the message, and only then is the first refused.
		f.Advance(t, time.Hour)
		deliverAll(t, other, p)
		return &state.Refusal{Reason: "too late", Permanent: true}
	}
	deliverAll(t, f.Store, p)
	is(t, f.Store, "k", state.Posted, 2, "")
	equal(t, "posts", p.Posts(), []string{"k"})

	enqueue(t, f.Store, delivery("l", slackThread))
	p.After = func(context.Context, state.Delivery) error {
		f.Advance(t, time.Hour)
		dies(t, other, nil) // while it has the delivery
		return &state.Refusal{Reason: "too late", Permanent: true}
	}
	deliverAll(t, f.Store, p)
	is(t, f.Store, "l", state.Posting, 2, "")
	f.Advance(t, time.Hour)
	deliverAll(t, f.Store, p)
	is(t, f.Store, "l", state.Posted, 3, "")
	equal(t, "posts", p.Posts(), []string{"k", "l"})
}

// looksOnce has a message lost, then refused, then taken: that it is not there is known
// after one look.
func looksOnce(t *testing.T, f *fixture) {
	enqueue(t, f.Store, delivery("k", slackThread))
	p := &Platform{Before: func(_ context.Context, d state.Delivery) error {
		return map[int]error{1: errors.New("no answer"), 2: &state.Refusal{Reason: "busy"}}[d.Attempt]
	}}
	for range 3 {
		deliverAll(t, f.Store, p)
		f.Advance(t, time.Hour)
	}
	equal(t, "looks", p.Looks(), []string{"k"})
	is(t, f.Store, "k", state.Posted, 3, "")
}

// postsTogether has several replicas post what is enqueued meanwhile, on a platform that
// refuses, and falls silent before and after a message has arrived.
func postsTogether(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{}), f.Open(t, state.Options{})}
	const threads, each = 5, 8
	// What happens to an attempt depends on its key and number alone.
	trouble := func(d state.Delivery) int { return (int(d.Key[0]) + int(d.Key[2])*3 + d.Attempt*5) % 7 }
	silent := errors.New("no answer")
	p := &Platform{
		Before: func(_ context.Context, d state.Delivery) error {
			switch trouble(d) {
			case 0:
				return &state.Refusal{Reason: "busy"}
			case 1:
				return silent
			}
			return nil
		},
		After: func(_ context.Context, d state.Delivery) error {
			if trouble(d) == 2 {
				return silent
			}
			return nil
		},
	}
	var want [threads][]string
	for i := range threads {
		for n := range each {
			want[i] = append(want[i], fmt.Sprintf("%d.%d", i, n))
		}
	}
	for first := true; first || undelivered(t, f.Store) > 0; first = false {
		atOnce(threads+2*len(replicas), func(i int) {
			if i >= threads {
				deliverAll(t, replicas[i%len(replicas)], p)
				return
			}
			th := slackThread
			th.ID = fmt.Sprint(i)
			for _, key := range want[i] {
				enqueue(t, replicas[i%len(replicas)], delivery(key, th))
			}
		})
		f.Advance(t, 10*time.Minute)
		if t.Failed() {
			return
		}
	}
	posts := p.Posts()
	if len(posts) != threads*each {
		t.Errorf("%d posts of %d deliveries", len(posts), threads*each)
	}
	for _, keys := range want {
		if !inOrder(posts, keys) {
			t.Errorf("lost, doubled or out of order: %q in %q", keys, posts)
		}
	}
}

// runs has workers post what comes while they run.
func runs(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Open(t, state.Options{Poll: time.Millisecond}), f.Open(t, state.Options{Poll: time.Millisecond})}
	arrived := make(chan string)
	p := &Platform{After: func(_ context.Context, d state.Delivery) error {
		arrived <- d.Key
		return nil
	}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		atOnce(len(replicas), func(i int) { replicas[i].Run(ctx, p, 2) })
	}()
	for n := range 10 {
		enqueue(t, f.Store, delivery(fmt.Sprint(n), slackThread))
		if got := <-arrived; got != fmt.Sprint(n) {
			t.Errorf("%s arrives in place of %d", got, n)
		}
	}
	stop()
	<-ended
	// Who is told to stop has written down what was posted.
	if n := undelivered(t, f.Store); n > 0 {
		t.Errorf("%d are not delivered", n)
	}
}
