// Package database opens the one database that an installation has, Postgres or a
// SQLite file, and brings its tables up to date. It knows nothing of what they
// hold: retrieval/pgvector keeps the index in them, bot/state the conversations.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	pgvector "github.com/pgvector/pgvector-go/pgx"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// DB is an open database. Close ends it.
type DB struct {
	SQL  *sql.DB       // of either kind
	Pool *pgxpool.Pool // of Postgres; nil with SQLite. SQL draws on the same connections
	path string        // of the SQLite file
}

// Postgres reports whether the database is Postgres; else it is SQLite.
func (db *DB) Postgres() bool { return db.Pool != nil }

// The waits of a connection, where the address does not set them.
const (
	connectTimeout = 5 * time.Second
	sqlitePatience = 10 * time.Second // for another process that writes the file
	defaultConns   = 16
)

// Open opens the database at an address: postgres://… or postgresql://… as libpq
// knows them, anything else is the path of a SQLite file, which is made where it is
// missing. Postgres is asked nothing yet: a server that is down is found by the first
// query. No error repeats a password.
func Open(ctx context.Context, address string) (*DB, error) {
	if !IsPostgres(address) {
		return openSQLite(address)
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		// The cause may repeat parts of the address, a password among them.
		return nil, errors.New("the address of the database cannot be read: want postgres://user:password@host:5432/name?sslmode=verify-full")
	}
	config.ConnConfig.RuntimeParams["application_name"] = "kakehashi"
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if !strings.Contains(address, "pool_max_conns") {
		config.MaxConns = defaultConns
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		var there bool
		if err := conn.QueryRow(ctx, `SELECT to_regtype('halfvec') IS NOT NULL`).Scan(&there); err != nil || !there {
			return err
		}
		return pgvector.RegisterTypes(ctx, conn)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return &DB{SQL: stdlib.OpenDBFromPool(pool), Pool: pool}, nil
}

// IsPostgres reports whether an address is of Postgres.
func IsPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

func openSQLite(path string) (*DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the database cannot be made: %w", err)
	}
	slashed := filepath.ToSlash(full)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter
	}
	query := fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate", sqlitePatience.Milliseconds())
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: slashed, RawQuery: query}).String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // in one process, calls wait for one another and never meet a lock
	return &DB{SQL: db, path: full}, nil
}

// Close ends all connections.
func (db *DB) Close() error {
	err := db.SQL.Close()
	if db.Pool != nil {
		db.Pool.Close()
	}
	return err
}
