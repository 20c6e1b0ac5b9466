package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite" // registers the driver "sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// filePatience is how long a call waits for another process that writes the file.
const filePatience = 10 * time.Second

// openSQLite opens a file, which is made for its owner only. An old one is not opened
// here, because closing it again would drop the locks that other handles of this
// process have on it (https://www.sqlite.org/howtocorrupt.html §2.2).
//
// A commit waits for the disk (synchronous=FULL): what a user was told is kept, a power
// cut does not take back.
func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, &Error{Fault: "the folder of the database cannot be made: " + err.Error(), Remedy: elsewhere, cause: err}
	}
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
		f.Close()
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, &Error{Fault: "the database cannot be made: " + err.Error(), Remedy: elsewhere, cause: err}
	}
	file, err := openFile(path, filePatience)
	if err != nil {
		return nil, err
	}
	db := &DB{SQL: file, path: path}
	// The switch does not wait for other handles. Where one is at work, that one has
	// made it, or the next to open the file will; both modes are sound.
	if _, err := file.ExecContext(ctx, `PRAGMA journal_mode = WAL`); err != nil && sqliteCode(err) != sqlitelib.SQLITE_BUSY {
		return nil, errors.Join(db.Explain(err), file.Close())
	}
	return db, nil
}

// openFile names a file to SQLite by a URI in which no character of the path has a
// meaning of its own.
func openFile(path string, patience time.Duration) (*sql.DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	slashed := filepath.ToSlash(full)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter
	}
	query := url.Values{
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()), "synchronous(FULL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // in one process, calls wait for one another and never meet a lock
	return db, nil
}

const (
	elsewhere = "name a file in a folder that you may write to"
	restore   = "restore it from a copy"
)

// explainSQLite is an error of SQLite in words; nil for others.
func (db *DB) explainSQLite(err error) *Error {
	switch sqliteCode(err) {
	case sqlitelib.SQLITE_NOTADB:
		return &Error{Fault: db.path + " is no database, or its beginning is damaged", Remedy: "name another file, or " + restore}
	case sqlitelib.SQLITE_CORRUPT:
		return &Error{Fault: "the database " + db.path + " is damaged", Remedy: restore}
	case sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_PERM:
		return &Error{Fault: "the database " + db.path + " cannot be written", Remedy: "make it and its folder writable for you, or " + elsewhere}
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED:
		return &Error{Fault: "another process is writing " + db.path + "; nothing has been changed", Remedy: "try again when that one is done"}
	case sqlitelib.SQLITE_FULL:
		return &Error{Fault: "the disk of " + db.path + " is full; nothing has been changed", Remedy: "make room and try again"}
	}
	return nil
}

// sqliteCode is the primary result code of an error of SQLite
// (https://www.sqlite.org/rescode.html); 0 for other errors.
func sqliteCode(err error) int {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return 0
	}
	return failure.Code() & 0xff
}
