package state

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
)

// Conversation is how a platform wants a person or a channel to be written to unasked.
type Conversation struct {
	Target    Target
	Reference json.RawMessage // the platform's own
	Blocked   bool            // the target does not want to be written to
}

const setConversation = `
INSERT INTO conversations (platform, workspace, kind, target, reference, blocked, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (platform, workspace, kind, target) DO UPDATE SET reference = excluded.reference, blocked = excluded.blocked, at = excluded.at`

// SetConversation keeps a reference, in place of the one before.
func (t *Tx) SetConversation(c Conversation) error {
	if err := cmp.Or(c.Target.check(), checkJSON("the conversation's reference", c.Reference)); err != nil {
		return err
	}
	now, err := t.now()
	if err != nil {
		return err
	}
	g := c.Target
	return t.done(t.sql.ExecContext(t.Context(), setConversation, g.Platform, g.Workspace, string(g.Kind), g.ID, string(c.Reference), c.Blocked, now))
}

const blockConversation = `UPDATE conversations SET blocked = true WHERE platform = $1 AND workspace = $2 AND kind = $3 AND target = $4`

// Block notes that a target does not want to be written to; SetConversation takes it
// back.
func (t *Tx) Block(g Target) error {
	return t.done(t.sql.ExecContext(t.Context(), blockConversation, g.Platform, g.Workspace, string(g.Kind), g.ID))
}

const selectConversation = `SELECT reference, blocked FROM conversations WHERE platform = $1 AND workspace = $2 AND kind = $3 AND target = $4`

// Conversation is that of a target, or ErrNotFound.
func (r *Reader) Conversation(g Target) (Conversation, error) {
	c := Conversation{Target: g}
	var reference string
	err := r.met(r.sql.QueryRowContext(r.Context(), selectConversation, g.Platform, g.Workspace, string(g.Kind), g.ID).Scan(&reference, &c.Blocked))
	if errors.Is(err, sql.ErrNoRows) {
		return Conversation{}, ErrNotFound
	}
	c.Reference = json.RawMessage(reference)
	return c, err
}
