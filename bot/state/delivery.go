package state

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
)

// DeliveryState is how far a delivery has come.
type DeliveryState string

// A delivery goes from pending to posting, and from there to posted, to failed, or back.
const (
	Pending DeliveryState = "pending"
	Posting DeliveryState = "posting"
	Posted  DeliveryState = "posted"
	Failed  DeliveryState = "failed" // for good, for Reason
)

// Delivery is something to be posted.
type Delivery struct {
	Key     string // names it for good: what has the same key is the same delivery
	Thread  Thread // where to; those of one thread are posted in the order of Enqueue
	Person  string // whom it is for, if for one person
	Answer  string // the id of the answer that it shows; "" for none
	Payload json.RawMessage

	// What the Store sets.
	State   DeliveryState
	Attempt int    // the how manieth this is
	Message string // the platform's id of it, once it is posted
	Reason  string // why it has failed

	seq   int64
	look  bool // an earlier attempt may have posted it
	owner string
}

const enqueue = `
INSERT INTO deliveries (key, platform, workspace, channel, thread, person, answer, payload, due, at, state, attempts, look, owner, message, reason, finished)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 'pending', 0, false, '', '', '', 0)
ON CONFLICT (key) DO NOTHING`

// Enqueue puts a delivery into the outbox, where Run finds it. Where its key is known
// already nothing changes, whatever has become of that delivery.
func (t *Tx) Enqueue(d Delivery) error {
	if err := cmp.Or(
		checkID("the delivery's key", d.Key), d.Thread.check(), checkOptional("the delivery's person", d.Person),
		checkOptional("the delivery's answer", d.Answer), checkJSON("the delivery's payload", d.Payload),
	); err != nil {
		return err
	}
	now, err := t.now()
	if err != nil {
		return err
	}
	t.enqueued = true
	return t.done(t.sql.ExecContext(t.Context(), enqueue, d.Key, d.Thread.Platform, d.Thread.Workspace, d.Thread.Channel, d.Thread.ID, d.Person, d.Answer, string(d.Payload), now))
}

const selectPosted = `
SELECT key FROM deliveries
WHERE thread = $4 AND channel = $3 AND platform = $1 AND workspace = $2 AND message = $5 AND state = 'posted'`

// Posted is the delivery that became a message of the platform, or ErrNotFound.
func (r *Reader) Posted(th Thread, message string) (Delivery, error) {
	var key string
	err := r.met(r.sql.QueryRowContext(r.Context(), selectPosted, th.Platform, th.Workspace, th.Channel, th.ID, message).Scan(&key))
	if errors.Is(err, sql.ErrNoRows) || message == "" {
		return Delivery{}, ErrNotFound
	}
	if err != nil {
		return Delivery{}, err
	}
	return r.Delivery(key)
}

const selectPosting = `
SELECT count(*) FROM deliveries
WHERE thread = $4 AND channel = $3 AND workspace = $2 AND platform = $1 AND finished = 0`

// Posting reports whether something is on its way to a thread: it may be there already
// and not known to be.
func (r *Reader) Posting(th Thread) (bool, error) {
	var n int64
	err := r.met(r.sql.QueryRowContext(r.Context(), selectPosting, th.Platform, th.Workspace, th.Channel, th.ID).Scan(&n))
	return n > 0, err
}

const selectDelivery = `
SELECT platform, workspace, channel, thread, person, answer, payload, state, attempts, message, reason FROM deliveries
WHERE key = $1`

// Delivery is the one with that key, or ErrNotFound.
func (r *Reader) Delivery(key string) (Delivery, error) {
	d := Delivery{Key: key}
	var payload string
	err := r.met(r.sql.QueryRowContext(r.Context(), selectDelivery, key).Scan(&d.Thread.Platform, &d.Thread.Workspace, &d.Thread.Channel, &d.Thread.ID,
		&d.Person, &d.Answer, &payload, &d.State, &d.Attempt, &d.Message, &d.Reason))
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, ErrNotFound
	}
	d.Payload = json.RawMessage(payload)
	return d, err
}

// A claim that has run out is due again, and then it is not known whether it was posted.
// The first open delivery of a thread goes before the others.
const claimDelivery = `
UPDATE deliveries SET look = look OR state = 'posting', state = 'posting', attempts = attempts + 1, due = $1, owner = $2
WHERE seq = (
	SELECT d.seq FROM deliveries d
	WHERE d.finished = 0 AND d.due <= $3 AND NOT EXISTS (
		SELECT 1 FROM deliveries b
		WHERE b.finished = 0 AND b.thread = d.thread AND b.channel = d.channel AND b.workspace = d.workspace AND b.platform = d.platform AND b.seq < d.seq)
	ORDER BY d.due, d.seq
	LIMIT 1`

const claimReturning = `
)
RETURNING seq, key, platform, workspace, channel, thread, person, answer, payload, attempts, look`

// claim takes the delivery that has been due for longest.
func (t *Tx) claim() (Delivery, bool, error) {
	now, err := t.now()
	if err != nil {
		return Delivery{}, false, err
	}
	args := []any{until(now, t.store.options.Post), t.token, now}
	var row *sql.Row
	if t.store.db.Postgres() {
		row = t.sql.QueryRowContext(t.Context(), claimDelivery+skipLocked+claimReturning, args...)
	} else {
		row = t.sql.QueryRowContext(t.Context(), claimDelivery+claimReturning, args...)
	}
	d := Delivery{State: Posting, owner: t.token}
	var payload string
	err = t.met(row.Scan(&d.seq, &d.Key, &d.Thread.Platform, &d.Thread.Workspace, &d.Thread.Channel, &d.Thread.ID, &d.Person, &d.Answer, &payload, &d.Attempt, &d.look))
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, false, nil
	}
	d.Payload = json.RawMessage(payload)
	return d, err == nil, err
}

// settling is what an attempt has come to.
type settling struct {
	state   DeliveryState // Pending to try again
	look    bool
	wait    int64 // microseconds until then
	untried int   // attempts that do not count
	id      string
	reason  string
}

const settle = `
UPDATE deliveries SET state = $3, look = $4, due = $5, message = $6, reason = $7, finished = $8, attempts = attempts - $9
WHERE seq = $1 AND owner = $2 AND state = 'posting'`

// settle writes down what an attempt has come to. Where the claim has run out, it is for
// who has taken the delivery on to find the message.
func (t *Tx) settle(d Delivery, to settling) error {
	now, err := t.now()
	if err != nil {
		return err
	}
	finished := now
	if to.state == Pending {
		finished = 0
	}
	return t.done(t.sql.ExecContext(t.Context(), settle, d.seq, d.owner, string(to.state), to.look, now+to.wait, to.id, to.reason, finished, to.untried))
}
