package state

import (
	"cmp"
	"database/sql"
	"time"
)

// SignOff is a person's word that a version of something is right.
type SignOff struct {
	Subject string // an answer, a finished checklist, a digest …
	Version string // of the subject: its hash
	Person  Person // after a purge under a pseudonym
	At      time.Time
}

const signOff = `
INSERT INTO sign_offs (subject, version, platform, workspace, person, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (subject, version, platform, workspace, person) DO NOTHING`

// SignOff notes it. The first time that a person has signed a version stands.
func (t *Tx) SignOff(o SignOff) error {
	if err := cmp.Or(checkID("the subject", o.Subject), checkID("the version", o.Version), o.Person.check()); err != nil {
		return err
	}
	now, err := t.now()
	if err != nil {
		return err
	}
	return t.done(t.sql.ExecContext(t.Context(), signOff, o.Subject, o.Version, o.Person.Platform, o.Person.Workspace, o.Person.ID, now))
}

const selectSignOffs = `
SELECT version, platform, workspace, person, at FROM sign_offs WHERE subject = $1
ORDER BY at, version, platform, workspace, person`

// SignOffs are those of a subject, in all its versions, the oldest first.
func (r *Reader) SignOffs(subject string) ([]SignOff, error) {
	var out []SignOff
	rows, err := r.sql.QueryContext(r.Context(), selectSignOffs, subject)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		o := SignOff{Subject: subject}
		var at int64
		err := rows.Scan(&o.Version, &o.Person.Platform, &o.Person.Workspace, &o.Person.ID, &at)
		o.At = fromMicros(at)
		out = append(out, o)
		return err
	})
	return out, err
}
