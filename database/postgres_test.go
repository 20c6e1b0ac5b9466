package database_test

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"kakehashi/database"
	"kakehashi/e2e/postgres"
)

func open(t testing.TB, address string) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), address)
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

func exec(t testing.TB, db *database.DB, statement string) {
	t.Helper()
	if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// with changes an address: user and password where there is a user, and settings.
func with(t testing.TB, address, user, password string, settings ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		u.User = url.UserPassword(user, password)
	}
	query := u.Query()
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func TestPostgresFaultsAreToldWithTheWayOut(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	plain := postgres.Start(t, "ssl=off")
	standby := postgres.Start(t).Standby()
	stopped := postgres.Start(t)
	stopped.Stop()
	exec(t, open(t, server.URL()), "CREATE ROLE guest LOGIN PASSWORD 'guest'; CREATE TABLE secrets (n int)")
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	named := func(host string) string {
		v := *u
		v.Host = host + ":" + u.Port()
		return v.String()
	}
	isUnknownAuthority := func(err error) bool { var e x509.UnknownAuthorityError; return errors.As(err, &e) }
	isHostname := func(err error) bool { var e x509.HostnameError; return errors.As(err, &e) }
	isAnswer := func(code string) func(error) bool {
		return func(err error) bool { var e *pgconn.PgError; return errors.As(err, &e) && e.Code == code }
	}
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	for name, c := range map[string]struct {
		address, statement string
		fault, remedy      string
		reaches            func(error) bool
	}{
		"server down":           {stopped.URL(), "", "is down", "start it", is(syscall.ECONNREFUSED)},
		"no such host":          {named("nowhere.invalid"), "", "nowhere.invalid", "look at", nil},
		"wrong password":        {with(t, server.URL(), "postgres", "wrong"), "", "refuses the user or the password", "%40", isAnswer("28P01")},
		"no such role":          {with(t, server.URL(), "nobody", "x"), "", "refuses the user or the password", "look at both", isAnswer("28P01")},
		"no such database":      {strings.Replace(server.URL(), "/postgres?", "/elsewhere?", 1), "", "no such database", "create it", isAnswer("3D000")},
		"TLS refused":           {with(t, plain.URL(), "", "", "sslmode=require"), "", "speaks no TLS", "ssl", nil},
		"unknown authority":     {with(t, server.URL(), "", "", "sslmode=verify-full"), "", "unknown authority", "sslrootcert=FILE", isUnknownAuthority},
		"another name":          {with(t, named("localhost"), "", "", "sslmode=verify-full", "sslrootcert="+server.Certificate()), "", "another name", "as the certificate has it", isHostname},
		"standby":               {standby.URL(), "CREATE TABLE t (n int)", "is read-only", "target_session_attrs=read-write", isAnswer("25006")},
		"standby not wanted":    {with(t, standby.URL(), "", "", "target_session_attrs=read-write"), "", "takes no writes", "primary", is(pgconn.ErrReadOnlyConnection)},
		"standby wanted":        {with(t, server.URL(), "", "", "target_session_attrs=standby"), "", "is no standby", "target_session_attrs", is(pgconn.ErrPrimaryConnection)},
		"no right":              {with(t, server.URL(), "guest", "guest"), "SELECT * FROM secrets", "permission denied for table secrets", "kakehashi migrate roles", isAnswer("42501")},
		"no table":              {server.URL(), "SELECT * FROM nothing", "missing or of another version", "kakehashi migrate up", isAnswer("42P01")},
		"statement took long":   {with(t, server.URL(), "", "", "statement_timeout=20ms"), "SELECT pg_sleep(600)", "took too long", "statement_timeout", isAnswer("57014")},
		"connection cut":        {server.URL(), "SELECT pg_terminate_backend(pg_backend_pid())", "stopping or starting", "try again", isAnswer("57P01")},
		"the query's own fault": {server.URL(), "SELECT 1/0", "", "", isAnswer("22012")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, c.address)
			if c.statement == "" {
				c.statement = "SELECT 1"
			}
			_, err := db.SQL.ExecContext(t.Context(), c.statement)
			if err == nil {
				t.Fatal("no error")
			}
			told := new(database.Error)
			err = db.Explain(err)
			if is := errors.As(err, &told); is != (c.fault != "") || !strings.Contains(told.Fault, c.fault) || !strings.Contains(told.Remedy, c.remedy) {
				t.Errorf("%v; want %q and %q", err, c.fault, c.remedy)
			}
			if c.reaches != nil && !c.reaches(err) {
				t.Errorf("%v: the cause is not to be reached", err)
			}
			if again := db.Explain(err); again != err {
				t.Errorf("explained twice: %v", again)
			}
		})
	}
}

