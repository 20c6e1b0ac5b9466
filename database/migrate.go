package database

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// The migrations, in the order of their numbers. They only go forward: what a release
// has shipped is never changed, a mistake is mended by the next one.
//
//go:embed migrations
var migrations embed.FS

// Migrate brings the tables up to date and returns the names of the migrations that it
// has run. Each is run whole or not at all, and of several processes one runs it. The
// tables' rights go to the roles of Roles, where those are there.
func (db *DB) Migrate(ctx context.Context) ([]string, error) {
	run, err := db.migrate(ctx, migrations)
	return run, db.Explain(err)
}

func (db *DB) migrate(ctx context.Context, files fs.FS) (run []string, err error) {
	if db.Postgres() {
		if _, err := db.Vector(ctx); err != nil {
			return nil, err
		}
	}
	unhurried, unlock, err := db.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	p, err := db.provider(unhurried, files)
	if err != nil {
		return nil, err
	}
	if _, err := db.steps(ctx, p); err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	var part *goose.PartialError
	if errors.As(err, &part) {
		results = part.Applied
	}
	for _, r := range results {
		run = append(run, path.Base(r.Source.Path))
	}
	if err != nil {
		return run, db.explainDenied(ctx, err)
	}
	if db.Postgres() {
		db.Pool.Reset() // connections from before do not know the types that are new
		err = grant(ctx, unhurried)
	}
	return run, err
}

func (db *DB) provider(on *sql.DB, files fs.FS) (*goose.Provider, error) {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	if db.Postgres() {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
	}
	sub, err := fs.Sub(files, folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, on, sub, goose.WithDisableGlobalRegistry(true))
}

// lock waits until no other process migrates. It returns what to migrate by, and what
// lets the next one go.
func (db *DB) lock(ctx context.Context) (*sql.DB, func() error, error) {
	if db.Postgres() {
		return db.lockPostgres(ctx)
	}
	unlock, err := db.lockFile(ctx)
	return db.SQL, unlock, err
}

// key is the number of the advisory lock, which goose's own programs take too.
const key int64 = 4097083626

// unhurry has a statement take its time, but not wait long for a lock that the
// program's other processes hold. The times of migrations are kept in UTC.
const unhurry = `
SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '10s', false),
	set_config('idle_in_transaction_session_timeout', '0', false), set_config('TimeZone', 'UTC', false)`

// lockPostgres takes connections of its own, not the pool's: they have other settings,
// and the lock is one of a session, which ends with it.
func (db *DB) lockPostgres(ctx context.Context) (*sql.DB, func() error, error) {
	config := db.Pool.Config().ConnConfig
	own := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, unhurry)
		return err
	}))
	conn, err := own.Conn(ctx)
	if err == nil {
		_, err = conn.ExecContext(ctx, `SELECT set_config('lock_timeout', '0', false)`)
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, key)
	}
	if err != nil {
		return nil, nil, errors.Join(err, own.Close())
	}
	return own, func() error { return errors.Join(conn.Close(), own.Close()) }, nil
}

// migratePatience is how long one process waits for another to migrate a file.
const migratePatience = 5 * time.Minute

// lockFile locks an empty file beside the database, by SQLite's own means: the lock
// ends with the process, however that ends. The database itself must stay free for
// the migrations.
func (db *DB) lockFile(ctx context.Context) (func() error, error) {
	beside, err := openFile(db.path+".migrating", migratePatience)
	if err != nil {
		return nil, err
	}
	tx, err := beside.BeginTx(ctx, nil) // immediate
	if err != nil {
		return nil, errors.Join(err, beside.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), beside.Close()) }, nil
}
