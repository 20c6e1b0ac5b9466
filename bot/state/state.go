// Package state is what the bot remembers: events it has seen, threads, answers with
// their evidence, deliveries, subscriptions, and what replicas agree upon. It keeps all
// of it in one database, Postgres or SQLite, and behaves alike on both: statetest
// decides. Adapters, the digest and the recall are built on it.
//
// It must never store text that is marked as controlled or classified, and never put a
// person's text into an error or a log. guard stops such text before; the methods that
// take people's text look once more.
//
// # Once, whatever breaks
//
// Every write has a key or is a claim, so it may be repeated. Update and View repeat
// what a broken connection, a restarting server or a fail-over has interrupted, a commit
// whose answer was lost among it, until the context ends (Options.Patience).
//
// # Clocks
//
// Whether a claim, a lease or a key is over is decided by one clock: on Postgres the
// server's, whatever the replicas' clocks show; on SQLite the machine's, which all who
// open the file share. If that one jumps ahead, claims and leases end early: then a
// fence or the key of the claim stops the former holder, and a delivery is looked for
// before it is posted. If it jumps back they last longer by as much, and nothing is done
// twice. Summer time does not matter: all times are kept in UTC. How long a post may
// take is measured by the process and needs no clock.
package state

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"math"
	"time"

	"kakehashi/database"
)

// Store keeps the state in a database. It is safe for concurrent use, and any number of
// Stores may share a database on Postgres.
type Store struct {
	db      *database.DB
	options Options
	wake    chan struct{} // something has been enqueued here
}

// Options are what an installation sets. A zero value stands for the default.
type Options struct {
	Retention   Retention
	Work        time.Duration                   // how long a claimed event is its replica's own; 5 minutes
	Post        time.Duration                   // how long a claimed delivery is; half of it may pass in posting; 1 minute
	Attempts    int                             // how often an event or a delivery is tried; 8
	Backoff     func(attempt int) time.Duration // before attempt+1 of a delivery; from 2 seconds to 5 minutes
	Patience    time.Duration                   // how long the database, or a connection to it, is waited for where the context has no deadline; 30 seconds
	Poll        time.Duration                   // how often Run looks for what other replicas have enqueued; 1 second
	MachineTime func() time.Time                // the clock of SQLite, never asked on Postgres; time.Now
}

// Retention is how long things are kept. Zero keeps them.
type Retention struct {
	Events     time.Duration // keys of events; Slack repeats one for an hour
	Once       time.Duration // keys of work that is done once
	Turns      time.Duration
	Answers    time.Duration // the texts of answers, questions and evidence; their hashes stay
	Deliveries time.Duration // after they are posted or have failed
}

const day = 24 * time.Hour

// DefaultRetention keeps what people have written, and lets go what only orders work.
func DefaultRetention() Retention {
	return Retention{Events: 7 * day, Once: 400 * day, Deliveries: 30 * day}
}

// Errors that a caller decides on.
var (
	ErrMarked   = errors.New("the text carries a marking of controlled or classified information and is not stored")
	ErrNotFound = errors.New("there is no such thing in the database")
	ErrTaken    = errors.New("another replica has taken it over")
	ErrConflict = errors.New("it has been changed meanwhile; read it again")
)

// Open is a Store on a database whose tables are those of this program; else it says
// what to do. It waits for a database that is away as Update does.
func Open(ctx context.Context, db *database.DB, o Options) (*Store, error) {
	o.Work = cmp.Or(o.Work, 5*time.Minute)
	o.Post = cmp.Or(o.Post, time.Minute)
	o.Attempts = cmp.Or(o.Attempts, 8)
	o.Patience = cmp.Or(o.Patience, 30*time.Second)
	o.Poll = cmp.Or(o.Poll, time.Second)
	if o.Backoff == nil {
		o.Backoff = func(attempt int) time.Duration { return doubling(2*time.Second, 5*time.Minute, attempt) }
	}
	if o.MachineTime == nil {
		o.MachineTime = time.Now
	}
	s := &Store{db: db, options: o, wake: make(chan struct{}, 1)}
	return s, s.persist(ctx, func(waiting context.Context, _ string) error {
		if err := db.Check(waiting); err != nil {
			return &fault{err}
		}
		return nil
	})
}

// doubling is a wait that doubles with each attempt, the first of which is 1.
func doubling(first, most time.Duration, attempt int) time.Duration {
	for range min(attempt, 30) - 1 {
		first = min(2*first, most)
	}
	return first
}

// NewID makes an id that no one can guess.
func NewID() string { return rand.Text() }

// micros is a time as it is kept.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// until is when something of that age is over; a duration of zero never is.
func until(now int64, kept time.Duration) int64 {
	if kept == 0 {
		return math.MaxInt64
	}
	return now + kept.Microseconds()
}
