package state

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
)

// Event is something that a platform has delivered, and may deliver again.
type Event struct {
	Key     string // the same for every delivery of it
	Thread  Thread // where it comes from; Channel and ID may be empty
	Person  string // who has caused it; may be empty
	Payload string // what another replica needs to go on with it; may be empty

	Attempt int // the how manieth this is

	owner string
}

// $11 is the time, $8 the claim: when a commit whose answer was lost is repeated, it
// finds its own row.
const claimEvent = `
INSERT INTO events (key, platform, workspace, channel, thread, person, payload, owner, lease, expires, attempts, done)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, false)
ON CONFLICT (key) DO UPDATE SET platform = excluded.platform, workspace = excluded.workspace, channel = excluded.channel,
	thread = excluded.thread, person = excluded.person, payload = excluded.payload, owner = excluded.owner,
	lease = excluded.lease, expires = excluded.expires, attempts = 1, done = false
WHERE events.expires <= $11 OR events.owner = excluded.owner
RETURNING attempts`

// Claim takes an event on for this replica: of all the calls with its key, whatever
// replicas make them, one returns true, until the key expires (Retention.Events). What
// it returns is for Finish.
//
// An event that is not finished within Options.Work, because its replica has died, is
// for Adopt: the platform does not repeat what it was told is received.
func (t *Tx) Claim(e Event) (Event, bool, error) {
	if err := cmp.Or(
		checkID("the event's key", e.Key), checkID("the event's platform", e.Thread.Platform), checkID("the event's workspace", e.Thread.Workspace),
		checkOptional("the event's channel", e.Thread.Channel), checkOptional("the event's thread", e.Thread.ID),
		checkOptional("the event's person", e.Person), checkPayload("the event's payload", e.Payload),
	); err != nil {
		return Event{}, false, err
	}
	if !t.first("event", e.Key) {
		return Event{}, false, nil
	}
	now, err := t.now()
	if err != nil {
		return Event{}, false, err
	}
	o, th := &t.store.options, e.Thread
	err = t.met(t.sql.QueryRowContext(t.Context(), claimEvent, e.Key, th.Platform, th.Workspace, th.Channel, th.ID, e.Person, e.Payload,
		t.token, until(now, o.Work), until(now, o.Retention.Events), now).Scan(&e.Attempt))
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, false, nil
	}
	e.owner = t.token
	return e, err == nil, err
}

// first reports whether a key has not been claimed in this transaction before: the
// database cannot tell that from a repetition.
func (t *Tx) first(kind, key string) bool {
	key = kind + " " + key
	claimed := t.claimed[key]
	t.claimed[key] = true
	return !claimed
}

const adoptEvent = `
UPDATE events SET owner = $1, lease = $2, attempts = attempts + 1
WHERE key = (
	SELECT key FROM events
	WHERE NOT done AND lease <= $3 AND expires > $3 AND attempts < $4
	ORDER BY lease
	LIMIT 1`

const adoptReturning = `
)
RETURNING key, platform, workspace, channel, thread, person, payload, attempts, owner`

// skipLocked lets the replicas take different rows. On SQLite there is one writer.
const skipLocked = `
	FOR UPDATE SKIP LOCKED`

// Adopt takes on an event that another replica has claimed and not finished in time;
// false where there is none. One that has been tried Options.Attempts times stays, for
// it may be what kills the replicas.
func (t *Tx) Adopt() (Event, bool, error) {
	now, err := t.now()
	if err != nil {
		return Event{}, false, err
	}
	args := []any{t.token, until(now, t.store.options.Work), now, t.store.options.Attempts}
	var row *sql.Row
	if t.store.db.Postgres() {
		row = t.sql.QueryRowContext(t.Context(), adoptEvent+skipLocked+adoptReturning, args...)
	} else {
		row = t.sql.QueryRowContext(t.Context(), adoptEvent+adoptReturning, args...)
	}
	var e Event
	th := &e.Thread
	err = t.met(row.Scan(&e.Key, &th.Platform, &th.Workspace, &th.Channel, &th.ID, &e.Person, &e.Payload, &e.Attempt, &e.owner))
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, false, nil
	}
	return e, err == nil, err
}

const finishEvent = `
UPDATE events SET done = true, payload = '', person = '', owner = $2
WHERE key = $1 AND (owner = $3 AND NOT done OR owner = $2 AND done)`

// Finish says that an event is done, and forgets whose it was and what. It returns ErrTaken where
// another replica has adopted the event or finished it: what this transaction was going
// to write for it is not to be kept then.
func (t *Tx) Finish(e Event) error {
	n, err := t.changed(t.sql.ExecContext(t.Context(), finishEvent, e.Key, t.token, e.owner))
	if err == nil && n == 0 {
		return ErrTaken
	}
	return err
}

const selectUnfinished = `SELECT count(*) FROM events WHERE NOT done`

// Unfinished counts the events that were claimed and are not finished.
func (r *Reader) Unfinished() (int64, error) {
	var n int64
	if err := r.met(r.sql.QueryRowContext(r.Context(), selectUnfinished).Scan(&n)); err != nil {
		return 0, fmt.Errorf("counting the events: %w", err)
	}
	return n, nil
}

const selectWaiting = `
SELECT key, person, payload FROM events
WHERE platform = $1 AND workspace = $2 AND channel = $3 AND thread = $4 AND NOT done`

// Waiting are the events of a thread that were claimed, by any replica, and are not
// finished.
func (r *Reader) Waiting(th Thread) ([]Event, error) {
	var out []Event
	rows, err := r.sql.QueryContext(r.Context(), selectWaiting, th.Platform, th.Workspace, th.Channel, th.ID)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		e := Event{Thread: th}
		err := rows.Scan(&e.Key, &e.Person, &e.Payload)
		out = append(out, e)
		return err
	})
	return out, err
}

const claimOnce = `
INSERT INTO once (key, owner, at) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET owner = excluded.owner WHERE once.owner = excluded.owner`

// Once is for work that is scheduled, such as the digest of a channel and a local date:
// of all the calls with a key one returns true. It counts when the transaction is kept,
// so the work belongs into the same one.
func (t *Tx) Once(key string) (bool, error) {
	if err := checkID("the key", key); err != nil {
		return false, err
	}
	if !t.first("once", key) {
		return false, nil
	}
	now, err := t.now()
	if err != nil {
		return false, err
	}
	n, err := t.changed(t.sql.ExecContext(t.Context(), claimOnce, key, t.token, now))
	return n > 0, err
}
