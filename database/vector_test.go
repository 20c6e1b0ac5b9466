package database_test

import (
	"errors"
	"strings"
	"testing"

	"kakehashi/database"
	"kakehashi/e2e/postgres"
)

func TestPostgresWithoutAFitPgvectorIsToldBeforeAnythingIsChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		installed, available string
		fault, remedy        string
	}{
		"not on the server":       {"", "", "the database server has no pgvector", "-pgvector"},
		"too old on the server":   {"", "0.7.4", "the database server has pgvector 0.7.4", "-pgvector"},
		"too old on both":         {"0.4.1", "0.7.4", "the database server has pgvector 0.7.4", "-pgvector"},
		"too old in the database": {"0.7.4", "0.10.0", "the database has pgvector 0.7.4", "ALTER EXTENSION vector UPDATE"},
		"newer than this program": {"1.0.0", "1.0.0", "", ""},
		"not yet in the database": {"", "0.8.1", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := postgres.Database(t)
			plain := open(t, address)
			// What the server says of its extensions is masked: a schema before the
			// catalogue's has views of the same names.
			exec(t, plain, "CREATE SCHEMA mask; CREATE TABLE mask.pg_extension (extname text, extversion text); CREATE TABLE mask.pg_available_extensions (name text, default_version text)")
			if c.installed != "" {
				if _, err := plain.SQL.ExecContext(t.Context(), "INSERT INTO mask.pg_extension VALUES ('vector', $1)", c.installed); err != nil {
					t.Fatal(err)
				}
			}
			if c.available != "" {
				if _, err := plain.SQL.ExecContext(t.Context(), "INSERT INTO mask.pg_available_extensions VALUES ('vector', $1)", c.available); err != nil {
					t.Fatal(err)
				}
			}
			db := open(t, with(t, address, "", "", "search_path=mask,pg_catalog,public"))
			version, err := db.Vector(t.Context())
			if version != c.installed {
				t.Errorf("version %q, want %q", version, c.installed)
			}
			if c.fault == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			for _, err := range []error{err, second(db.Migrate(t.Context()))} {
				told := new(database.Error)
				if !errors.As(err, &told) || !strings.Contains(told.Fault, c.fault) || !strings.Contains(told.Remedy, c.remedy) {
					t.Errorf("%v; want %q and %q", err, c.fault, c.remedy)
				}
			}
			var tables int
			if err := plain.SQL.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'mask')").Scan(&tables); err != nil || tables != 2 {
				t.Errorf("%d tables, want the mask's two: %v", tables, err)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestPostgresRolesThatMayNotMigrateAreToldWhatTheyLack(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	admin := open(t, server.URL())
	exec(t, admin, `CREATE ROLE guest LOGIN PASSWORD 'p'; CREATE ROLE maker LOGIN PASSWORD 'p'; GRANT CREATE ON SCHEMA public TO maker`)
	for _, c := range []struct{ user, fault, remedy string }{
		{"guest", "may make no tables in the schema public", "GRANT CREATE ON SCHEMA public TO guest"},
		{"maker", "may not make the extension vector", "CREATE EXTENSION vector"},
	} {
		db := open(t, with(t, server.URL(), c.user, "p"))
		_, err := db.Migrate(t.Context())
		if told := new(database.Error); !errors.As(err, &told) || !strings.Contains(told.Fault, c.user+" "+c.fault) || !strings.Contains(told.Remedy, c.remedy) {
			t.Errorf("%s: %v; want %q and %q", c.user, err, c.fault, c.remedy)
		}
	}
	exec(t, admin, "CREATE EXTENSION vector")
	if _, err := open(t, with(t, server.URL(), "maker", "p")).Migrate(t.Context()); err != nil {
		t.Errorf("with what was advised: %v", err)
	}
}
