package state_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/e2e/postgres"
)

// cutter stands between a Store and its server, and loses the answer to a commit: the
// server has committed, the Store hears nothing.
type cutter struct {
	armed atomic.Bool
	cuts  atomic.Int64
}

// address makes a way to a server by the cutter.
func (c *cutter) address(t *testing.T, server string) string {
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	target := u.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() { c.carry(t, client, target) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		group.Wait()
	})
	u.Host = listener.Addr().String()
	return with(t, u.String(), "sslmode", "disable")
}

// carry carries a connection until either side ends it, or it is cut.
func (c *cutter) carry(t *testing.T, client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		t.Error(err)
		return
	}
	defer server.Close()
	var lost atomic.Bool
	back := make(chan struct{})
	go func() {
		defer close(back)
		buffer := make([]byte, 1<<16)
		for {
			n, err := server.Read(buffer)
			if err != nil || lost.Load() { // what it says is the answer to the commit
				client.Close()
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if n > 0 && bytes.Contains(bytes.ToLower(buffer[:n]), []byte("commit\x00")) && c.armed.CompareAndSwap(true, false) {
			c.cuts.Add(1)
			lost.Store(true)
		}
		if _, fault := server.Write(buffer[:n]); fault != nil || err != nil {
			break
		}
	}
	server.Close()
	<-back
}

// TestPostgresCommitWhoseAnswerIsLost has every write repeated that the server has
// committed already. What it returns must be what it would have returned.
func TestPostgresCommitWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	migrated(t, address)
	var c cutter
	s := open(t, c.address(t, address), state.Options{})
	// lose has an Update's first commit lost, and expects it to go on to the second.
	lose := func(t *testing.T, f func(*state.Tx) error) {
		t.Helper()
		c.armed.Store(true)
		cuts := c.cuts.Load()
		calls := 0
		if err := s.Update(t.Context(), func(tx *state.Tx) error {
			calls++
			return f(tx)
		}); err != nil {
			t.Error(err)
		}
		if calls != 2 || c.cuts.Load() != cuts+1 {
			t.Errorf("%d calls, %d cuts; the answer was not lost once", calls, c.cuts.Load()-cuts)
		}
	}
	e := state.Event{Key: "k", Thread: threadOf(1)}
	var won bool
	lose(t, func(tx *state.Tx) (err error) {
		e, won, err = tx.Claim(state.Event{Key: "k", Thread: threadOf(1)})
		return err
	})
	if !won || e.Attempt != 1 {
		t.Errorf("claimed: %t, attempt %d", won, e.Attempt)
	}
	lose(t, func(tx *state.Tx) (err error) {
		won, err = tx.Once("digest")
		return err
	})
	if !won {
		t.Error("work that is done once is done by no one")
	}
	lose(t, func(tx *state.Tx) error { return reply(tx, e) })
	if chain, err := s.Verify(t.Context(), workspace); err != nil || chain.Length != 1 {
		t.Errorf("%+v, %v", chain, err)
	}
	lose(t, func(tx *state.Tx) error { // an event that is new and done in one transaction
		e, won, err := tx.Claim(state.Event{Key: "l", Thread: threadOf(1)})
		if err != nil || !won {
			t.Errorf("claimed: %t, %v", won, err)
			return err
		}
		return reply(tx, e)
	})
	var l state.Lease
	lose(t, func(tx *state.Tx) (err error) {
		l, won, err = tx.Acquire("lease", "a", time.Minute)
		return err
	})
	if !won || l.Fence != 1 {
		t.Errorf("%t, %+v", won, l)
	}
	lose(t, func(tx *state.Tx) error { return tx.Renew(l, time.Minute) })
	cursor := state.Cursor{Source: "feed"}
	for version := range int64(2) {
		cursor.Version = version
		lose(t, func(tx *state.Tx) error { return tx.SetCursor(cursor) })
	}
	lose(t, func(tx *state.Tx) error {
		return tx.SignOff(state.SignOff{Subject: "s", Version: "v", Person: state.Person{Platform: "slack", Workspace: "T1", ID: "U1"}})
	})
	if err := s.View(t.Context(), func(r *state.Reader) error {
		at, err := r.Cursor("feed")
		if err != nil || at.Version != 2 {
			t.Errorf("%+v, %v", at, err)
		}
		turns, err := r.Turns(threadOf(1))
		if err != nil || len(turns) != 2 {
			t.Errorf("%d turns, %v", len(turns), err)
		}
		open, err := r.Undelivered()
		if open != 2 {
			t.Errorf("%d deliveries", open)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	c.armed.Store(true)
	report, err := s.Purge(t.Context(), state.PurgeRequest{User: "U1"})
	if err != nil || report["turns"] != 2 || report["answers"] != 2 || c.armed.Load() {
		t.Errorf("%v, %v", report, err)
	}
}
