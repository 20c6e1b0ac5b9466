package cache

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite" // registers the driver "sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// FileError tells that the file cannot serve as a cache, and what to do. Its
// vectors are not used.
type FileError struct{ Path, Fault, Remedy string }

func (e *FileError) Error() string {
	return fmt.Sprintf("the embedding cache %s: %s; %s", e.Path, e.Fault, e.Remedy)
}

const (
	remake    = "delete the file, the vectors will be made again"
	rename    = "name another file"
	elsewhere = "name one in a folder that you may write to"
)

// The marks of the file in SQLite's header (https://www.sqlite.org/fileformat.html
// §1.3): the program that made it, and the version of its tables.
const (
	application = 0x4B6B6843 // "KkhC"
	version     = 1
)

const schema = `
CREATE TABLE vectors (
	model  TEXT NOT NULL, -- embed.Embedder.Model
	kind   TEXT NOT NULL, -- query or passage
	text   BLOB NOT NULL, -- SHA-256
	vector BLOB NOT NULL, -- see blob.go
	PRIMARY KEY (model, kind, text)
) STRICT`

// openFile opens the file and makes sure that it is a sound cache. A file of
// another program is recognised by its first bytes, before SQLite touches it.
func openFile(ctx context.Context, path string) (*sql.DB, error) {
	fresh, err := recognise(path)
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, &FileError{path, "its folder cannot be made (" + err.Error() + ")", elsewhere}
		}
	}
	name, err := dsn(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("opening the embedding cache %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // in one process, calls wait for one another and never meet a lock
	if err := prepare(ctx, db, path); err != nil {
		db.Close()
		return nil, explain(path, "opening", err)
	}
	return db, nil
}

// dsn is a URI, in which no character of the path has a meaning of its own.
func dsn(path string) (string, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("opening the embedding cache %s: %w", path, err)
	}
	slashed := filepath.ToSlash(full)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: "_busy_timeout=20000&_synchronous=NORMAL&_txlock=immediate&_error_rc=1"}
	return u.String(), nil
}

// recognise tells a cache, or an empty file that may become one, from anything
// else.
func recognise(path string) (fresh bool, err error) {
	if path == "" {
		return false, &FileError{path, "it has no name", rename}
	}
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return true, nil
	}
	if err != nil {
		return false, &FileError{path, "cannot be found (" + err.Error() + ")", elsewhere}
	}
	if !info.Mode().IsRegular() {
		return false, &FileError{path, "is not a file", rename}
	}
	f, err := os.Open(path)
	if err != nil {
		return false, &FileError{path, "cannot be read (" + err.Error() + ")", elsewhere}
	}
	defer f.Close()
	var header [100]byte
	n, err := io.ReadFull(f, header[:])
	switch {
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return false, fmt.Errorf("reading the embedding cache %s: %w", path, err)
	case !strings.HasPrefix(string(header[:n]), "SQLite format 3\x00"):
		return false, &FileError{path, "is no file of vectors but something else", rename}
	case n < len(header):
		return false, &FileError{path, "is cut off", remake}
	case binary.BigEndian.Uint32(header[68:]) != application:
		return false, &FileError{path, "is a database of another program", rename}
	}
	if v := binary.BigEndian.Uint32(header[60:]); v != version {
		return false, &FileError{path, fmt.Sprintf("has version %d, this program reads version %d", v, version), "name another file, or delete it and the vectors will be made again"}
	}
	return false, nil
}

// prepare makes the table where the file is new, and checks it where it is not.
func prepare(ctx context.Context, db *sql.DB, path string) error {
	if err := create(ctx, db); err != nil {
		return err
	}
	// The switch does not wait for other handles. Where one is at work, that one has
	// made the switch, or the next to open the file will; both modes are sound.
	if _, err := db.ExecContext(ctx, `PRAGMA journal_mode = WAL`); err != nil && code(err) != sqlitelib.SQLITE_BUSY {
		return err
	}
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return &FileError{path, "is damaged (" + found + ")", remake}
	}
	err := db.QueryRowContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'vectors'`).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return &FileError{path, "has no table of vectors", remake}
	}
	return err
}

// create makes the table in one transaction with the marks, so that a kill leaves
// all or nothing and of two processes one makes it.
func create(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	var found int
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&found); err != nil || found == version {
		return err
	}
	marks := fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, application, version)
	if _, err := tx.ExecContext(ctx, schema+";"+marks); err != nil {
		return err
	}
	return tx.Commit()
}

// explain names the file in an error of SQLite, and what to do about it.
func explain(path, doing string, err error) error {
	var file *FileError
	if errors.As(err, &file) {
		return err
	}
	switch code(err) {
	case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_NOTADB:
		return &FileError{path, "is damaged (" + err.Error() + ")", remake}
	case sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_READONLY:
		return &FileError{path, "cannot be written (" + err.Error() + ")", elsewhere}
	}
	return fmt.Errorf("%s the embedding cache %s: %w", doing, path, err)
}

// code is the primary result code of an error of SQLite
// (https://www.sqlite.org/rescode.html); 0 for other errors.
func code(err error) int {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return 0
	}
	return failure.Code() & 0xff
}
