package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Poster posts on a platform. Its methods end when the context does.
//
// A database gives one claim, and no more than that: a process may die between the post
// and its record. So a delivery that may have been posted is looked for first, and Find
// must find it by something that Post has put into it, such as its key.
type Poster interface {
	// Post returns the platform's id of the message. After a *Refusal the message is
	// known not to be there; after any other error it may be.
	Post(context.Context, Delivery) (message string, err error)
	// Find reports whether an earlier Post has got through.
	Find(context.Context, Delivery) (message string, found bool, err error)
}

// Refusal is the error of a platform that has refused a message.
type Refusal struct {
	Reason    string        // in the platform's words, without the message's text; it is kept
	Permanent bool          // there is no use in trying again
	After     time.Duration // wait that long before trying again, which then counts as no attempt; zero for Options.Backoff
}

func (r *Refusal) Error() string { return "the platform has refused the message: " + r.Reason }

// Why a delivery has failed where no platform says so.
const (
	reasonTries   = "tried too often"
	reasonUnknown = "tried too often, and whether it was posted cannot be found out"
)

// Deliver posts one delivery that is due, and reports whether there was one. What the
// Poster meets is written to the delivery; the error is the database's.
func (s *Store) Deliver(ctx context.Context, p Poster) (bool, error) {
	// A post that may still be under way must not be looked for: it would not be found,
	// and then come a second time. Half of the claim is for it to arrive.
	posting, cancel := context.WithTimeout(ctx, s.options.Post/2)
	defer cancel()
	var d Delivery
	var found bool
	if err := s.Update(ctx, func(t *Tx) (err error) {
		d, found, err = t.claim()
		return err
	}); err != nil || !found {
		return false, err
	}
	to := s.post(posting, p, d)
	// Who is told to stop still writes down what is posted.
	err := s.Update(context.WithoutCancel(ctx), func(t *Tx) error { return t.settle(d, to) })
	return true, err
}

// post makes an attempt.
func (s *Store) post(ctx context.Context, p Poster, d Delivery) settling {
	again := settling{state: Pending, look: d.look, wait: s.options.Backoff(d.Attempt).Microseconds()}
	if ctx.Err() != nil { // the claim took so long that there is no time to post
		again.untried = 1
		return again
	}
	last := d.Attempt > s.options.Attempts // an attempt that only looks
	if d.look {
		message, found, err := p.Find(ctx, d)
		switch {
		case err != nil && last:
			return settling{state: Failed, reason: reasonUnknown}
		case err != nil:
			return again
		case found:
			return settling{state: Posted, id: message}
		}
	}
	if last {
		return settling{state: Failed, reason: reasonTries}
	}
	message, err := p.Post(ctx, d)
	var refused *Refusal
	switch {
	case err == nil:
		return settling{state: Posted, id: message}
	case !errors.As(err, &refused):
		again.look = true
		again.wait = max(again.wait, (s.options.Post / 2).Microseconds())
		return again
	case refused.Permanent || refused.After == 0 && d.Attempt == s.options.Attempts:
		return settling{state: Failed, reason: refused.Reason}
	}
	again.look = false
	if refused.After > 0 { // nothing is wrong with it
		again.wait, again.untried = refused.After.Microseconds(), 1
	}
	return again
}

// Run posts what is in the outbox, by several workers, until the context ends. A
// database that is away is waited for.
func (s *Store) Run(ctx context.Context, p Poster, workers int) {
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for ctx.Err() == nil {
				worked, err := s.Deliver(ctx, p)
				if err != nil && ctx.Err() == nil {
					slog.WarnContext(ctx, "the outbox waits", "error", err)
				}
				if worked && err == nil {
					s.nudge() // there may be more than one worker can do
					continue
				}
				pause(ctx, s.options.Poll, s.wake)
			}
		})
	}
	group.Wait()
}

// nudge wakes a worker of Run.
func (s *Store) nudge() {
	select {
	case s.wake <- struct{}{}:
	default: // one is on its way
	}
}

const selectOpen = `SELECT count(*) FROM deliveries WHERE finished = 0`

// Undelivered counts what is in the outbox still.
func (r *Reader) Undelivered() (int64, error) {
	var n int64
	if err := r.met(r.sql.QueryRowContext(r.Context(), selectOpen).Scan(&n)); err != nil {
		return 0, fmt.Errorf("counting the outbox: %w", err)
	}
	return n, nil
}
