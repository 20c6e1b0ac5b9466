// Package database opens the one database that an installation has, Postgres or a
// SQLite file, and brings its tables up to date. It knows nothing of what they
// hold: retrieval/pgvector keeps the index in them, bot/state the conversations.
//
// No error of this package repeats a password.
package database

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	pgvector "github.com/pgvector/pgvector-go/pgx"
)

// DB is an open database. Close ends it.
type DB struct {
	SQL  *sql.DB       // of either kind
	Pool *pgxpool.Pool // of Postgres; nil with SQLite. SQL draws on the same connections
	path string        // of the SQLite file
}

// Postgres reports whether the database is Postgres; else it is SQLite.
func (db *DB) Postgres() bool { return db.Pool != nil }

// Close ends all connections.
func (db *DB) Close() error {
	err := db.SQL.Close()
	if db.Pool != nil {
		db.Pool.Close()
	}
	return err
}

// Open opens the database at an address: postgres://… or postgresql://… as libpq
// knows them, several hosts and target_session_attrs among it; anything else is the
// path of a SQLite file, which is made where it is missing. Postgres is asked nothing
// yet: a server that is down is found by the first query.
//
// A pool_max_conns, connect_timeout, statement_timeout and so on in the address
// replaces what Open sets.
func Open(ctx context.Context, address string) (*DB, error) {
	postgres, err := isPostgres(address)
	if err != nil {
		return nil, err
	}
	if postgres {
		return openPostgres(ctx, address)
	}
	return openSQLite(ctx, address)
}

// What a pool does where the address does not say otherwise.
const (
	poolConns      = 16              // of the 100 that a server grants by default
	connectTimeout = 5 * time.Second // a host; several are tried in turn
	pingTimeout    = 2 * time.Second // for a connection that has been idle, before it is used
)

// setTimeouts sets the waits of a connection which neither the address, nor the role,
// the database or the server has set. A statement that may take longer, such as the
// building of an index, says SET LOCAL statement_timeout = 0 in its transaction.
const setTimeouts = `
SELECT set_config(name, "default", false)
FROM (VALUES
	('statement_timeout', '60s'),
	('lock_timeout', '10s'),
	('idle_in_transaction_session_timeout', '60s')
) AS ours (name, "default") JOIN pg_settings USING (name)
WHERE source = 'default'`

func openPostgres(ctx context.Context, address string) (*DB, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, unreadable(err)
	}
	named, err := pgx.ParseConfig(address) // in which the pool's settings are still to be seen
	if err != nil {
		return nil, unreadable(err)
	}
	given := func(setting string) bool { return named.RuntimeParams[setting] != "" }
	if !given("application_name") {
		config.ConnConfig.RuntimeParams["application_name"] = "kakehashi"
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if !given("pool_max_conns") {
		config.MaxConns = poolConns
	}
	if !given("pool_ping_timeout") {
		config.PingTimeout = pingTimeout
	}
	config.AfterConnect = prepare
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, unreadable(err)
	}
	return &DB{SQL: stdlib.OpenDBFromPool(pool), Pool: pool}, nil
}

// prepare sets a new connection's waits and teaches it the types of vectors, which the
// database has once it is migrated.
func prepare(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, setTimeouts); err != nil {
		return err
	}
	var vectors bool
	if err := conn.QueryRow(ctx, `SELECT to_regtype('halfvec') IS NOT NULL`).Scan(&vectors); err != nil || !vectors {
		return err
	}
	return pgvector.RegisterTypes(ctx, conn)
}
