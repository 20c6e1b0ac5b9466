package database

import (
	"context"
	"database/sql"
	_ "embed"
	"strings"
)

// Roles is the SQL that makes the roles of an installation on Postgres.
//
//go:embed roles.sql
var Roles string

// grants gives them their rights on the tables.
//
//go:embed grants.sql
var grants string

// written are the tables that whoever serves writes, those of bot/state; the others
// are the index's, which it reads.
var written = strings.Fields(`answers chains citations contexts conversations cursors deliveries events feedback leases
	once sign_offs slack_installs subscriptions turns`)

func grant(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if _, err := tx.ExecContext(ctx, `SELECT set_config('kakehashi.written', $1, true)`, strings.Join(written, " ")); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, grants); err != nil {
		return err
	}
	return tx.Commit()
}

// Rights are what the role of a database's address may do.
type Rights struct {
	Role      string
	Superuser bool
	Owner     bool     // of the tables: it may change them
	Unread    []string // tables that it may not read
	Unwritten []string // tables of bot/state that it may not write
}

const selectRights = `
SELECT current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
	coalesce(bool_and(pg_has_role(relowner, 'USAGE')), false),
	coalesce(array_agg(relname::text ORDER BY relname) FILTER (WHERE NOT has_table_privilege(oid, 'SELECT')), '{}'),
	coalesce(array_agg(relname::text ORDER BY relname) FILTER (WHERE relname = ANY ($1)
		AND NOT (has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))), '{}')
FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')`

// Rights asks a database on Postgres whose tables are there.
func (db *DB) Rights(ctx context.Context) (Rights, error) {
	var r Rights
	err := db.Pool.QueryRow(ctx, selectRights, written).Scan(&r.Role, &r.Superuser, &r.Owner, &r.Unread, &r.Unwritten)
	return r, db.Explain(err)
}
