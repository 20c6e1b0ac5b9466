package pgvector

import (
	"testing"

	"kakehashi/database"
	"kakehashi/e2e/postgres"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/indextest"
)

// migrated is a database of the test's own with its tables.
func migrated(t testing.TB) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), postgres.Database(t))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	_, err = db.Migrate(t.Context())
	must(t, err)
	return db
}

func opened(t testing.TB, db *database.DB, a *analysis.Analyzer) *Index {
	t.Helper()
	ix, err := Open(t.Context(), db, a, retrieval.DefaultTuning())
	must(t, err)
	return ix
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	indextest.Run(t, func(t *testing.T, a *analysis.Analyzer) retrieval.Index { return opened(t, migrated(t), a) })
}
