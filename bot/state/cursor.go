package state

import (
	"cmp"
	"database/sql"
	"errors"
	"time"
)

// Cursor is how far a source of the corpus has been read.
type Cursor struct {
	Source       string
	Position     string // opaque
	ETag         string
	LastModified string    // as the source has sent it
	Success      time.Time // when it was last read in full
	Error        string    // what has gone wrong since; "" for nothing

	Version int64 // rises with every change; 0 where there is none yet
}

const selectCursor = `SELECT cursor, etag, last_modified, success, error, version FROM cursors WHERE source = $1`

// Cursor is that of a source; with Version 0 where it has none yet.
func (r *Reader) Cursor(source string) (Cursor, error) {
	c := Cursor{Source: source}
	var success int64
	err := r.met(r.sql.QueryRowContext(r.Context(), selectCursor, source).Scan(&c.Position, &c.ETag, &c.LastModified, &success, &c.Error, &c.Version))
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	c.Success = fromMicros(success)
	return c, err
}

const insertCursor = `
INSERT INTO cursors (source, cursor, etag, last_modified, success, error, version, owner) VALUES ($1, $2, $3, $4, $5, $6, 1, $7)
ON CONFLICT (source) DO NOTHING`

const updateCursor = `
UPDATE cursors SET cursor = $2, etag = $3, last_modified = $4, success = $5, error = $6, version = $8 + 1, owner = $7
WHERE source = $1 AND (version = $8 OR version = $8 + 1 AND owner = $7)`

// SetCursor moves a cursor on, if it is still as the one read; else it returns
// ErrConflict.
func (t *Tx) SetCursor(c Cursor) error {
	if err := cmp.Or(
		checkID("the cursor's source", c.Source), checkText("the cursor's position", c.Position), checkText("the cursor's ETag", c.ETag),
		checkText("the cursor's Last-Modified", c.LastModified), checkText("the cursor's error", c.Error),
	); err != nil {
		return err
	}
	args := []any{c.Source, c.Position, c.ETag, c.LastModified, micros(c.Success), c.Error, t.token}
	var n int64
	var err error
	if c.Version == 0 {
		if n, err = t.changed(t.sql.ExecContext(t.Context(), insertCursor, args...)); err != nil || n > 0 {
			return err
		}
	}
	// Also where a repeated transaction finds the cursor that it has made.
	n, err = t.changed(t.sql.ExecContext(t.Context(), updateCursor, append(args, c.Version)...))
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}
