package database

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kakehashi/e2e/postgres"
)

// The variables by which a test starts this program again, to migrate as another
// process does.
const (
	envAddress = "KAKEHASHI_TEST_MIGRATE"
	envSteps   = "KAKEHASHI_TEST_MIGRATE_STEPS"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(envAddress); address != "" {
		os.Exit(migrateAlone(address, os.Getenv(envSteps)))
	}
	os.Exit(m.Run())
}

func migrateAlone(address, named string) int {
	ctx := context.Background()
	db, err := Open(ctx, address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer db.Close()
	run, err := db.migrate(ctx, steps[named])
	if err != nil {
		fmt.Fprintln(os.Stderr, db.Explain(err))
		return 1
	}
	for _, name := range run {
		fmt.Println(name)
	}
	return 0
}

// files are migrations, the same for both kinds of database.
func files(statements ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i, s := range statements {
		for _, kind := range []string{"postgres", "sqlite"} {
			out[fmt.Sprintf("migrations/%s/%05d_step.sql", kind, i+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + s)}
		}
	}
	return out
}

const (
	first  = "CREATE TABLE ran (step integer); INSERT INTO ran VALUES (1);"
	second = "INSERT INTO ran VALUES (2);"
	third  = "INSERT INTO ran VALUES (3);"
)

// steps are sets of migrations that another process can be told to run.
var steps = map[string]fs.FS{
	"three": files(first, second, third),
	"two":   files(first, second),
	// A statement in the middle of a migration that does not end by itself.
	"endless": func() fs.FS {
		out := files(first)
		out["migrations/postgres/00002_step.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE half (n integer);\nSELECT pg_sleep(600);")}
		out["migrations/sqlite/00002_step.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE half (n integer);\n" +
			"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT max(i) FROM n;")}
		return out
	}(),
}

// eachKind runs a test on an empty database of each kind.
func eachKind(t *testing.T, test func(t *testing.T, address string)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "state.sqlite"))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		test(t, postgres.Database(t))
	})
}

func opened(t *testing.T, address string) *DB {
	t.Helper()
	db, err := Open(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func ran(t *testing.T, db *DB) (n int) {
	t.Helper()
	if err := db.SQL.QueryRowContext(t.Context(), "SELECT count(*) FROM ran").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func another(t *testing.T, address, named string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), envAddress+"="+address, envSteps+"="+named)
	return cmd
}

func TestMigrateRunsWhatIsPendingAndStatusTells(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, address string) {
		db := opened(t, address)
		var told *Error
		if err := db.Check(t.Context()); !errors.As(err, &told) || !strings.Contains(told.Fault, "no tables yet") || told.Remedy != migrateUp {
			t.Errorf("before: %v", err)
		}
		pending, err := db.Status(t.Context())
		if err != nil || len(pending) == 0 || !pending[0].Applied.IsZero() {
			t.Fatalf("before: %v, %v", pending, err)
		}
		start := time.Now().Add(-time.Minute)
		run, err := db.Migrate(t.Context())
		if err != nil || len(run) != len(pending) || run[0] != pending[0].Name {
			t.Fatalf("run %q of %v: %v", run, pending, err)
		}
		if err := db.Check(t.Context()); err != nil {
			t.Errorf("after: %v", err)
		}
		applied, err := db.Status(t.Context())
		if err != nil || len(applied) != len(pending) {
			t.Fatalf("after: %v, %v", applied, err)
		}
		for i, m := range applied {
			if m.Name != pending[i].Name || m.Applied.Before(start) || m.Applied.After(time.Now().Add(time.Minute)) {
				t.Errorf("%s was applied at %s", m.Name, m.Applied)
			}
		}
		if again, err := db.Migrate(t.Context()); err != nil || len(again) != 0 {
			t.Errorf("again: %q, %v", again, err)
		}
	})
}

