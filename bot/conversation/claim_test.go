package conversation

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"kakehashi/bot/state"
	"kakehashi/database"
)

func TestOfManyClaimsAtATimeEachKeyIsTakenOnce(t *testing.T) {
	t.Parallel()
	db, err := database.Open(t.Context(), filepath.Join(t.TempDir(), "state.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	store, err := state.Open(t.Context(), db, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := claims{store: store}
	const keys, each = 100, 5
	var fresh, faults atomic.Int64
	var group sync.WaitGroup
	for i := range keys * each {
		group.Go(func() {
			e := state.Event{Key: fmt.Sprint("event ", i%keys), Thread: state.Thread{Platform: "p", Workspace: "w", Channel: "c"}}
			if i == 7 {
				e.Key = strings.Repeat("k", state.MaxID+1) // of this one alone
			}
			claimed, first, err := c.take(t.Context(), e)
			if err != nil {
				faults.Add(1)
			}
			if first {
				fresh.Add(1)
				if err := store.Update(t.Context(), func(tx *state.Tx) error { return tx.Finish(claimed) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if fresh.Load() != keys || faults.Load() != 1 {
		t.Errorf("%d keys taken, %d faults; want %d and 1", fresh.Load(), faults.Load(), keys)
	}
	if c.writing || len(c.waiting) > 0 {
		t.Error("something waits still")
	}
}
