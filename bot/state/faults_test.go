package state_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/database"
	"kakehashi/e2e/postgres"
)

// hurried are options by which what a dead worker has left is taken on soon.
var hurried = state.Options{Post: 2 * time.Second, Backoff: func(int) time.Duration { return 50 * time.Millisecond }, Attempts: 1000, Poll: 20 * time.Millisecond}

func TestPostgresThatIsKilledAgainAndAgainLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	migrated(t, server.URL())
	l := &load{threads: 6, each: 40}
	for range 3 {
		l.replicas = append(l.replicas, open(t, server.URL(), hurried))
	}
	l.run(t, func() {
		for _, end := range []func(){server.Kill, server.Kill, server.Stop, server.Kill, server.Kill} {
			l.wait(l.threads * l.each / 6)
			end()
			server.Restart()
		}
	})
	l.check(t)
}

func TestPostgresFailsOverToAStandbyAndLosesNothing(t *testing.T) {
	t.Parallel()
	first := postgres.Start(t)
	migrated(t, first.URL())
	second := first.Standby()
	address := with(t, strings.Replace(first.URL(), host(t, first), host(t, first)+","+host(t, second), 1), "target_session_attrs", "read-write")
	l := &load{threads: 4, each: 20}
	for range 2 {
		l.replicas = append(l.replicas, open(t, address, hurried))
	}
	l.run(t, func() {
		l.wait(20)
		first.Kill()
		// No server takes writes: who cannot wait is told so.
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := l.replicas[0].Update(soon, func(tx *state.Tx) error {
			_, err := tx.Once("while no server takes writes")
			return err
		})
		var told *database.Error
		if !errors.As(err, &told) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v; want the database's fault and the deadline", err)
		}
		second.Promote()
	})
	l.check(t)
}

func host(t *testing.T, s *postgres.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestPostgresStandbyMayBeReadAndIsNotWritten(t *testing.T) {
	t.Parallel()
	first := postgres.Start(t)
	migrated(t, first.URL())
	second := first.Standby()
	enqueued := state.Delivery{Key: "k", Thread: threadOf(1), Payload: []byte(`{}`)}
	if err := open(t, first.URL(), state.Options{}).Update(t.Context(), func(tx *state.Tx) error { return tx.Enqueue(enqueued) }); err != nil {
		t.Fatal(err)
	}
	s := open(t, second.URL(), state.Options{})
	if err := s.View(t.Context(), func(r *state.Reader) error {
		_, err := r.Delivery("k")
		return err
	}); err != nil {
		t.Error(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := s.Update(soon, func(tx *state.Tx) error { return tx.Enqueue(enqueued) })
	var told *database.Error
	if !errors.As(err, &told) || !strings.Contains(err.Error(), "read-only") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestPostgresPoolOfTwoServesFifty(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	migrated(t, address)
	s := open(t, with(t, address, "pool_max_conns", "2"), state.Options{})
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			for n := range 5 {
				e := state.Event{Key: keyOf(i, n), Thread: threadOf(i)}
				if err := s.Update(t.Context(), func(tx *state.Tx) error {
					e, _, err := tx.Claim(e)
					if err != nil {
						return err
					}
					return reply(tx, e)
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if chain, err := s.Verify(t.Context(), workspace); err != nil || chain.Length != 250 {
		t.Errorf("%+v, %v", chain, err)
	}
}

func TestPostgresFullPoolIsToldByItsName(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	migrated(t, address)
	s := open(t, with(t, address, "pool_max_conns", "2"), state.Options{})
	var held, group sync.WaitGroup
	release := make(chan struct{})
	for range 2 {
		held.Add(1)
		group.Go(func() {
			if err := s.View(t.Context(), func(*state.Reader) error {
				held.Done()
				<-release
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	held.Wait()
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.View(soon, func(*state.Reader) error { return nil })
	close(release)
	group.Wait()
	var told *database.Error
	if !errors.As(err, &told) || !strings.Contains(told.Fault, "all 2 connections") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := s.View(t.Context(), func(*state.Reader) error { return nil }); err != nil {
		t.Errorf("thereafter: %v", err)
	}
}

// TestPostgresInTheWay holds the lock that Record needs.
func TestPostgresInTheWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting, value string
		fault          string
		repeats        bool
	}{
		"a statement that takes too long fails":   {"statement_timeout", "100ms", "took too long", false},
		"a lock is waited for until the deadline": {"lock_timeout", "50ms", "held a lock", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := postgres.Database(t)
			db := migrated(t, address)
			s := open(t, with(t, address, c.setting, c.value), state.Options{})
			record := func(ctx context.Context, id string, tries *int) error {
				return s.Update(ctx, func(tx *state.Tx) error {
					*tries++
					return tx.Record(state.Answer{ID: id, Thread: threadOf(1), Person: "U1", Question: "q", Answer: []byte(`{}`)})
				})
			}
			var tries int
			if err := record(t.Context(), "first", &tries); err != nil || tries != 1 {
				t.Fatal(tries, err)
			}
			blocking, err := db.SQL.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer blocking.Rollback()
			if _, err := blocking.ExecContext(t.Context(), `SELECT 1 FROM chains FOR UPDATE`); err != nil {
				t.Fatal(err)
			}
			soon, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			tries = 0
			err = record(soon, "second", &tries)
			var told *database.Error
			if !errors.As(err, &told) || !strings.Contains(told.Fault, c.fault) || tries > 1 != c.repeats || errors.Is(err, context.DeadlineExceeded) != c.repeats {
				t.Errorf("after %d tries: %v", tries, err)
			}
			if err := blocking.Rollback(); err != nil {
				t.Fatal(err)
			}
			if err := record(t.Context(), "second", &tries); err != nil {
				t.Errorf("thereafter: %v", err)
			}
			if chain, err := s.Verify(t.Context(), workspace); err != nil || chain.Length != 2 {
				t.Errorf("%+v, %v", chain, err)
			}
		})
	}
}

func TestPostgresThatIsAwayIsWaitedForWithoutADeadline(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	migrated(t, server.URL())
	s := open(t, server.URL(), state.Options{Patience: 1500 * time.Millisecond})
	server.Kill()
	err := s.Update(t.Context(), func(*state.Tx) error { return nil })
	var told *database.Error
	if !errors.As(err, &told) || !strings.Contains(told.Fault, "is down") {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), "password=") || strings.Contains(err.Error(), "postgres://") {
		t.Errorf("%v names the address", err)
	}
	server.Restart()
	if err := s.Update(t.Context(), func(*state.Tx) error { return nil }); err != nil {
		t.Errorf("thereafter: %v", err)
	}
}
