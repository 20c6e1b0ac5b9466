package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
)

// Migration is a step of the tables.
type Migration struct {
	Name    string
	Applied time.Time // zero where it is pending
}

// Status lists the migrations of the program in their order. It changes nothing, so
// that a role which only reads can ask. A database that a newer program has migrated is
// an error.
func (db *DB) Status(ctx context.Context) ([]Migration, error) {
	return db.status(ctx, migrations)
}

func (db *DB) status(ctx context.Context, files fs.FS) ([]Migration, error) {
	p, err := db.provider(db.SQL, files)
	if err != nil {
		return nil, err
	}
	steps, err := db.steps(ctx, p)
	return steps, db.Explain(err)
}

// Check is for whoever opens the tables: an error that says what to do where they are
// not those of this program.
func (db *DB) Check(ctx context.Context) error { return db.check(ctx, migrations) }

func (db *DB) check(ctx context.Context, files fs.FS) error {
	steps, err := db.status(ctx, files)
	if err != nil {
		return err
	}
	pending := 0
	for _, m := range steps {
		if m.Applied.IsZero() {
			pending++
		}
	}
	switch pending {
	case 0:
		return nil
	case len(steps):
		return &Error{Fault: "the database has no tables yet", Remedy: migrateUp}
	}
	return &Error{Fault: fmt.Sprintf("the tables of the database are older than the program: %d of %d migrations are pending", pending, len(steps)), Remedy: migrateUp}
}

func (db *DB) steps(ctx context.Context, p *goose.Provider) ([]Migration, error) {
	applied, err := db.applied(ctx)
	if err != nil {
		return nil, err
	}
	var steps []Migration
	for _, source := range p.ListSources() {
		steps = append(steps, Migration{path.Base(source.Path), applied[source.Version]})
		delete(applied, source.Version)
	}
	for version := range applied {
		return nil, &Error{
			Fault:  fmt.Sprintf("the database has been migrated by a newer program: this one does not know its migration %d", version),
			Remedy: "install that program, or restore the database from before its migration",
		}
	}
	return steps, nil
}

// applied are the migrations that the database has, by number.
func (db *DB) applied(ctx context.Context) (map[int64]time.Time, error) {
	out := map[int64]time.Time{}
	rows, err := db.selectApplied(ctx)
	var answer *pgconn.PgError
	if err == nil && rows == nil || errors.As(err, &answer) && answer.Code == undefinedTable {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var version int64
		var at time.Time
		if err := rows.Scan(&version, &at); err != nil {
			return nil, err
		}
		out[version] = at.UTC()
	}
	return out, rows.Err()
}

// selectApplied asks for what goose keeps, which begins with a version 0 of its own; nil
// where it keeps nothing yet.
func (db *DB) selectApplied(ctx context.Context) (*sql.Rows, error) {
	if db.Postgres() {
		return db.SQL.QueryContext(ctx, `SELECT version_id, tstamp AT TIME ZONE 'UTC' FROM goose_db_version WHERE version_id > 0`)
	}
	var has bool
	if err := db.SQL.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'goose_db_version')`).Scan(&has); err != nil || !has {
		return nil, err
	}
	return db.SQL.QueryContext(ctx, `SELECT version_id, tstamp FROM goose_db_version WHERE version_id > 0`)
}
