package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Reader reads the state. It sees it as it was at one moment, and serves only within
// the function that View or Update has given it to.
type Reader struct {
	ctx   context.Context
	store *Store
	sql   *sql.Tx
	token string // of this call of View or Update, the same whenever it is repeated
	clock int64  // see now
	fault error  // the first that the database has met
}

// Tx reads and writes the state; all of it holds together, or nothing.
type Tx struct {
	Reader
	claimed  map[string]bool // keys, by what they are of
	enqueued bool
	erased   bool
}

// Context is that of the call of View or Update.
func (r *Reader) Context() context.Context { return r.ctx }

// View calls f to read. f may be called again, see Update.
func (s *Store) View(ctx context.Context, f func(*Reader) error) error {
	return s.persist(ctx, func(waiting context.Context, token string) error {
		return s.within(ctx, waiting, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, token, f)
	})
}

// Update calls f to write. What f has written is kept if f returns nil, and undone if it
// returns an error, which Update returns.
//
// Where the connection breaks off, or the server restarts, stops taking writes, or breaks
// a deadlock, f is called again, until the context ends; it must do nothing but by the
// Tx that it is given, and use no Store meanwhile.
func (s *Store) Update(ctx context.Context, f func(*Tx) error) error {
	var tx *Tx
	err := s.persist(ctx, func(waiting context.Context, token string) error {
		return s.within(ctx, waiting, nil, token, func(r *Reader) error {
			tx = &Tx{Reader: *r, claimed: map[string]bool{}}
			err := tx.shred()
			if err == nil {
				err = f(tx)
			}
			r.fault = tx.fault
			return err
		})
	})
	if err != nil {
		return err
	}
	if tx.enqueued {
		s.nudge()
	}
	if tx.erased {
		return s.dropLog(ctx)
	}
	return nil
}

// within runs f in a transaction. It waits for a connection until the context waiting
// ends, for f as long as it takes.
func (s *Store) within(ctx, waiting context.Context, o *sql.TxOptions, token string, f func(*Reader) error) error {
	conn, err := s.db.SQL.Conn(waiting)
	if err != nil {
		return &fault{err}
	}
	defer conn.Close() // gives it back
	tx, err := conn.BeginTx(ctx, o)
	if err != nil {
		return &fault{err}
	}
	defer tx.Rollback() // does nothing after Commit
	r := &Reader{ctx: ctx, store: s, sql: tx, token: token}
	err = f(r)
	if r.fault != nil {
		return &fault{r.fault} // also where f makes light of it
	}
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return &fault{err}
	}
	return nil
}

// fault marks an error as the database's.
type fault struct{ error }

func (f *fault) Unwrap() error { return f.error }

// The waits between the attempts to reach the database.
const (
	firstWait   = 10 * time.Millisecond
	longestWait = time.Second
)

// persist repeats an attempt while the database is at fault and that may pass. It gives
// attempt until when to wait.
func (s *Store) persist(ctx context.Context, attempt func(waiting context.Context, token string) error) error {
	waiting := ctx
	if _, ok := ctx.Deadline(); !ok {
		bounded, cancel := context.WithTimeout(ctx, s.options.Patience)
		defer cancel()
		waiting = bounded
	}
	token := NewID()
	var last error // why the attempt before has failed
	for n := 1; ; n++ {
		err := attempt(waiting, token)
		var met *fault
		if !errors.As(err, &met) {
			return err
		}
		switch explained := s.db.Explain(met.error); {
		case s.passes(met.error):
			last = explained
		case last != nil && errors.Is(met.error, waiting.Err()):
			return fmt.Errorf("%w (%w)", last, waiting.Err())
		default:
			return explained
		}
		wait := doubling(firstWait, longestWait, n)
		if !pause(waiting, wait/2+rand.N(wait/2), nil) {
			return fmt.Errorf("%w (%w)", last, waiting.Err())
		}
	}
}

// pause waits, or until it is nudged, and reports whether the context still holds.
func pause(ctx context.Context, d time.Duration, nudged <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-nudged:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

const serverTime = `SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint`

// now is the time of the clock that decides, at the transaction's first question. A
// transaction that has to wait thereafter takes too early a time, and so never holds for
// over what is not.
func (r *Reader) now() (int64, error) {
	if r.clock == 0 && !r.store.db.Postgres() {
		r.clock = micros(r.store.options.MachineTime())
	}
	if r.clock == 0 {
		if err := r.met(r.sql.QueryRowContext(r.Context(), serverTime).Scan(&r.clock)); err != nil {
			return 0, err
		}
	}
	return r.clock, nil
}

// met notes what a statement has met. That there are no rows is no fault.
func (r *Reader) met(err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if r.fault == nil {
		r.fault = err
	}
	return r.store.db.Explain(err)
}

// changed counts the rows that a statement has changed.
func (r *Reader) changed(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, r.met(err)
	}
	n, err := result.RowsAffected()
	return n, r.met(err)
}

// done is for a statement whose rows need no count.
func (r *Reader) done(result sql.Result, err error) error {
	_, err = r.changed(result, err)
	return err
}

// each calls scan for every row of a query.
func (r *Reader) each(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return r.met(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return r.met(err)
		}
	}
	return r.met(rows.Err())
}
