package database

import (
	"context"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// The migrations, in the order of their numbers. They only go forward: what a release
// has shipped is never changed, a mistake is mended by the next one.
//
//go:embed migrations
var migrations embed.FS

func (db *DB) provider() (*goose.Provider, error) {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if db.Postgres() {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
		locker, err := lock.NewPostgresSessionLocker() // of several processes one migrates
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, db.SQL, files, options...)
}

// Migrate brings the tables up to date and returns the names of the migrations that
// it has run.
func (db *DB) Migrate(ctx context.Context) ([]string, error) {
	p, err := db.provider()
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	var run []string
	for _, r := range results {
		run = append(run, r.Source.Path)
	}
	if db.Postgres() {
		db.Pool.Reset() // connections from before do not know the types that are new
	}
	return run, err
}
