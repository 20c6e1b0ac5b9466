package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
)

// Workspace is a Slack workspace or a Teams tenant. Its answers form one chain.
type Workspace struct{ Platform, ID string }

// Chain is what Verify has found sound. Whoever may write to the database could make a
// chain anew; who keeps Length and Head elsewhere finds that out.
type Chain struct {
	Length int64
	Head   string // the hash of the last record
	Erased int64  // records whose texts were deleted: of these the links alone are proven
}

// BrokenError names the first record at which a chain does not hold.
type BrokenError struct {
	Workspace Workspace
	No        int64
	ID        string // "" where the record is missing
	Fault     string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the chain of answers of %s %q breaks at record %d: %s", e.Workspace.Platform, e.Workspace.ID, e.No, e.Fault)
}

// hashOf hashes strings, each behind its length, so that no two lists of them are hashed
// alike.
func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// content is the hash of all that may be erased. The salt, which goes with it, keeps
// anyone from trying out what the text may have been.
func (a *Answer) content(salt string) string {
	parts := []string{salt, a.Person, a.Thread.Channel, a.Thread.ID, a.Question, string(a.Answer), a.Drafter, a.Encoder, strconv.Itoa(len(a.Context))}
	for _, q := range a.Context {
		parts = append(parts, q.Person, string(q.Role), q.Text, strconv.FormatInt(micros(q.At), 10))
	}
	for _, c := range a.Citations {
		parts = append(parts, c.Passage, c.Version, c.Text)
	}
	return hashOf(parts...)
}

// link is the hash of a record: its place, its content and the hash before it.
func (a *Answer) link(before, content string) string {
	return hashOf(before, a.Thread.Platform, a.Thread.Workspace, strconv.FormatInt(a.No, 10), a.ID, strconv.FormatInt(micros(a.At), 10), content)
}

const selectChain = `SELECT length, head FROM chains WHERE platform = $1 AND workspace = $2`

// chainPage is how many records are read at once.
const chainPage = 200

// Verify checks the chain of a workspace as far as it goes when it is called. The error
// is a *BrokenError where the chain does not hold.
func (s *Store) Verify(ctx context.Context, w Workspace) (Chain, error) {
	var want Chain
	if err := s.View(ctx, func(r *Reader) error {
		err := r.met(r.sql.QueryRowContext(r.Context(), selectChain, w.Platform, w.ID).Scan(&want.Length, &want.Head))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}); err != nil {
		return Chain{}, err
	}
	var seen Chain
	for seen.Length < want.Length {
		var page []kept
		if err := s.View(ctx, func(r *Reader) (err error) {
			page, err = r.records(w, seen.Length, min(seen.Length+chainPage, want.Length))
			return err
		}); err != nil {
			return Chain{}, err
		}
		for _, k := range page {
			if err := seen.add(w, &k); err != nil {
				return Chain{}, err
			}
		}
		if len(page) == 0 {
			return Chain{}, &BrokenError{w, seen.Length + 1, "", "it is missing"}
		}
	}
	if seen.Head != want.Head {
		return Chain{}, &BrokenError{w, seen.Length, "", "it is not the one that the chain ends with"}
	}
	return seen, nil
}

// add checks a record against those before it.
func (c *Chain) add(w Workspace, k *kept) error {
	broken := func(fault string) error { return &BrokenError{w, k.No, k.ID, fault} }
	switch {
	case k.No != c.Length+1:
		return &BrokenError{w, c.Length + 1, "", "it is missing"}
	case k.Erased.IsZero() && k.content != k.Answer.content(k.salt):
		return broken("its content has been changed")
	case !k.Erased.IsZero() && (k.Person != "" || k.Question != "" || len(k.Answer.Answer) > 0 || len(k.Citations)+len(k.Context) > 0):
		return broken("it is marked as erased and is not")
	case k.Hash != k.link(c.Head, k.content):
		return broken("its hash does not follow from the record and the one before")
	}
	c.Length, c.Head = k.No, k.Hash
	if !k.Erased.IsZero() {
		c.Erased++
	}
	return nil
}
