package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/e2e/postgres"
)

// What a replica that is a process of its own is told.
const (
	envAddress  = "KAKEHASHI_TEST_REPLICA_ADDRESS"
	envPlatform = "KAKEHASHI_TEST_REPLICA_PLATFORM" // the file that is posted to
	envDies     = "KAKEHASHI_TEST_REPLICA_DIES"     // before or after its first post; or it runs on
)

// file is a platform that outlives its bot: a line for every message.
type file struct {
	path string
	dies string
}

func (f file) Post(_ context.Context, d state.Delivery) (string, error) {
	if f.dies == "before" {
		die()
	}
	out, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = out.WriteString(d.Key + "\n")
	if f.dies == "after" {
		die()
	}
	return d.Key, errors.Join(err, out.Close())
}

func (f file) Find(_ context.Context, d state.Delivery) (string, bool, error) {
	posts, err := f.posts()
	return d.Key, slices.Contains(posts, d.Key), err
}

func (f file) posts() ([]string, error) {
	content, err := os.ReadFile(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return strings.Fields(string(content)), nil
}

// die ends this process as kill -9 does, and does not return.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err != nil || self.Kill() != nil {
		os.Exit(3)
	}
	select {}
}

// dying is how replicas run that are killed: short claims, so that the next one need not
// wait, and yet much longer than a line takes to be written.
var dying = state.Options{Post: 500 * time.Millisecond, Backoff: hurried.Backoff, Attempts: 1000, Poll: 20 * time.Millisecond}

// TestReplica is no test, but the process that the tests below start and kill.
func TestReplica(t *testing.T) {
	address := os.Getenv(envAddress)
	if address == "" {
		t.Skip("runs in a process of its own only")
	}
	s := open(t, address, dying)
	p := file{os.Getenv(envPlatform), os.Getenv(envDies)}
	if p.dies == "" {
		s.Run(t.Context(), p, 2)
	}
	for {
		if _, err := s.Deliver(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
}

// replica starts one, and returns what it has come to when it ends.
func replica(t *testing.T, address string, p file) (*os.Process, <-chan error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestReplica$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), envAddress+"="+address, envPlatform+"="+p.path, envDies+"="+p.dies)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return cmd.Process, ended
}

func TestSQLiteReplicaKilledAroundAPost(t *testing.T) {
	t.Parallel()
	killedAroundAPost(t, filepath.Join(t.TempDir(), "state.sqlite"))
}

func TestPostgresReplicaKilledAroundAPost(t *testing.T) {
	t.Parallel()
	killedAroundAPost(t, postgres.Database(t))
}

// killedAroundAPost has processes die before and after they have posted, and before
// they could write it down.
func killedAroundAPost(t *testing.T, address string) {
	migrated(t, address)
	s := open(t, address, dying)
	platform := file{path: filepath.Join(t.TempDir(), "platform")}
	var want []string
	for n, dies := range []string{"after", "before", "after"} {
		key := keyOf(n, 0)
		want = append(want, key)
		enqueue(t, s, state.Delivery{Key: key, Thread: threadOf(n), Payload: json.RawMessage(`{}`)})
		platform.dies = dies
		if _, ended := replica(t, address, platform); <-ended == nil {
			t.Fatal("the replica does not die")
		}
		posts, err := platform.posts()
		if arrived := slices.Contains(posts, key); err != nil || arrived != (dies == "after") {
			t.Errorf("%s has arrived: %t, %v", key, arrived, err)
		}
		platform.dies = ""
		for undelivered(t, s) > 0 { // until the claim of the dead runs out
			if _, err := s.Deliver(t.Context(), platform); err != nil {
				t.Fatal(err)
			}
		}
	}
	if posts, err := platform.posts(); err != nil || !slices.Equal(posts, want) {
		t.Errorf("%q, %v; want %q", posts, err, want)
	}
}

func TestSQLiteReplicasKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	killedInTheMiddle(t, filepath.Join(t.TempDir(), "state.sqlite"))
}

func TestPostgresReplicasKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	killedInTheMiddle(t, postgres.Database(t))
}

// killedInTheMiddle kills process after process while it posts, wherever it stands.
func killedInTheMiddle(t *testing.T, address string) {
	migrated(t, address)
	s := open(t, address, dying)
	platform := file{path: filepath.Join(t.TempDir(), "platform")}
	const threads, each, kills = 4, 60, 4
	for round := range kills {
		for i := range threads {
			for n := range each / kills {
				enqueue(t, s, state.Delivery{Key: keyOf(i, round*each/kills+n), Thread: threadOf(i), Payload: json.RawMessage(`{}`)})
			}
		}
		process, ended := replica(t, address, platform)
		for half := undelivered(t, s) / 2; undelivered(t, s) > half; {
			select {
			case err := <-ended:
				t.Fatalf("a replica ends by itself: %v", err)
			default:
			}
		}
		if err := process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-ended
	}
	for undelivered(t, s) > 0 {
		if _, err := s.Deliver(t.Context(), platform); err != nil {
			t.Fatal(err)
		}
	}
	posts, err := platform.posts()
	if err != nil || len(posts) != threads*each {
		t.Errorf("%d posts of %d deliveries, %v", len(posts), threads*each, err)
	}
	for i := range threads {
		for n := range each {
			key := keyOf(i, n)
			if at := slices.Index(posts, key); at < 0 || n > 0 && at < slices.Index(posts, keyOf(i, n-1)) {
				t.Errorf("%s is lost or out of order", key)
			}
		}
	}
}

func enqueue(t *testing.T, s *state.Store, deliveries ...state.Delivery) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx *state.Tx) error {
		for _, d := range deliveries {
			if err := tx.Enqueue(d); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func undelivered(t *testing.T, s *state.Store) (n int64) {
	t.Helper()
	if err := s.View(t.Context(), func(r *state.Reader) (err error) {
		n, err = r.Undelivered()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
