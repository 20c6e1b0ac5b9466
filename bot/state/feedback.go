package state

import (
	"cmp"
	"database/sql"
	"time"
)

// Feedback is what a person thinks of an answer.
type Feedback struct {
	Answer  string // its id
	Person  Person
	Helpful bool
	Reason  string // in the person's words; may be empty
	At      time.Time
}

const setFeedback = `
INSERT INTO feedback (answer, platform, workspace, person, helpful, reason, at)
SELECT id, $2, $3, $4, $5, $6, $7 FROM answers WHERE id = $1
ON CONFLICT (answer, platform, workspace, person) DO UPDATE SET helpful = excluded.helpful, reason = excluded.reason, at = excluded.at`

// SetFeedback notes what a person thinks, in place of what that person thought before.
// Without such an answer it returns ErrNotFound.
func (t *Tx) SetFeedback(f Feedback) error {
	if err := cmp.Or(checkID("the answer's id", f.Answer), f.Person.check(), checkPeoples("the reason", f.Reason)); err != nil {
		return err
	}
	now, err := t.now()
	if err != nil {
		return err
	}
	n, err := t.changed(t.sql.ExecContext(t.Context(), setFeedback, f.Answer, f.Person.Platform, f.Person.Workspace, f.Person.ID, f.Helpful, f.Reason, now))
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

const selectFeedback = `
SELECT platform, workspace, person, helpful, reason, at FROM feedback WHERE answer = $1
ORDER BY at, platform, workspace, person`

// Feedback is what people think of an answer, the oldest first.
func (r *Reader) Feedback(answer string) ([]Feedback, error) {
	var out []Feedback
	rows, err := r.sql.QueryContext(r.Context(), selectFeedback, answer)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		f := Feedback{Answer: answer}
		var at int64
		err := rows.Scan(&f.Person.Platform, &f.Person.Workspace, &f.Person.ID, &f.Helpful, &f.Reason, &at)
		f.At = fromMicros(at)
		out = append(out, f)
		return err
	})
	return out, err
}
