package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"kakehashi/e2e/postgres"
)

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func rows(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM kept").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEachTestGetsADatabaseOfItsOwnThatGoesWithIt(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	made := map[string]bool{}
	t.Run("at once", func(t *testing.T) {
		for range 4 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				address := postgres.Database(t)
				exec(t, connect(t, address), "CREATE TABLE kept (n int)")
				mutex.Lock()
				defer mutex.Unlock()
				made[address] = true
			})
		}
	})
	server := postgres.Database(t) // where these are skipped, so is this
	if len(made) != 4 {
		t.Errorf("%d databases for 4 tests", len(made))
	}
	conn := connect(t, server)
	for address := range made {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		var there bool
		if err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", u.Path[1:]).Scan(&there); err != nil || there {
			t.Errorf("the database is left behind: %v", err)
		}
	}
}

func TestAKilledServerKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	conn := connect(t, server.URL())
	exec(t, conn, "CREATE TABLE kept (n int)")
	exec(t, conn, "INSERT INTO kept SELECT generate_series(1, 1000)")
	exec(t, conn, "BEGIN")
	exec(t, conn, "INSERT INTO kept VALUES (1001)")
	server.Kill()
	if _, err := conn.Exec(t.Context(), "COMMIT"); err == nil {
		t.Error("a killed server answers")
	}
	if _, err := pgx.Connect(t.Context(), server.URL()); err == nil {
		t.Error("a killed server takes connections")
	}
	server.Restart()
	if n := rows(t, connect(t, server.URL())); n != 1000 {
		t.Errorf("%d rows after the kill; want the 1000 that were committed", n)
	}
}

func TestAStoppedServerRollsBackWhatIsOpen(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	conn := connect(t, server.URL())
	exec(t, conn, "CREATE TABLE kept (n int)")
	exec(t, conn, "BEGIN")
	exec(t, conn, "INSERT INTO kept VALUES (1)")
	server.Stop()
	server.Restart()
	if n := rows(t, connect(t, server.URL())); n != 0 {
		t.Errorf("%d rows of a transaction that was not committed", n)
	}
}

func TestAStandbyIsReadOnlyUntilItIsPromoted(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	first := connect(t, server.URL())
	exec(t, first, "CREATE TABLE kept (n int)")
	standby := server.Standby()
	exec(t, connect(t, server.URL()), "INSERT INTO kept VALUES (1)")
	second := connect(t, standby.URL())
	if n := rows(t, second); n != 1 {
		t.Fatalf("the standby shows %d rows; want the one that was committed", n)
	}
	var refused *pgconn.PgError
	if _, err := second.Exec(t.Context(), "INSERT INTO kept VALUES (2)"); !errors.As(err, &refused) || refused.Code != "25006" {
		t.Fatalf("writing to the standby: %v; want read_only_sql_transaction", err)
	}
	server.Kill()
	standby.Promote()
	exec(t, second, "INSERT INTO kept VALUES (2)")
	if n := rows(t, second); n != 2 {
		t.Errorf("%d rows after the promotion; want 2", n)
	}
}

func TestSettingsReplaceThoseOfThePackage(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgres.Start(t, "max_connections=7", "fsync=on").URL())
	for setting, want := range map[string]string{"max_connections": "7", "fsync": "on", "ssl": "on"} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q: %v", setting, got, want, err)
		}
	}
}

func TestAServerAsksForThePassword(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("postgres", "wrong")
	var refused *pgconn.PgError
	if _, err := pgx.Connect(t.Context(), u.String()); !errors.As(err, &refused) || refused.Code != "28P01" {
		t.Errorf("a wrong password: %v; want invalid_password", err)
	}
}

func TestAServerShowsItsCertificate(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {server.Certificate()}}.Encode()
	connect(t, u.String())
}
