package slacktest

import (
	"sync"
	"time"
)

// clock is the server's time. It is the machine's, put forward by what it was advanced,
// or stands still in between if it was given a time.
type clock struct {
	mu     sync.Mutex
	stands bool
	at     time.Time     // where it stands
	ahead  time.Duration // of the machine's
	timers map[*timer]struct{}
}

// timer closes due once its time has come.
type timer struct {
	at   time.Time
	due  chan struct{}
	wake *time.Timer // nil where the clock stands
}

func newClock(at time.Time) *clock {
	return &clock{stands: !at.IsZero(), at: at, timers: map[*timer]struct{}{}}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *clock) read() time.Time {
	if c.stands {
		return c.at
	}
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	c.at, c.ahead = c.at.Add(d), c.ahead+d
	c.mu.Unlock()
	c.fire()
}

// after is a timer that is due in d; stop frees it.
func (c *clock) after(d time.Duration) (due <-chan struct{}, stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.read().Add(d), due: make(chan struct{})}
	if d <= 0 {
		close(t.due)
		return t.due, func() {}
	}
	if !c.stands {
		t.wake = time.AfterFunc(d, c.fire)
	}
	c.timers[t] = struct{}{}
	return t.due, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.drop(t)
	}
}

func (c *clock) drop(t *timer) {
	delete(c.timers, t)
	if t.wake != nil {
		t.wake.Stop()
	}
}

// fire ends the timers whose time has come and sets the others anew.
func (c *clock) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.timers {
		left := t.at.Sub(c.read())
		switch {
		case left <= 0:
			c.drop(t)
			close(t.due)
		case t.wake != nil:
			t.wake.Reset(left)
		}
	}
}
