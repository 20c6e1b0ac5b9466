package local

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

// The marks in SQLite's header (https://www.sqlite.org/fileformat.html §1.3): the
// program that made it, and the version of its tables and of record.
const (
	application = 0x4B6B6849 // "KkhI"
	version     = 2
)

// The large columns come last: SQLite then reads the others without them.
const schema = `
CREATE TABLE documents (
	id        TEXT PRIMARY KEY,
	model     TEXT NOT NULL,    -- the encoder of the vectors; '' where there are none
	dimension INTEGER NOT NULL, -- values in a vector
	checksum  INTEGER NOT NULL, -- see stored.sum
	document  TEXT NOT NULL,    -- JSON, see record
	vectors   BLOB NOT NULL     -- see pack
) STRICT;
CREATE TABLE state (
	generation INTEGER NOT NULL, -- changes since the file was made
	documents  INTEGER NOT NULL  -- how many there are
) STRICT;
INSERT INTO state VALUES (0, 0)`

const put = `
INSERT INTO documents (id, document, model, dimension, vectors, checksum) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET document = excluded.document, model = excluded.model,
	dimension = excluded.dimension, vectors = excluded.vectors, checksum = excluded.checksum`

const (
	restore   = "restore it from a copy, or delete it and ingest its documents again"
	rename    = "name another file"
	elsewhere = "name one in a folder that you may write to"
	writable  = "make it and its folder writable for you, or name another file"
)

// fileError tells that the file cannot serve, and what to do.
type fileError struct{ path, fault, remedy string }

func (e *fileError) Error() string {
	return fmt.Sprintf("the index kept in %s: %s; %s", e.path, e.fault, e.remedy)
}

func (s *Store) fault(fault, remedy string) error { return &fileError{s.path, fault, remedy} }

// openFile names the file to SQLite, by a URI in which no character of the path has
// a meaning of its own. A new file is made here, for its owner only; an old one is
// not even opened, because closing it again would drop the locks that other handles
// of this process have on it (https://www.sqlite.org/howtocorrupt.html §2.2).
//
// A commit waits for the disk (synchronous=FULL): with NORMAL, a power cut could take
// back a document that the user was told is ingested, and a Put, which follows the
// embedding of its documents, does not feel one wait more.
func openFile(path string, patience time.Duration) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, &fileError{path, "its folder cannot be made (" + err.Error() + ")", elsewhere}
	}
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
		f.Close()
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, &fileError{path, "it cannot be made (" + err.Error() + ")", elsewhere}
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the index kept in %s: %w", path, err)
	}
	slashed := filepath.ToSlash(full)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter
	}
	query := fmt.Sprintf("_busy_timeout=%d&_synchronous=FULL&_txlock=immediate&_error_rc=1", patience.Milliseconds())
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: slashed, RawQuery: query}).String())
	if err != nil {
		return nil, fmt.Errorf("opening the index kept in %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // in one process, calls wait for one another and never meet a lock
	return db, nil
}

// prepare makes sure that the file is ours, and makes its tables where it is new. It
// asks for the right to write at once, so that a file which cannot be written is
// refused now and not at the first Put, and of two processes one makes the tables.
func (s *Store) prepare(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	var by, made, tables int
	if err := tx.QueryRowContext(ctx, `
		SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`).Scan(&by, &made, &tables); err != nil {
		return err
	}
	switch {
	case by == 0 && made == 0 && tables == 0:
		marks := fmt.Sprintf(`; PRAGMA application_id = %d; PRAGMA user_version = %d`, application, version)
		if _, err := tx.ExecContext(ctx, schema+marks); err != nil {
			return err
		}
	case by != application:
		return s.fault("it is a database of another program", rename)
	case made != version:
		return s.fault(fmt.Sprintf("it has version %d, this program reads version %d", made, version), "use the program that made it, or name another file and ingest the documents again")
	}
	// On a file that may only be read SQLite begins the transaction all the same.
	if _, err := tx.ExecContext(ctx, `UPDATE state SET documents = documents WHERE false`); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	// The switch does not wait for other handles. Where one is at work, that one has
	// made the switch, or the next to open the file will; both modes are sound.
	if _, err := s.db.ExecContext(ctx, `PRAGMA journal_mode = WAL`); err != nil && code(err) != sqlitelib.SQLITE_BUSY {
		return err
	}
	return nil
}

// explain names the file in an error of SQLite, and what to do about it.
func (s *Store) explain(doing string, err error) error {
	var known *fileError
	if errors.As(err, &known) {
		return err
	}
	switch code(err) {
	case sqlitelib.SQLITE_NOTADB:
		return s.fault("it is no database, or its beginning is damaged ("+err.Error()+")", rename)
	case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_ERROR: // the latter: without one of its tables
		return s.fault("it is damaged ("+err.Error()+")", restore)
	case sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_PERM:
		return s.fault("it cannot be written ("+err.Error()+")", writable)
	case sqlitelib.SQLITE_BUSY:
		return s.fault("another process is writing it, nothing has been changed ("+err.Error()+")", "try again when that one is done")
	case sqlitelib.SQLITE_FULL:
		return s.fault("the disk is full, nothing has been changed ("+err.Error()+")", "make room and try again")
	}
	return fmt.Errorf("%s the index kept in %s: %w", doing, s.path, err)
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
