package database

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// The oldest pgvector that serves: from 0.8.0 on a search goes on until it has enough
// rows that a filter keeps (hnsw.iterative_scan).
const oldestMajor, oldestMinor = 0, 8

const selectVector = `
SELECT coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'), ''),
	coalesce((SELECT default_version FROM pg_available_extensions WHERE name = 'vector'), ''),
	current_setting('server_version_num')::int / 10000`

// Vector is the version of pgvector that a database on Postgres has; "" where Migrate
// will make it so. Without one that serves, the error says what to do.
func (db *DB) Vector(ctx context.Context) (string, error) {
	var installed, available string
	var server int
	if err := db.Pool.QueryRow(ctx, selectVector).Scan(&installed, &available, &server); err != nil {
		return "", db.Explain(err)
	}
	install := fmt.Sprintf("install it on the server, on Debian by apt-get install postgresql-%d-pgvector, else as https://github.com/pgvector/pgvector says", server)
	switch {
	case installed != "" && serves(installed):
		return installed, nil
	case installed != "" && serves(available):
		return installed, &Error{
			Fault:  fmt.Sprintf("the database has pgvector %s, and needs 0.8.0 or newer", installed),
			Remedy: "as a superuser run in it: ALTER EXTENSION vector UPDATE",
		}
	case installed == "" && serves(available):
		return "", nil
	case available == "":
		return "", &Error{Fault: "the database server has no pgvector", Remedy: install}
	}
	return installed, &Error{Fault: fmt.Sprintf("the database server has pgvector %s, and needs 0.8.0 or newer", available), Remedy: install}
}

func serves(version string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major > oldestMajor || major == oldestMajor && minor >= oldestMinor
}

const selectCreates = `
SELECT current_user, current_database(), coalesce(current_schema(), 'public'),
	coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
	EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')`

// explainDenied says which right the role lacks that a migration has failed for.
func (db *DB) explainDenied(ctx context.Context, err error) error {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) || answer.Code != insufficientPrivilege {
		return err
	}
	var user, name, schema string
	var creates, vector bool
	if err := db.Pool.QueryRow(ctx, selectCreates).Scan(&user, &name, &schema, &creates, &vector); err != nil {
		return db.Explain(err)
	}
	asOwner := "migrate as kakehashi_owner (see 'kakehashi migrate roles'), or as a superuser run in the database " + name + ": "
	switch {
	case !creates:
		return &Error{Fault: "the role " + user + " may make no tables in the schema " + schema, Remedy: asOwner + "GRANT CREATE ON SCHEMA " + schema + " TO " + user, cause: err}
	case !vector:
		return &Error{Fault: "the role " + user + " may not make the extension vector", Remedy: "as a superuser run in the database " + name + ": CREATE EXTENSION vector", cause: err}
	}
	return err
}
