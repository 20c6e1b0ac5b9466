package state

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"
)

// PurgeRequest says what to delete: what a person has written or is named in, what is
// older than a date, or both together. Platform and Workspace narrow it; empty, they
// stand for all.
type PurgeRequest struct {
	Platform, Workspace string
	User                string    // the platform's id of the person; "" for everyone
	Before              time.Time // zero for whatever age
	DryRun              bool      // count and delete nothing
}

// An answer goes also where it has taken a person's earlier turn into account: it may
// repeat it, in whatever words.
const purgeAnswers = blankAnswers + `($3 = '' OR platform = $3) AND ($4 = '' OR workspace = $4) AND (
	at < $6 AND ($5 = '' OR person = $5)
	OR EXISTS (SELECT 1 FROM contexts c WHERE c.answer = answers.id AND c.at < $6 AND ($5 = '' OR c.person = $5)))`

const (
	purgeTurns    = `DELETE FROM turns WHERE ` + ofPerson + ` AND at < $4`
	cancelPending = `DELETE FROM deliveries WHERE ` + ofPerson + ` AND at < $4 AND finished = 0`
	purgePosted   = blankPosted + ` AND ` + ofPerson + ` AND at < $4`
	purgeEvents   = `UPDATE events SET done = true, payload = '', person = '', owner = $5 WHERE ` + ofPerson + ` AND lease < $4 AND NOT done`
	purgeReasons  = `UPDATE feedback SET reason = '' WHERE ` + ofPerson + ` AND at < $4 AND reason <> ''`
	purgeVoters   = `UPDATE feedback SET reason = '', person = $5 WHERE ` + ofPerson + ` AND at < $4`
	purgeSignOffs = `UPDATE sign_offs SET person = $5 WHERE ` + ofPerson + ` AND at < $4`
	purgeWishes   = `DELETE FROM subscriptions WHERE ` + ofTarget + ` AND at < $4`
	purgeMakers   = `UPDATE subscriptions SET person = '' WHERE ` + ofPerson + ` AND at < $4`
	purgeContact  = `DELETE FROM conversations WHERE ` + ofTarget + ` AND at < $4`

	ofPerson = `($1 = '' OR platform = $1) AND ($2 = '' OR workspace = $2) AND ($3 = '' OR person = $3)`
	ofTarget = `($1 = '' OR platform = $1) AND ($2 = '' OR workspace = $2) AND kind = 'person' AND target = $3`
)

const unhurry = `SET LOCAL statement_timeout = 0`

// errDry undoes a dry run.
var errDry = errors.New("a dry run")

// Purge deletes in one transaction, and says what. Of a person it deletes the turns; the
// answers to the person, and those that have used the person's turns, with their evidence
// and wherever they are shown; what is to be posted to the person; reasons, subscriptions
// and references. Votes and sign-offs stay, under a pseudonym. Where no person is named,
// subscriptions, references and sign-offs stay as they are, whatever their age.
func (s *Store) Purge(ctx context.Context, p PurgeRequest) (Report, error) {
	if p.User == "" && p.Before.IsZero() {
		return nil, &InputError{"the purge", "names neither a person nor a date"}
	}
	report := Report{}
	err := s.Update(ctx, func(t *Tx) error {
		found := Report{}
		if err := t.purge(p, found); err != nil {
			return err
		}
		// What was deleted by a commit whose answer was lost is not found again.
		for table, n := range found {
			report[table] = max(report[table], n)
		}
		if p.DryRun {
			return errDry
		}
		return nil
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	return report, err
}

func (t *Tx) purge(p PurgeRequest, report Report) error {
	if t.store.db.Postgres() {
		if err := t.done(t.sql.ExecContext(t.Context(), unhurry)); err != nil {
			return err
		}
	}
	now, err := t.now()
	if err != nil {
		return err
	}
	before := int64(math.MaxInt64)
	if !p.Before.IsZero() {
		before = micros(p.Before)
	}
	about := []any{p.Platform, p.Workspace, p.User, before}
	if err := cmp.Or(
		t.counted(report, "answers")(t.sql.ExecContext(t.Context(), purgeAnswers, append([]any{now, t.token}, about...)...)),
		t.eraseEvidence(report),
		t.eraseShown(report),
		t.counted(report, "turns")(t.sql.ExecContext(t.Context(), purgeTurns, about...)),
		t.counted(report, "deliveries")(t.sql.ExecContext(t.Context(), cancelPending, about...)),
		t.counted(report, "deliveries")(t.sql.ExecContext(t.Context(), purgePosted, about...)),
		t.counted(report, "events")(t.sql.ExecContext(t.Context(), purgeEvents, append(about, t.token)...)),
	); err != nil {
		return err
	}
	if p.User == "" {
		return t.counted(report, "feedback")(t.sql.ExecContext(t.Context(), purgeReasons, about...))
	}
	renamed := append(about, "erased-"+NewID())
	return cmp.Or(
		t.counted(report, "feedback")(t.sql.ExecContext(t.Context(), purgeVoters, renamed...)),
		t.counted(report, "sign_offs")(t.sql.ExecContext(t.Context(), purgeSignOffs, renamed...)),
		t.counted(report, "subscriptions")(t.sql.ExecContext(t.Context(), purgeWishes, about...)),
		t.counted(report, "subscriptions")(t.sql.ExecContext(t.Context(), purgeMakers, about...)),
		t.counted(report, "conversations")(t.sql.ExecContext(t.Context(), purgeContact, about...)),
	)
}
