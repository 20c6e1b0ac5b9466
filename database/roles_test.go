package database_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"kakehashi/database"
	"kakehashi/e2e/postgres"
)

// The tables that the app writes: a new one is read-only to it until it stands here, too.
var written = []string{
	"answers", "chains", "citations", "contexts", "conversations", "cursors", "deliveries",
	"events", "feedback", "leases", "once", "sign_offs", "slack_installs", "subscriptions", "turns",
}

func TestPostgresRolesMayDoTheirWorkAndNothingElse(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	admin := open(t, server.URL())
	for range 2 { // it may be run again
		exec(t, admin, database.Roles)
	}
	exec(t, admin, `ALTER ROLE kakehashi_owner PASSWORD 'p'; ALTER ROLE kakehashi_app PASSWORD 'p'; ALTER ROLE kakehashi_reader PASSWORD 'p'; CREATE ROLE stranger LOGIN PASSWORD 'p'`)
	owner := open(t, with(t, server.URL(), "kakehashi_owner", "p"))
	for range 2 {
		if _, err := owner.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, owner, "SELECT add_space(7)") // tables that come later
	app := open(t, with(t, server.URL(), "kakehashi_app", "p"))
	reader := open(t, with(t, server.URL(), "kakehashi_reader", "p"))
	for name, c := range map[string]struct {
		db   *database.DB
		want database.Rights
	}{
		"admin":  {admin, database.Rights{Role: "postgres", Superuser: true, Owner: true}},
		"owner":  {owner, database.Rights{Role: "kakehashi_owner", Owner: true}},
		"app":    {app, database.Rights{Role: "kakehashi_app"}},
		"reader": {reader, database.Rights{Role: "kakehashi_reader", Unwritten: written}},
	} {
		if err := c.db.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := c.db.Rights(t.Context()); err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v: %v", name, got, c.want, err)
		}
	}

	var tables []string
	if err := owner.Pool.QueryRow(t.Context(), "SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')").Scan(&tables); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(tables, "vectors_7") || !slices.Contains(tables, "documents") {
		t.Fatalf("the tables are %q", tables)
	}
	const rights = `
SELECT has_table_privilege($1, $2, 'SELECT'), has_table_privilege($1, $2, 'INSERT'), has_table_privilege($1, $2, 'UPDATE'), has_table_privilege($1, $2, 'DELETE'),
	has_table_privilege($1, $2, 'TRUNCATE, REFERENCES, TRIGGER')`
	for _, table := range tables {
		writes := slices.Contains(written, table)
		for role, want := range map[string][5]bool{
			"kakehashi_app":    {true, writes, writes, writes, false},
			"kakehashi_reader": {true, false, false, false, false},
		} {
			var got [5]bool
			if err := owner.Pool.QueryRow(t.Context(), rights, role, table).Scan(&got[0], &got[1], &got[2], &got[3], &got[4]); err != nil || got != want {
				t.Errorf("%s on %s may select, insert, update, delete, other: %t, want %t: %v", role, table, got, want, err)
			}
		}
	}
	for _, table := range written {
		if !slices.Contains(tables, table) {
			t.Errorf("there is no table %s", table)
		}
	}

	for _, statement := range []string{
		"UPDATE index_state SET generation = 0",
		"DELETE FROM documents",
		"INSERT INTO dead VALUES (1)",
		"TRUNCATE passages",
		"INSERT INTO vectors_7 VALUES (7, 1, 0, '')",
		"SELECT add_space(8)",
		"SELECT index_space(7, 3)",
		"CREATE TABLE mine (n int)",
		"CREATE TEMPORARY TABLE mine (n int)",
		"CREATE SCHEMA mine",
		"CREATE EXTENSION pg_trgm",
		"CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"ALTER TABLE documents ADD COLUMN n int",
		"DROP TABLE documents",
		"CREATE INDEX ON documents (kind)",
		"CREATE ROLE another",
		"SET ROLE kakehashi_owner",
		"COPY documents TO PROGRAM 'true'",
		"SELECT pg_read_file('postgresql.conf')",
		"UPDATE goose_db_version SET is_applied = false",
	} {
		for name, db := range map[string]*database.DB{"app": app, "reader": reader} {
			_, err := db.SQL.ExecContext(t.Context(), statement)
			if denied := new(pgconn.PgError); !errors.As(err, &denied) || denied.Code != "42501" && denied.Code != "25006" {
				t.Errorf("the %s: %s: %v; want it denied", name, statement, err)
			}
		}
	}
	for _, statement := range []string{
		"SELECT id, head FROM documents",
		"SELECT text FROM passages",
		"SELECT * FROM nearest(7, 3, '[1,2,3]', 10)",
		"SELECT version_id FROM goose_db_version",
		"SELECT text FROM turns",
	} {
		for name, db := range map[string]*database.DB{"app": app, "reader": reader} {
			if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
				t.Errorf("the %s: %s: %v", name, statement, err)
			}
		}
	}
	for _, statement := range []string{
		"INSERT INTO turns (platform, workspace, channel, thread, message, person, role, text, answer, at) VALUES ('p', 'w', 'c', 't', 'm', 'u', 'user', 'x', '', 1)",
		"UPDATE turns SET text = ''",
		"DELETE FROM turns",
	} {
		if _, err := app.SQL.ExecContext(t.Context(), statement); err != nil {
			t.Errorf("the app: %s: %v", statement, err)
		}
	}
	stranger := open(t, with(t, server.URL(), "stranger", "p"))
	if err := stranger.SQL.PingContext(t.Context()); err == nil {
		t.Error("a role that is none of these may connect")
	}
}