func TestMigrateLetsOneOfSeveralProcessesRunEachStep(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, address string) {
		var processes []*exec.Cmd
		outputs := make([]strings.Builder, 6)
		for i := range outputs {
			cmd := another(t, address, "three")
			cmd.Stdout, cmd.Stderr = &outputs[i], &outputs[i]
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			processes = append(processes, cmd)
		}
		times := map[string]int{}
		for i, cmd := range processes {
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %s", err, &outputs[i])
			}
			for line := range strings.Lines(outputs[i].String()) {
				times[strings.TrimSpace(line)]++
			}
		}
		if want := map[string]int{"00001_step.sql": 1, "00002_step.sql": 1, "00003_step.sql": 1}; !maps.Equal(times, want) {
			t.Errorf("run: %v; want each once", times)
		}
		if n := ran(t, opened(t, address)); n != 3 {
			t.Errorf("%d steps have run; want 3", n)
		}
	})
}

func TestMigrateKilledLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, address string) {
		cmd := another(t, address, "endless")
		errs, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		db := opened(t, address)
		for !inTheMiddle(t, db) {
			if t.Context().Err() != nil {
				t.Fatal("the other process does not get there")
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(errs); lines.Scan(); {
			t.Error(lines.Text())
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the other process was not killed")
		}
		release(t, db)
		if _, err := db.SQL.ExecContext(t.Context(), "SELECT * FROM half"); err == nil {
			t.Error("half a migration is left")
		}
		if run, err := db.migrate(t.Context(), steps["three"]); err != nil || len(run) != 2 || ran(t, db) != 3 {
			t.Errorf("afterwards: %q, %v", run, err)
		}
	})
}

const sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active'"

// inTheMiddle tells whether another process is in the endless statement.
func inTheMiddle(t *testing.T, db *DB) bool {
	t.Helper()
	if db.Postgres() {
		var n int
		if err := db.SQL.QueryRowContext(t.Context(), sleeping).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n > 0
	}
	// SQLite's processes show nothing but their lock on the file, which the first step
	// takes too: that one must be done.
	if applied, err := db.applied(t.Context()); err != nil || len(applied) != 1 {
		return false
	}
	impatient, err := openFile(db.path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer impatient.Close()
	tx, err := impatient.BeginTx(t.Context(), nil)
	if err == nil {
		_ = tx.Rollback()
	}
	return err != nil
}

// release ends what a killed process has left running on the server: that one sees
// only at its next word that nobody listens.
func release(t *testing.T, db *DB) {
	t.Helper()
	if !db.Postgres() {
		return
	}
	if _, err := db.SQL.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
		t.Fatal(err)
	}
}

func TestMigrateThatFailsKeepsTheStepsBefore(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, address string) {
		db := opened(t, address)
		run, err := db.migrate(t.Context(), files(first, "INSERT INTO ran VALUES (2); INSERT INTO nothing VALUES (1);", third))
		if err == nil || len(run) != 1 || ran(t, db) != 1 {
			t.Errorf("%q, %v; want the first step alone", run, err)
		}
	})
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, address string) {
		db := opened(t, address)
		if _, err := db.migrate(t.Context(), steps["three"]); err != nil {
			t.Fatal(err)
		}
		var told *Error
		if run, err := db.migrate(t.Context(), steps["two"]); !errors.As(err, &told) || !strings.Contains(told.Fault, "newer program") || len(run) != 0 {
			t.Errorf("%q, %v", run, err)
		}
	})
}

func TestCheckCountsWhatIsPending(t *testing.T) {
	t.Parallel()
	db := opened(t, filepath.Join(t.TempDir(), "state.sqlite"))
	if _, err := db.migrate(t.Context(), steps["two"]); err != nil {
		t.Fatal(err)
	}
	var told *Error
	if err := db.check(t.Context(), steps["three"]); !errors.As(err, &told) || !strings.Contains(told.Fault, "1 of 3 migrations") || told.Remedy != migrateUp {
		t.Errorf("%v", err)
	}
}
