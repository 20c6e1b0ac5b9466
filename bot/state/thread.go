package state

import (
	"cmp"
	"database/sql"
	"time"

	"kakehashi/bot/thread"
)

// Thread is a conversation on a platform. ID is empty for what stands in the channel
// itself.
type Thread struct{ Platform, Workspace, Channel, ID string }

func (th Thread) check() error {
	return cmp.Or(
		checkID("the thread's platform", th.Platform), checkID("the thread's workspace", th.Workspace),
		checkID("the thread's channel", th.Channel), checkOptional("the thread's id", th.ID),
	)
}

// Person is someone on a platform.
type Person struct{ Platform, Workspace, ID string }

func (p Person) check() error {
	return cmp.Or(checkID("the person's platform", p.Platform), checkID("the person's workspace", p.Workspace), checkID("the person's id", p.ID))
}

// Turn is a message of a thread.
type Turn struct {
	Message string // the platform's id of it
	Person  string // the platform's id of who wrote it
	Role    thread.Role
	Text    string
	Answer  string    // the id of the answer that it shows; "" for none
	At      time.Time // by the platform
}

const appendTurn = `
INSERT INTO turns (platform, workspace, channel, thread, message, person, role, text, answer, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (platform, workspace, channel, thread, message) DO NOTHING`

// Append adds a turn to a thread. A message that is there already stays as it is.
func (t *Tx) Append(th Thread, turn Turn) error {
	text := checkText
	if turn.Role != thread.Assistant {
		text = checkPeoples
	}
	if err := cmp.Or(
		th.check(), checkID("the turn's message", turn.Message), checkID("the turn's person", turn.Person),
		checkID("the turn's role", string(turn.Role)), text("the turn's text", turn.Text), checkOptional("the turn's answer", turn.Answer),
	); err != nil {
		return err
	}
	return t.done(t.sql.ExecContext(t.Context(), appendTurn, th.Platform, th.Workspace, th.Channel, th.ID,
		turn.Message, turn.Person, string(turn.Role), turn.Text, turn.Answer, micros(turn.At)))
}

const selectTurns = `
SELECT message, person, role, text, answer, at FROM turns
WHERE platform = $1 AND workspace = $2 AND channel = $3 AND thread = $4
ORDER BY at, seq`

// Turns are the messages of a thread in the platform's order; those of one moment in
// the order of Append.
func (r *Reader) Turns(th Thread) ([]Turn, error) {
	var out []Turn
	rows, err := r.sql.QueryContext(r.Context(), selectTurns, th.Platform, th.Workspace, th.Channel, th.ID)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		var turn Turn
		var at int64
		err := rows.Scan(&turn.Message, &turn.Person, &turn.Role, &turn.Text, &turn.Answer, &at)
		turn.At = fromMicros(at)
		out = append(out, turn)
		return err
	})
	return out, err
}

const selectParticipants = `
SELECT person FROM turns
WHERE platform = $1 AND workspace = $2 AND channel = $3 AND thread = $4 AND role = $5
GROUP BY person ORDER BY min(at), min(seq)`

// Participants are the people who have written in a thread, in the order in which they
// came.
func (r *Reader) Participants(th Thread) ([]string, error) {
	var out []string
	rows, err := r.sql.QueryContext(r.Context(), selectParticipants, th.Platform, th.Workspace, th.Channel, th.ID, string(thread.User))
	err = r.each(rows, err, func(rows *sql.Rows) error {
		var person string
		err := rows.Scan(&person)
		out = append(out, person)
		return err
	})
	return out, err
}
