package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/bot/thread"
	"kakehashi/database"
	"kakehashi/e2e/postgres"
)

// remembered is a database in which two people have written, which DATABASE_URL names.
func remembered(t *testing.T, address string) *state.Store {
	t.Helper()
	t.Setenv(envDatabase, address)
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(t.Context(), db, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), func(tx *state.Tx) error {
		var err error
		for n, who := range []string{"U1", "U1", "U2"} {
			at := time.Date(2024+n, 6, 1, 0, 0, 0, 0, time.UTC)
			err = errors.Join(err, tx.Append(place, state.Turn{Message: at.String(), Person: who, Role: thread.User, Text: "a", At: at}))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

var place = state.Thread{Platform: "slack", Workspace: "T1", Channel: "C1"}

// authors are who has written what is left.
func authors(t *testing.T, s *state.Store) string {
	t.Helper()
	var out []string
	if err := s.View(t.Context(), func(r *state.Reader) error {
		turns, err := r.Turns(place)
		for _, turn := range turns {
			out = append(out, turn.Person)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

// purged runs the command in a pipe.
func purged(t *testing.T, args ...string) (code int, says string) {
	t.Helper()
	cmd := newPurge()
	var out bytes.Buffer
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(append([]string{}, args...))
	cmd.SetIn(strings.NewReader("yes\n"))
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	var exit *exitError
	switch {
	case err == nil:
		return exitOK, out.String()
	case errors.As(err, &exit):
		return exit.code, out.String() + err.Error()
	}
	return exitFailure, out.String() + err.Error()
}

func TestPurge(t *testing.T) {
	testPurge(t, func(t *testing.T) string { return filepath.Join(t.TempDir(), "state.sqlite") })
}

func TestPurgePostgres(t *testing.T) {
	testPurge(t, func(t *testing.T) string { return postgres.Database(t) })
}

func testPurge(t *testing.T, address func(*testing.T) string) {
	for name, c := range map[string]struct {
		args []string
		code int
		says string
		left string
	}{
		"a person":                  {[]string{"--user", "U1", "--yes"}, exitOK, "turns          2\nDeleted 2 rows", "U2"},
		"a person of a platform":    {[]string{"--user", "U1", "--platform", "teams", "--yes"}, exitOK, "nothing to delete", "U1 U1 U2"},
		"a person of a workspace":   {[]string{"--user", "U1", "--platform", "slack", "--workspace", "T1", "--yes"}, exitOK, "Deleted 2", "U2"},
		"what is older than a day":  {[]string{"--before", "2025-06-01", "--yes"}, exitOK, "Deleted 1", "U1 U2"},
		"a person's older texts":    {[]string{"--user", "U1", "--before", "2025-01-01", "--yes"}, exitOK, "Deleted 1", "U1 U2"},
		"someone unknown":           {[]string{"--user", "U9", "--yes"}, exitOK, "nothing to delete", "U1 U1 U2"},
		"a dry run":                 {[]string{"--user", "U1", "--dry-run"}, exitOK, "turns          2\n", "U1 U1 U2"},
		"a dry run with a yes":      {[]string{"--user", "U1", "--dry-run", "--yes"}, exitOK, "turns          2\n", "U1 U1 U2"},
		"nothing said":              {nil, exitUsage, "--user", "U1 U1 U2"},
		"a platform alone":          {[]string{"--platform", "slack", "--yes"}, exitUsage, "--user", "U1 U1 U2"},
		"no terminal and no yes":    {[]string{"--user", "U1"}, exitUsage, "--yes", "U1 U1 U2"},
		"a day that is none":        {[]string{"--before", "2025-02-30", "--yes"}, exitUsage, "2025-01-31", "U1 U1 U2"},
		"something that is no flag": {[]string{"U1", "--yes"}, exitUsage, "unexpected", "U1 U1 U2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := remembered(t, address(t))
			if code, says := purged(t, c.args...); code != c.code || !strings.Contains(says, c.says) {
				t.Errorf("exit %d, %q; want %d and %q", code, says, c.code, c.says)
			}
			if left := authors(t, s); left != c.left {
				t.Errorf("left are %q, want %q", left, c.left)
			}
		})
	}
}

func TestPurgeAsks(t *testing.T) {
	s := remembered(t, filepath.Join(t.TempDir(), "state.sqlite"))
	for _, c := range []struct{ answer, says, left string }{
		{"\n", "Nothing has been deleted.", "U1 U1 U2"},
		{"", "Nothing has been deleted.", "U1 U1 U2"},
		{"no\n", "Nothing has been deleted.", "U1 U1 U2"},
		{"yesterday\n", "Nothing has been deleted.", "U1 U1 U2"},
		{" Yes \n", "Deleted 2", "U2"},
	} {
		var out bytes.Buffer
		ask := func() (bool, error) { return asked(strings.NewReader(c.answer), &out, "Delete this? ") }
		if err := purge(t.Context(), s, state.PurgeRequest{User: "U1"}, ask, &out); err != nil || !strings.Contains(out.String(), "turns          2\nDelete this? ") || !strings.Contains(out.String(), c.says) {
			t.Errorf("%q: %q, %v; want %q", c.answer, out.String(), err, c.says)
		}
		if left := authors(t, s); left != c.left {
			t.Errorf("%q: left are %q, want %q", c.answer, left, c.left)
		}
	}
}

func TestPurgeOfADatabaseWithoutTables(t *testing.T) {
	t.Setenv(envDatabase, filepath.Join(t.TempDir(), "state.sqlite"))
	if code, says := purged(t, "--user", "U1", "--yes"); code != exitFailure || !strings.Contains(says, "kakehashi migrate up") {
		t.Errorf("exit %d, %q", code, says)
	}
}
