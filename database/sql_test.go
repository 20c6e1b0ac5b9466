package database_test

import (
	"path/filepath"
	"slices"
	"testing"
)

// What is no constant all the same, each with the reason.
var excused = map[string]string{
	"cmd/kakehashi/measure.go: questionOf(q)":                                      "a query of the index, not of a database",
	"retrieval/eval/search.go: q":                                                  "a query of the index, not of a database",
	"e2e/postgres/postgres.go: \"CREATE DATABASE \" + name":                        "takes no parameters; the name is drawn at random there",
	"e2e/postgres/postgres.go: \"DROP DATABASE \" + name + \" WITH (FORCE)\"":      "takes no parameters; the name is drawn at random there",
	"retrieval/embed/cache/cache.go: query + strings.Repeat(\", ?\", n-1) + \")\"": "adds nothing but question marks",
	"retrieval/embed/cache/file.go: schema + \";\" + marks":                        "PRAGMA takes no parameters; the marks are constants",
	"retrieval/local/store.go: statement":                                          "one of two constants of that file",
	"retrieval/local/store_file.go: schema + marks":                                "PRAGMA takes no parameters; the marks are constants",
	"retrieval/pgvector/bench/others.go: o.made":                                   "one of the constants of that file",
	"retrieval/pgvector/bench/others.go: o.search":                                 "one of the constants of that file",
	"retrieval/pgvector/writing.go: c.table":                                       "one of the tables that are listed there",
}

// TestStatementsAreConstantText keeps SQL from being put together of pieces, by which
// text of a user could become part of it: what a query runs is a literal, a named
// constant or an embedded file, and values are parameters.
func TestStatementsAreConstantText(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, folder := range packages(t, "..") {
		for _, f := range notConstant(t, folder) {
			found[f.key()] = true
			if excused[f.key()] == "" {
				t.Errorf("%s:%d: the SQL %s is no constant", f.file, f.line, f.sql)
			}
		}
	}
	for key := range excused {
		if !found[key] {
			t.Errorf("%s is excused and not there", key)
		}
	}
}

func TestStatementsThatArePutTogetherAreFound(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		"db.Query(ctx, `SELECT 1`)":                                      nil,
		"db.Query(ctx, `SELECT ` + `1`)":                                 nil,
		"db.Query(ctx, all, id)":                                         nil,
		"db.QueryRow(ctx, (all + ` LIMIT 1`), id)":                       nil,
		"const q = `SELECT 1`; db.Exec(ctx, q)":                          nil,
		"db.Exec(ctx, embedded)":                                         nil,
		"db.Prepare(ctx, `name`, all)":                                   nil,
		"batch.Queue(all, id)":                                           nil,
		"tx.CopyFrom(ctx, pgx.Identifier{`rows`}, []string{`id`}, rows)": nil,
		"u.Query()":                                             nil,
		"db.Query(ctx, `SELECT ` + x)":                          {"`SELECT ` + x"},
		"db.QueryRow(ctx, all + x, id)":                         {"all + x"},
		"db.Exec(ctx, fmt.Sprintf(`DROP TABLE %s`, x))":         {"fmt.Sprintf(`DROP TABLE %s`, x)"},
		"db.ExecContext(ctx, x)":                                {"x"},
		"db.QueryContext(t.Context(), x)":                       {"x"},
		"db.QueryRowContext(ctx, strings.Join(x, `,`))":         {"strings.Join(x, `,`)"},
		"q := `SELECT 1`; db.Query(ctx, q)":                     {"q"},
		"q := all; q += x; db.Query(ctx, q)":                    {"q"},
		"const q = `SELECT 1`; { q := q + x; db.Exec(ctx, q) }": {"q"},
		"db.Exec(all + x)":                                      {"all + x"},
		"db.Query(`SELECT ` + x, id)":                           {"`SELECT ` + x"},
		"db.Prepare(all + x)":                                   {"all + x"},
		"db.PrepareContext(ctx, all + x)":                       {"all + x"},
		"db.Prepare(ctx, `name`, all + x)":                      {"all + x"},
		"batch.Queue(`SELECT ` + x, id)":                        {"`SELECT ` + x"},
		"tx.CopyFrom(ctx, pgx.Identifier{x}, nil, rows)":        {"pgx.Identifier{x}"},
		"db.Exec(ctx, variable)":                                {"variable"},
		"db.Exec(ctx, all, fmt.Sprint(x))":                      nil,
	} {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "x.go"), "package x\nconst all = `SELECT * FROM t WHERE id = $1`\n//go:embed x.sql\nvar embedded string\nvar variable = `SELECT 1`\nfunc f(x string) {"+source+"}\n")
		var got []string
		for _, f := range notConstant(t, folder) {
			got = append(got, f.sql)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: found %q, want %q", source, got, want)
		}
	}
}
