package state_test

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/bot/state/statetest"
	"kakehashi/database"
	"kakehashi/e2e/postgres"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	statetest.Run(t, func(t *testing.T) statetest.Fixture {
		var now atomic.Int64
		now.Store(start.UnixMicro())
		path := filepath.Join(t.TempDir(), "state.sqlite")
		return statetest.Fixture{
			DB: migrated(t, path),
			Open: func(t *testing.T, o state.Options) *state.Store {
				o.MachineTime = func() time.Time { return time.UnixMicro(now.Load()) }
				return open(t, path, o)
			},
			Advance: func(_ *testing.T, d time.Duration) { now.Add(d.Microseconds()) },
			Holds: func(t *testing.T, text string) bool {
				files, err := filepath.Glob(path + "*")
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					content, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					if strings.Contains(string(content), text) {
						return true
					}
				}
				return false
			},
		}
	})
}

// TestPostgres sets the server's clock, by a function of that name before the server's
// own. The replicas' clocks are all wrong.
func TestPostgres(t *testing.T) {
	t.Parallel()
	statetest.Run(t, func(t *testing.T) statetest.Fixture {
		address := postgres.Database(t)
		run(t, opened(t, address), `
			CREATE SCHEMA mask;
			CREATE TABLE mask.clock (us bigint);
			CREATE FUNCTION mask.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
				$$ SELECT 'epoch'::timestamptz + us * interval '1 microsecond' FROM mask.clock $$`)
		run(t, opened(t, address), `INSERT INTO mask.clock VALUES ($1)`, start.UnixMicro())
		address = with(t, address, "search_path", "mask,pg_catalog,public")
		db := migrated(t, address)
		var replicas atomic.Int64
		return statetest.Fixture{
			DB: db,
			Open: func(t *testing.T, o state.Options) *state.Store {
				wrong := []time.Duration{24 * time.Hour, -24 * time.Hour, time.Hour, -time.Hour}[replicas.Add(1)%4]
				o.MachineTime = func() time.Time { return time.Now().Add(wrong) }
				return open(t, address, o)
			},
			Advance: func(t *testing.T, d time.Duration) {
				run(t, db, `UPDATE mask.clock SET us = us + $1`, d.Microseconds())
			},
			Holds: func(t *testing.T, text string) bool {
				rows, err := db.SQL.QueryContext(t.Context(), `
					SELECT query_to_xml(format('SELECT * FROM %I.%I', schemaname, tablename), true, false, '')::text FROM pg_tables
					WHERE schemaname IN ('mask', 'public')`)
				if err != nil {
					t.Fatal(err)
				}
				return strings.Contains(strings.Join(collected(t, rows), ""), text)
			},
		}
	})
}

func collected(t *testing.T, rows *sql.Rows) []string {
	t.Helper()
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

var start = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func opened(t testing.TB, address string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func migrated(t testing.TB, address string) *database.DB {
	t.Helper()
	db := opened(t, address)
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// open is a replica on a database that is migrated.
func open(t testing.TB, address string, o state.Options) *state.Store {
	t.Helper()
	s, err := state.Open(t.Context(), opened(t, address), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t testing.TB, db *database.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.SQL.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// with sets a setting of an address.
func with(t testing.TB, address, setting, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set(setting, value)
	u.RawQuery = query.Encode()
	return u.String()
}
