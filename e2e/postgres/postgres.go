// Package postgres gives tests a real Postgres with pgvector: a database of their own
// on a server that runs, or a server of their own, to kill, restart and replicate. It
// serves tests only; e2e/postgres/run installs what it needs and runs them all.
package postgres

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	envDatabase = "KAKEHASHI_TEST_DATABASE_URL" // of a superuser on a server that runs
	envServer   = "KAKEHASHI_TEST_POSTGRES"     // an unpacked root, or a folder of Postgres's programs
)

const howToRun = "not set; e2e/postgres/run runs the tests that need Postgres"

// patience bounds what should take a second or two.
const patience = time.Minute

// Database makes an empty database and returns its address; it is dropped when the
// test ends, whoever is still connected. Where KAKEHASHI_TEST_DATABASE_URL is not set
// the test is skipped.
func Database(t testing.TB) string {
	t.Helper()
	server := os.Getenv(envDatabase)
	if server == "" {
		t.Skip(envDatabase + " is " + howToRun)
	}
	address, err := url.Parse(server)
	if err != nil || !strings.HasPrefix(address.Scheme, "postgres") {
		t.Fatalf("%s is no address of the form postgres://…", envDatabase)
	}
	name := "kakehashi_" + strings.ToLower(rand.Text())
	connected(t, server, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "CREATE DATABASE "+name)
		return err
	})
	t.Cleanup(func() {
		connected(t, server, func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
			return err
		})
	})
	address.Path = "/" + name
	return address.String()
}

// connected does something on a connection of its own.
func connected(t testing.TB, address string, do func(context.Context, *pgx.Conn) error) {
	t.Helper()
	// Not the test's own context, which has ended when the database is dropped.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := do(ctx, conn); err != nil {
		t.Fatal(err)
	}
}
