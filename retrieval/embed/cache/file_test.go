package cache_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/cache"
)

// filled is a closed cache of 200 vectors.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v")
	c, err := cache.Open(t.Context(), path, newFake())
	if err != nil {
		t.Fatal(err)
	}
	embedded(t, c, embed.Passage, texts(0, 200)...)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// query runs SQL on a file behind the cache's back.
func query(t *testing.T, path, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func change(t *testing.T, path string, edit func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, edit(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Whatever has happened to a file, it is named and none of it is used.
func TestDamagedFilesAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage func(t *testing.T, path string)
		want   string
	}{
		"half a file":    {func(t *testing.T, p string) { change(t, p, func(b []byte) []byte { return b[:len(b)/2] }) }, "delete the file"},
		"half a header":  {func(t *testing.T, p string) { change(t, p, func(b []byte) []byte { return b[:50] }) }, "cut off"},
		"zeros in it":    {func(t *testing.T, p string) { change(t, p, func(b []byte) []byte { clear(b[4096:12288]); return b }) }, "delete the file"},
		"a short vector": {func(t *testing.T, p string) { query(t, p, `UPDATE vectors SET vector = x'00' WHERE rowid = 100`) }, "takes 1 bytes"},
		"a zero vector":  {func(t *testing.T, p string) { query(t, p, `UPDATE vectors SET vector = zeroblob(36) WHERE rowid = 1`) }, "checksum"},
		"swapped vectors": {func(t *testing.T, p string) {
			query(t, p, `UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE rowid = 2) WHERE rowid = 1`)
		}, "checksum"},
		"a flipped bit in a vector": {func(t *testing.T, p string) {
			query(t, p, `UPDATE vectors SET vector = CAST(x'00' || substr(vector, 2) AS BLOB) WHERE rowid = 1`)
		}, "checksum"},
		"a page of text":    {func(t *testing.T, p string) { change(t, p, func([]byte) []byte { return []byte("# Notes\n") }) }, "something else"},
		"another program's": {func(t *testing.T, p string) { query(t, p, `PRAGMA application_id = 7`) }, "another program"},
		"a later version":   {func(t *testing.T, p string) { query(t, p, `PRAGMA user_version = 9`) }, "version 9"},
		"without its table": {func(t *testing.T, p string) { query(t, p, `DROP TABLE vectors`) }, "has no table"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filled(t)
			c.damage(t, path)
			e := newFake()
			opened, err := cache.Open(t.Context(), path, e)
			if err == nil {
				defer opened.Close()
				_, err = opened.Embed(t.Context(), embed.Passage, texts(0, 200))
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || len(e.asked) > 0 {
				t.Fatalf("got %v; want %q", err, c.want)
			}
			if file := (*cache.FileError)(nil); !errors.As(err, &file) {
				t.Errorf("%v is no FileError", err)
			}
		})
	}
}

func TestForeignFilesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "theirs.sqlite")
	query(t, path, `CREATE TABLE accounts (name TEXT)`)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Open(t.Context(), path, newFake()); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a foreign database gives %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the foreign database was changed (%v)", err)
	}
}

func TestAnEmptyFileBecomesACache(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "v")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	embedded(t, open(t, path, newFake()), embed.Query, "a")
}

func TestPlacesThatCannotHoldAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, locked := filepath.Join(dir, "file"), filepath.Join(dir, "locked")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{"": "has no name", dir: "not a file", filepath.Join(file, "v"): file}
	if os.Geteuid() != 0 { // root writes everywhere
		cases[filepath.Join(locked, "v")] = "folder that you may write to"
	}
	for path, want := range cases {
		if _, err := cache.Open(t.Context(), path, newFake()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v; want %q", path, err, want)
		}
	}
}
