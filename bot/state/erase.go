package state

import (
	"cmp"
	"context"
	"database/sql"
)

// Report counts, by table, what a Sweep or a Purge has deleted or emptied.
type Report map[string]int64

// blankAnswers leaves the hashes of records, so that the chain holds, and which of them
// were erased together.
const blankAnswers = `
UPDATE answers SET person = '', channel = '', thread = '', question = '', answer = '', salt = '', erased = $1, erasure = $2
WHERE erased = 0 AND `

const (
	eraseCitations = `DELETE FROM citations WHERE answer IN (SELECT id FROM answers WHERE erasure = $1)`
	eraseContexts  = `DELETE FROM contexts WHERE answer IN (SELECT id FROM answers WHERE erasure = $1)`
	eraseReasons   = `UPDATE feedback SET reason = '' WHERE reason <> '' AND answer IN (SELECT id FROM answers WHERE erasure = $1)`
)

// counted adds the rows that a statement has changed to a report.
func (t *Tx) counted(report Report, table string) func(sql.Result, error) error {
	return func(result sql.Result, err error) error {
		n, err := t.changed(result, err)
		report[table] += n
		return err
	}
}

// Where several statements follow one another in a cmp.Or, those behind one that fails
// are run too; they fail or are undone with it.

// eraseEvidence deletes what hangs on the records that this transaction has blanked.
func (t *Tx) eraseEvidence(report Report) error {
	t.erased = true
	return cmp.Or(
		t.counted(report, "citations")(t.sql.ExecContext(t.Context(), eraseCitations, t.token)),
		t.counted(report, "contexts")(t.sql.ExecContext(t.Context(), eraseContexts, t.token)),
		t.counted(report, "feedback")(t.sql.ExecContext(t.Context(), eraseReasons, t.token)),
	)
}

const (
	eraseTurnsShowing  = `DELETE FROM turns WHERE answer <> '' AND answer IN (SELECT id FROM answers WHERE erasure = $1)`
	cancelShowing      = `DELETE FROM deliveries WHERE answer <> '' AND finished = 0 AND answer IN (SELECT id FROM answers WHERE erasure = $1)`
	blankPostedShowing = blankPosted + ` AND answer <> '' AND answer IN (SELECT id FROM answers WHERE erasure = $1)`
)

// blankPosted leaves the key of what is posted, or it could be posted again.
const blankPosted = `
UPDATE deliveries SET payload = '', person = '', channel = '', thread = '', message = ''
WHERE finished > 0 AND payload <> ''`

// eraseShown deletes the texts that show the records blanked.
func (t *Tx) eraseShown(report Report) error {
	return cmp.Or(
		t.counted(report, "turns")(t.sql.ExecContext(t.Context(), eraseTurnsShowing, t.token)),
		t.counted(report, "deliveries")(t.sql.ExecContext(t.Context(), cancelShowing, t.token)),
		t.counted(report, "deliveries")(t.sql.ExecContext(t.Context(), blankPostedShowing, t.token)),
	)
}

// That the token owns an event which is done lets Finish pass in this transaction, and
// stops a replica that is answering it: nothing of it is kept.
const (
	forgetAnswers = blankAnswers + `platform = $3 AND workspace = $4 AND channel = $5 AND thread = $6`
	forgetTurns   = `DELETE FROM turns WHERE platform = $1 AND workspace = $2 AND channel = $3 AND thread = $4`
	forgetPending = `DELETE FROM deliveries WHERE platform = $1 AND workspace = $2 AND channel = $3 AND thread = $4 AND finished = 0`
	forgetPosted  = blankPosted + ` AND platform = $1 AND workspace = $2 AND channel = $3 AND thread = $4`
	forgetEvents  = `UPDATE events SET done = true, payload = '', person = '', owner = $5 WHERE platform = $1 AND workspace = $2 AND channel = $3 AND thread = $4 AND NOT done`
)

// Forget deletes the texts of a thread: its turns, answers and their evidence, what is
// to be posted to it, and events that are being answered. Of answers the hashes stay.
// The file of SQLite keeps no trace of the texts; Postgres overwrites them when it
// vacuums, and its backups have them still.
func (t *Tx) Forget(th Thread) error {
	if err := th.check(); err != nil {
		return err
	}
	now, err := t.now()
	if err != nil {
		return err
	}
	in := []any{th.Platform, th.Workspace, th.Channel, th.ID}
	return cmp.Or(
		t.done(t.sql.ExecContext(t.Context(), forgetAnswers, append([]any{now, t.token}, in...)...)),
		t.eraseEvidence(Report{}),
		t.eraseShown(Report{}),
		t.done(t.sql.ExecContext(t.Context(), forgetTurns, in...)),
		t.done(t.sql.ExecContext(t.Context(), forgetPending, in...)),
		t.done(t.sql.ExecContext(t.Context(), forgetPosted, in...)),
		t.done(t.sql.ExecContext(t.Context(), forgetEvents, append(in, t.token)...)),
	)
}

// shred has SQLite overwrite what is deleted (https://www.sqlite.org/pragma.html#pragma_secure_delete).
func (t *Tx) shred() error {
	if t.store.db.Postgres() {
		return nil
	}
	return t.done(t.sql.ExecContext(t.Context(), `PRAGMA secure_delete = ON`))
}

// dropLog empties SQLite's log, in which deleted text stands still. While another
// process reads, the log stays until the next time.
func (s *Store) dropLog(ctx context.Context) error {
	if s.db.Postgres() {
		return nil
	}
	_, err := s.db.SQL.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return s.db.Explain(err)
}
