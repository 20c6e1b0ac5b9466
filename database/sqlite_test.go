package database_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"kakehashi/database"
)

func TestSQLiteFileIsMadeForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a folder", "100% new?#&.sqlite")
	db := open(t, path)
	exec(t, db, "CREATE TABLE t (n int)")
	for _, file := range []string{path, path + "-wal"} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %s", filepath.Base(file), info.Mode())
		}
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		if err := db.SQL.QueryRowContext(t.Context(), "SELECT * FROM pragma_"+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s: %v", pragma, got, want, err)
		}
	}
}

func TestSQLiteFaultsAreToldWithTheWayOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare       func(t *testing.T, path string) string
		fault, remedy string
	}{
		"no folder to be made": {func(t *testing.T, path string) string {
			write(t, path, "a file")
			return filepath.Join(path, "state.sqlite")
		}, "folder of the database cannot be made", "name a file"},
		"a folder in its place": {func(t *testing.T, path string) string {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
			return path
		}, "cannot be written", "name a file"},
		"no database": {func(t *testing.T, path string) string {
			write(t, path, strings.Repeat("no database ", 100))
			return path
		}, "is no database", "name another file"},
		"damaged": {func(t *testing.T, path string) string {
			db, err := database.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			exec(t, db, "CREATE TABLE t (n int)")
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			copy(content[100:], strings.Repeat("\xff", 500)) // the first page, behind its header
			write(t, path, string(content))
			return path
		}, "is damaged", "restore it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := database.Open(t.Context(), c.prepare(t, filepath.Join(t.TempDir(), "x")))
			if err == nil {
				defer db.Close()
				err = second(db.Migrate(t.Context()))
			}
			if told := new(database.Error); !errors.As(err, &told) || !strings.Contains(told.Fault, c.fault) || !strings.Contains(told.Remedy, c.remedy) {
				t.Errorf("%v; want %q and %q", err, c.fault, c.remedy)
			}
		})
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