func TestPostgresWithoutTLSWhereTheServerWantsIt(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	exec(t, open(t, server.URL()), `DO $$ BEGIN
		EXECUTE format('COPY (SELECT ''hostssl all all 127.0.0.1/32 scram-sha-256'') TO %L', current_setting('hba_file'));
	END $$`)
	server.Stop()
	server.Restart()
	db := open(t, server.URL())
	err := db.Explain(db.SQL.PingContext(t.Context()))
	if told := new(database.Error); !errors.As(err, &told) || !strings.Contains(told.Fault, "without TLS") || !strings.Contains(told.Remedy, "sslmode=verify-full") {
		t.Errorf("%v", err)
	}
	db = open(t, with(t, server.URL(), "", "", "sslmode=require"))
	if err := db.SQL.PingContext(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPostgresGrantsNoMoreConnections(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, "max_connections=4", "superuser_reserved_connections=0", "max_wal_senders=0")
	db := open(t, server.URL())
	var err error
	for range 5 {
		var conn *sql.Conn
		if conn, err = db.SQL.Conn(t.Context()); err != nil {
			break
		}
		defer conn.Close()
	}
	told := new(database.Error)
	if err = db.Explain(err); !errors.As(err, &told) || !strings.Contains(told.Fault, "no more connections") || !strings.Contains(told.Remedy, "pool_max_conns") {
		t.Errorf("%v", err)
	}
}

func TestPostgresFullPoolIsToldFromASlowQuery(t *testing.T) {
	t.Parallel()
	db := open(t, with(t, postgres.Database(t), "", "", "pool_max_conns=1"))
	conn, err := db.SQL.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // does nothing the second time
	over, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	err = db.Explain(db.SQL.PingContext(over))
	if told := new(database.Error); !errors.As(err, &told) || !strings.Contains(told.Fault, "all 1 connections") || !strings.Contains(told.Remedy, "pool_max_conns") {
		t.Errorf("a full pool: %v", err)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v hides the deadline", err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.SQL.PingContext(over); err == nil || db.Explain(err) != err {
		t.Errorf("a deadline that has passed before: %v", db.Explain(err))
	}
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := db.SQL.ExecContext(soon, "SELECT pg_sleep(600)"); err == nil || db.Explain(err) != err {
		t.Errorf("a slow query: %v", db.Explain(err))
	}
}

func TestPostgresWaitsAreSetUnlessTheOperatorHasSetThem(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	exec(t, open(t, server.URL()), `CREATE ROLE patient SUPERUSER LOGIN PASSWORD 'p'; ALTER ROLE patient SET statement_timeout = '7s'`)
	for name, c := range map[string]struct {
		address string
		want    map[string]string
		conns   int32
	}{
		"by default": {server.URL(), map[string]string{"statement_timeout": "1min", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "1min", "application_name": "kakehashi"}, 16},
		"by the address": {
			with(t, server.URL(), "", "", "statement_timeout=5s", "lock_timeout=0", "application_name=advisor", "pool_max_conns=3"),
			map[string]string{"statement_timeout": "5s", "lock_timeout": "0", "idle_in_transaction_session_timeout": "1min", "application_name": "advisor"}, 3,
		},
		"by the role": {with(t, server.URL(), "patient", "p"), map[string]string{"statement_timeout": "7s", "lock_timeout": "10s"}, 16},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, c.address)
			for setting, want := range c.want {
				var got string
				if err := db.SQL.QueryRowContext(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
					t.Errorf("%s is %q, want %q: %v", setting, got, want, err)
				}
			}
			if got := db.Pool.Config().MaxConns; got != c.conns {
				t.Errorf("%d connections, want %d", got, c.conns)
			}
		})
	}
}

func TestPostgresTLSModesAreThoseOfLibpq(t *testing.T) {
	t.Parallel()
	server, plain := postgres.Start(t), postgres.Start(t, "ssl=off")
	for _, c := range []struct {
		server    *postgres.Server
		settings  []string
		encrypted bool
	}{
		{server, []string{"sslmode=disable"}, false},
		{server, []string{"sslmode=allow"}, false},
		{server, []string{"sslmode=prefer"}, true},
		{server, []string{"sslmode=require"}, true},
		{server, []string{"sslmode=verify-ca", "sslrootcert=" + server.Certificate()}, true},
		{server, []string{"sslmode=verify-full", "sslrootcert=" + server.Certificate()}, true},
		{plain, []string{"sslmode=prefer"}, false},
	} {
		t.Run(c.settings[0], func(t *testing.T) {
			t.Parallel()
			db := open(t, with(t, c.server.URL(), "", "", c.settings...))
			var encrypted bool
			if err := db.SQL.QueryRowContext(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&encrypted); err != nil || encrypted != c.encrypted {
				t.Errorf("encrypted: %t, want %t: %v", encrypted, c.encrypted, err)
			}
		})
	}
}

func TestPostgresFailsOverToTheHostThatTakesWrites(t *testing.T) {
	t.Parallel()
	first := postgres.Start(t)
	exec(t, open(t, first.URL()), "CREATE TABLE kept (n int)")
	second := first.Standby()
	host := func(s *postgres.Server) string {
		u, err := url.Parse(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		return u.Host
	}
	both := strings.Replace(first.URL(), host(first), host(second)+","+host(first), 1) // the standby first
	db := open(t, both+"&target_session_attrs=read-write")
	exec(t, db, "INSERT INTO kept VALUES (1)")
	first.Kill()
	told := new(database.Error)
	_, err := db.SQL.ExecContext(t.Context(), "INSERT INTO kept VALUES (2)")
	if err = db.Explain(err); !errors.As(err, &told) {
		t.Errorf("while no host takes writes: %v", err)
	}
	// The pool may hold more connections that are cut; a new one finds that the standby is none to write to.
	db.Pool.Reset()
	_, err = db.SQL.ExecContext(t.Context(), "INSERT INTO kept VALUES (2)")
	if err = db.Explain(err); !errors.As(err, &told) || !strings.Contains(told.Fault, "takes no writes") {
		t.Errorf("while no host takes writes: %v", err)
	}
	second.Promote()
	exec(t, db, "INSERT INTO kept VALUES (3)")
	var n int
	if err := db.SQL.QueryRowContext(t.Context(), "SELECT sum(n) FROM kept").Scan(&n); err != nil || n != 4 {
		t.Errorf("the sum is %d, want 1+3: %v", n, err)
	}
}
