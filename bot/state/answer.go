package state

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"kakehashi/bot/thread"
)

// Answer is an answer with all that it rests on, as a record that can be replayed.
type Answer struct {
	ID        string // made by NewID
	Thread    Thread
	Person    string // who asked
	Question  string
	Context   []Quote         // the earlier turns that were taken into account
	Answer    json.RawMessage // as docs/answer.md has it
	Citations []Citation
	Drafter   string // the model that worded it
	Encoder   string // the model that searched by meaning; "" for none

	// What the Store sets.
	No     int64 // in the chain of its workspace: 1, 2, 3 …
	At     time.Time
	Hash   string    // see Verify
	Erased time.Time // when its texts were deleted; zero while they are there
}

// Quote is an earlier turn as an answer has used it.
type Quote struct {
	Person string
	Role   thread.Role
	Text   string
	At     time.Time
}

// Citation is a passage that an answer rests on. Version is the hash of its text, which
// the library may have changed since.
type Citation struct {
	Passage, Version string
	Text             string
}

func (a *Answer) check() error {
	err := cmp.Or(
		checkID("the answer's id", a.ID), a.Thread.check(), checkID("the answer's person", a.Person), checkPeoples("the question", a.Question),
		checkJSON("the answer", a.Answer), checkOptional("the answer's drafter", a.Drafter), checkOptional("the answer's encoder", a.Encoder),
	)
	for _, q := range a.Context {
		text := checkText
		if q.Role != thread.Assistant {
			text = checkPeoples
		}
		err = cmp.Or(err, checkID("the person quoted", q.Person), checkID("the role quoted", string(q.Role)), text("the context", q.Text))
	}
	for _, c := range a.Citations {
		err = cmp.Or(err, checkID("the passage cited", c.Passage), checkID("the version cited", c.Version), checkText("the text cited", c.Text))
	}
	return err
}

// lockChain keeps the chain from growing elsewhere until the transaction ends.
const lockChain = `
INSERT INTO chains (platform, workspace, length, head) VALUES ($1, $2, 0, '')
ON CONFLICT (platform, workspace) DO UPDATE SET length = chains.length
RETURNING length + 1, head`

const lengthenChain = `UPDATE chains SET length = $3, head = $4 WHERE platform = $1 AND workspace = $2`

const insertAnswer = `
INSERT INTO answers (platform, workspace, no, id, person, channel, thread, question, answer, drafter, encoder, at, salt, content, hash, erased, erasure)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, '')`

const insertCitation = `INSERT INTO citations (answer, no, passage, version, text) VALUES ($1, $2, $3, $4, $5)`

const insertContext = `INSERT INTO contexts (answer, no, person, role, text, at) VALUES ($1, $2, $3, $4, $5, $6)`

// Record adds an answer to the chain of its workspace. To record the same again changes
// nothing; another under the same id is ErrConflict.
func (t *Tx) Record(a Answer) error {
	if err := a.check(); err != nil {
		return err
	}
	var before string
	if err := t.met(t.sql.QueryRowContext(t.Context(), lockChain, a.Thread.Platform, a.Thread.Workspace).Scan(&a.No, &before)); err != nil {
		return err
	}
	if known, err := t.recorded(&a); known || err != nil {
		return err
	}
	now, err := t.now()
	if err != nil {
		return err
	}
	a.At = fromMicros(now)
	salt := NewID()
	content := a.content(salt)
	a.Hash = a.link(before, content)
	if err := t.done(t.sql.ExecContext(t.Context(), insertAnswer, a.Thread.Platform, a.Thread.Workspace, a.No, a.ID, a.Person, a.Thread.Channel, a.Thread.ID,
		a.Question, string(a.Answer), a.Drafter, a.Encoder, now, salt, content, a.Hash)); err != nil {
		return err
	}
	for i, c := range a.Citations {
		if err := t.done(t.sql.ExecContext(t.Context(), insertCitation, a.ID, i, c.Passage, c.Version, c.Text)); err != nil {
			return err
		}
	}
	for i, q := range a.Context {
		if err := t.done(t.sql.ExecContext(t.Context(), insertContext, a.ID, i, q.Person, string(q.Role), q.Text, micros(q.At))); err != nil {
			return err
		}
	}
	return t.done(t.sql.ExecContext(t.Context(), lengthenChain, a.Thread.Platform, a.Thread.Workspace, a.No, a.Hash))
}

const selectRecorded = `SELECT platform, workspace, salt, content, erased FROM answers WHERE id = $1`

// recorded reports whether the answer is in the chain already.
func (t *Tx) recorded(a *Answer) (bool, error) {
	var in Thread
	var salt, content string
	var erased int64
	err := t.met(t.sql.QueryRowContext(t.Context(), selectRecorded, a.ID).Scan(&in.Platform, &in.Workspace, &salt, &content, &erased))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if in.Platform != a.Thread.Platform || in.Workspace != a.Thread.Workspace || erased == 0 && content != a.content(salt) {
		return false, ErrConflict
	}
	return true, nil
}
