package conversation

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"kakehashi/bot/state"
)

// claims writes the events that come at the same time down in one transaction, as most of
// what one costs is the wait for the disk. Who comes while none is being written begins
// one; who comes meanwhile waits and is taken together with the others by the next.
type claims struct {
	store *state.Store

	mutex   sync.Mutex
	writing bool
	waiting []*claim
}

// claim is one event on its way.
type claim struct {
	event state.Event
	next  chan struct{} // closed when it is its turn to write for all
	done  chan struct{} // closed when it is written, or cannot be
	fresh bool
	err   error
}

// claimPatience bounds the wait for the database: Slack and Teams send again what is not
// acknowledged within seconds.
const claimPatience = 10 * time.Second

// take claims an event, as state.Tx.Claim does.
func (c *claims) take(ctx context.Context, e state.Event) (state.Event, bool, error) {
	own := &claim{event: e, next: make(chan struct{}), done: make(chan struct{})}
	c.mutex.Lock()
	c.waiting = append(c.waiting, own)
	if !c.writing {
		c.writing = true
		close(own.next)
	}
	c.mutex.Unlock()
	// No one leaves before, or nobody would write for those who wait.
	select {
	case <-own.next:
		c.write(context.WithoutCancel(ctx))
	case <-own.done:
	}
	return own.event, own.fresh, own.err
}

// write writes all that waits, and hands on to the first of those who have come since.
func (c *claims) write(ctx context.Context) {
	c.mutex.Lock()
	all := c.waiting
	c.waiting = nil
	c.mutex.Unlock()
	ctx, cancel := context.WithTimeout(ctx, claimPatience)
	defer cancel()
	err := c.store.Update(ctx, func(tx *state.Tx) error {
		for _, one := range all {
			event, fresh, err := tx.Claim(one.event)
			var input *state.InputError
			if errors.As(err, &input) {
				one.err = err // of this one alone
				continue
			}
			if err != nil {
				return err
			}
			if one.fresh = fresh; fresh {
				one.event = event
			}
		}
		return nil
	})
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, one := range all {
		one.err = cmp.Or(one.err, err)
		close(one.done)
	}
	if c.writing = len(c.waiting) > 0; c.writing {
		close(c.waiting[0].next)
	}
}
