package state

import (
	"cmp"
	"database/sql"
	"errors"
	"time"
)

// Lease is what one replica holds at a time.
type Lease struct {
	Name, Holder string
	// Fence is higher than that of every lease of the name before. Who writes elsewhere
	// passes it on, so that what comes late from a former holder can be told.
	Fence int64
}

const acquireLease = `
INSERT INTO leases (name, holder, fence, expires, owner) VALUES ($1, $2, 1, $3, $4)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires, owner = excluded.owner,
	fence = CASE WHEN leases.owner = excluded.owner THEN leases.fence ELSE leases.fence + 1 END
WHERE leases.expires <= $5 OR leases.owner = excluded.owner
RETURNING fence`

// Acquire takes a lease for a while; false where another holds it, or the same holder by
// a lease from before.
func (t *Tx) Acquire(name, holder string, d time.Duration) (Lease, bool, error) {
	if err := cmp.Or(checkID("the lease's name", name), checkID("the lease's holder", holder)); err != nil {
		return Lease{}, false, err
	}
	if !t.first("lease", name) {
		return Lease{}, false, nil
	}
	now, err := t.now()
	if err != nil {
		return Lease{}, false, err
	}
	l := Lease{Name: name, Holder: holder}
	err = t.met(t.sql.QueryRowContext(t.Context(), acquireLease, name, holder, now+d.Microseconds(), t.token, now).Scan(&l.Fence))
	if errors.Is(err, sql.ErrNoRows) {
		return Lease{}, false, nil
	}
	return l, err == nil, err
}

const renewLease = `UPDATE leases SET expires = $3 WHERE name = $1 AND fence = $2`

// Renew holds a lease for a while from now on, even if it has run out, unless another
// has taken it since: then it returns ErrTaken. Until the transaction ends none can take
// it, so what a holder writes belongs into the transaction in which it renews.
func (t *Tx) Renew(l Lease, d time.Duration) error {
	now, err := t.now()
	if err != nil {
		return err
	}
	n, err := t.changed(t.sql.ExecContext(t.Context(), renewLease, l.Name, l.Fence, now+d.Microseconds()))
	if err == nil && n == 0 {
		return ErrTaken
	}
	return err
}

// Release lets a lease go. One that another has taken stays with that one.
func (t *Tx) Release(l Lease) error {
	return t.done(t.sql.ExecContext(t.Context(), renewLease, l.Name, l.Fence, 0))
}
