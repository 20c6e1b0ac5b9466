package state_test

import (
	"path/filepath"
	"testing"

	"kakehashi/bot/state"
	"kakehashi/bot/state/statetest"
	"kakehashi/bot/thread"
	"kakehashi/e2e/postgres"
)

func BenchmarkSQLite(b *testing.B) {
	bench(b, func(b *testing.B) string { return filepath.Join(b.TempDir(), "state.sqlite") })
}

func BenchmarkPostgres(b *testing.B) {
	bench(b, func(b *testing.B) string { return postgres.Database(b) })
}

func bench(b *testing.B, address func(*testing.B) string) {
	for name, step := range map[string]func(b *testing.B, s *state.Store, n int) error{
		"claim": func(b *testing.B, s *state.Store, n int) error {
			return s.Update(b.Context(), func(tx *state.Tx) error {
				_, _, err := tx.Claim(state.Event{Key: keyOf(0, n), Thread: threadOf(0)})
				return err
			})
		},
		"append turn": func(b *testing.B, s *state.Store, n int) error {
			return s.Update(b.Context(), func(tx *state.Tx) error {
				return tx.Append(threadOf(n%100), state.Turn{Message: keyOf(0, n), Person: "U1", Role: thread.User, Text: "a question", At: start})
			})
		},
		"enqueue to posted": func(b *testing.B, s *state.Store, n int) error {
			if err := s.Update(b.Context(), func(tx *state.Tx) error {
				return tx.Enqueue(state.Delivery{Key: keyOf(0, n), Thread: threadOf(n % 100), Payload: []byte(`{}`)})
			}); err != nil {
				return err
			}
			_, err := s.Deliver(b.Context(), &statetest.Platform{})
			return err
		},
		"question to reply": func(b *testing.B, s *state.Store, n int) error {
			return s.Update(b.Context(), func(tx *state.Tx) error {
				e, _, err := tx.Claim(state.Event{Key: keyOf(0, n), Thread: threadOf(n % 100)})
				if err != nil {
					return err
				}
				return reply(tx, e)
			})
		},
	} {
		b.Run(name, func(b *testing.B) {
			path := address(b)
			migrated(b, path)
			s := open(b, path, state.Options{})
			n := 0
			for b.Loop() {
				if err := step(b, s, n); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
