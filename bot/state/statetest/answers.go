package statetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/bot/thread"
)

var answerTests = map[string]func(*testing.T, *fixture){
	"gives back an answer with all that it rests on": recordsAnswers,
	"records an answer once":                         recordsOnce,
	"finds the answers that rest on a version":       findsResting,
	"chains the answers of a workspace":              chains,
	"finds whatever is changed in a chain":           findsTampering,
}

func record(t testing.TB, s *state.Store, answers ...state.Answer) {
	t.Helper()
	update(t, s, nil, func(tx *state.Tx) error {
		for _, a := range answers {
			if err := tx.Record(a); err != nil {
				return err
			}
		}
		return nil
	})
}

func verify(s *state.Store, t testing.TB, th state.Thread) (state.Chain, error) {
	return s.Verify(t.Context(), state.Workspace{Platform: th.Platform, ID: th.Workspace})
}

// sound expects a chain to hold.
func sound(t testing.TB, s *state.Store, th state.Thread, length int64) state.Chain {
	t.Helper()
	chain, err := verify(s, t, th)
	if err != nil || chain.Length != length {
		t.Errorf("%+v: %v; want %d sound records", chain, err, length)
	}
	return chain
}

func recordsAnswers(t *testing.T, f *fixture) {
	a := answerTo("A1", "U1", "May O'Brien's team “share” 秘密?", slackThread)
	a.Context = []state.Quote{
		{Person: "U2", Role: thread.User, Text: "earlier", At: noon},
		{Person: "B", Role: thread.Assistant, Text: "a reply", At: noon.Add(time.Second)},
	}
	a.Citations = append(a.Citations, state.Citation{Passage: "jp-fefta-overview#1", Version: "v7", Text: "外為法"})
	record(t, f.Store, a)
	got := read(t, f.Open(t, state.Options{}), func(r *state.Reader) (state.Answer, error) { return r.Answer("A1") })
	if got.No != 1 || got.Hash == "" || got.At.IsZero() || !got.Erased.IsZero() {
		t.Errorf("%+v", got)
	}
	a.No, a.Hash, a.At = got.No, got.Hash, got.At
	equal(t, "answers", []state.Answer{got}, []state.Answer{a})
	missing(t, f.Store, func(r *state.Reader) (state.Answer, error) { return r.Answer("A2") })
	record(t, f.Store, answerTo("A2", "U1", "b", teamsThread), answerTo("A3", "U1", "c", otherThread), answerTo("A4", "U1", "d", slackThread))
	for _, c := range []struct {
		after int64
		limit int
		want  []string
	}{{0, 10, []string{"A1", "A3", "A4"}}, {1, 1, []string{"A3"}}, {3, 10, nil}} {
		var ids []string
		for _, a := range read(t, f.Store, func(r *state.Reader) ([]state.Answer, error) {
			return r.Answers(state.Workspace{Platform: "slack", ID: "T1"}, c.after, c.limit)
		}) {
			ids = append(ids, a.ID)
		}
		equal(t, fmt.Sprintf("behind %d", c.after), ids, c.want)
	}
}

func recordsOnce(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{})}
	a := answerTo("A1", "U1", "a", slackThread)
	atOnce(6, func(i int) { record(t, replicas[i%2], a) })
	sound(t, f.Store, slackThread, 1)
	for name, other := range map[string]state.Answer{
		"another question":  answerTo("A1", "U1", "b", slackThread),
		"another thread":    answerTo("A1", "U1", "a", otherThread),
		"another workspace": answerTo("A1", "U1", "a", teamsThread),
	} {
		if err := f.Update(t.Context(), func(tx *state.Tx) error { return tx.Record(other) }); err != state.ErrConflict {
			t.Errorf("%s under the same id: %v", name, err)
		}
	}
	sound(t, f.Store, slackThread, 1)
}

func findsResting(t *testing.T, f *fixture) {
	cites := func(id, passage, version string, th state.Thread) state.Answer {
		a := answerTo(id, "U1", "a", th)
		a.Citations = append(a.Citations, state.Citation{Passage: passage, Version: version}, state.Citation{Passage: passage, Version: version})
		return a
	}
	record(t, f.Store, cites("A1", "p", "old", slackThread), cites("A2", "p", "new", slackThread), cites("A3", "q", "old", slackThread), cites("A4", "p", "old", teamsThread))
	var ids []string
	for _, a := range read(t, f.Store, func(r *state.Reader) ([]state.Answer, error) { return r.Resting("p", "old") }) {
		ids = append(ids, a.ID)
	}
	equal(t, "answers", ids, []string{"A1", "A4"})
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Forget(slackThread) })
	if rest := read(t, f.Store, func(r *state.Reader) ([]state.Answer, error) { return r.Resting("p", "old") }); len(rest) != 1 || rest[0].ID != "A4" {
		t.Errorf("after the thread is forgotten: %+v", rest)
	}
}

func chains(t *testing.T, f *fixture) {
	replicas := []*state.Store{f.Store, f.Open(t, state.Options{}), f.Open(t, state.Options{})}
	const each = 10
	atOnce(6, func(i int) {
		for n := range each {
			record(t, replicas[i%3], answerTo(fmt.Sprintf("A%d-%d", i, n), "U1", "a", []state.Thread{slackThread, otherThread, teamsThread}[i%3]))
		}
	})
	first := sound(t, f.Store, slackThread, 4*each)
	sound(t, f.Store, teamsThread, 2*each)
	sound(t, f.Store, state.Thread{Platform: "slack", Workspace: "unknown"}, 0)
	record(t, f.Store, answerTo("A", "U1", "a", slackThread))
	if second := sound(t, f.Store, slackThread, 4*each+1); second.Head == first.Head {
		t.Error("the head does not change")
	}
	for n := range 500 { // more than is read at once
		record(t, f.Store, answerTo(fmt.Sprint("B", n), "U1", "a", slackThread))
	}
	sound(t, f.Store, slackThread, 4*each+501)
}

// findsTampering makes chains of three, and changes each behind the Store's back.
func findsTampering(t *testing.T, f *fixture) {
	type change = func(context.Context, *sql.DB, string) (sql.Result, error)
	for name, c := range map[string]struct {
		no     int64
		change change
	}{
		"a question": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE answers SET question = 'another' WHERE no = 2 AND workspace = $1`, workspace)
		}},
		"an answer": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE answers SET answer = '{}' WHERE no = 2 AND workspace = $1`, workspace)
		}},
		"who asked": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE answers SET person = 'U9' WHERE no = 2 AND workspace = $1`, workspace)
		}},
		"a time": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE answers SET at = at + 1 WHERE no = 2 AND workspace = $1`, workspace)
		}},
		"an id": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE answers SET id = 'another' WHERE no = 2 AND workspace = $1`, workspace)
		}},
		"a quotation": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE citations SET text = 'another' WHERE answer IN (SELECT id FROM answers WHERE no = 2 AND workspace = $1)`, workspace)
		}},
		"a citation less": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `DELETE FROM citations WHERE answer IN (SELECT id FROM answers WHERE no = 2 AND workspace = $1)`, workspace)
		}},
		"the context": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE contexts SET text = 'another' WHERE answer IN (SELECT id FROM answers WHERE no = 2 AND workspace = $1)`, workspace)
		}},
		"a text and its hash": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE answers SET question = '', person = '', answer = '', content = 'x', erased = 1 WHERE no = 2 AND workspace = $1`, workspace)
		}},
		"an erasure": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE answers SET erased = 1 WHERE no = 2 AND workspace = $1`, workspace)
		}},
		"a number": {3, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE answers SET no = 4 WHERE no = 3 AND workspace = $1`, workspace)
		}},
		"the first": {1, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `DELETE FROM answers WHERE no = 1 AND workspace = $1`, workspace)
		}},
		"one in the middle": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `DELETE FROM answers WHERE no = 2 AND workspace = $1`, workspace)
		}},
		"the last": {3, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `DELETE FROM answers WHERE no = 3 AND workspace = $1`, workspace)
		}},
		"the head": {3, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE chains SET head = 'x' WHERE workspace = $1`, workspace)
		}},
		"the length": {2, func(ctx context.Context, db *sql.DB, workspace string) (sql.Result, error) {
			return db.ExecContext(ctx, `UPDATE chains SET length = 2 WHERE workspace = $1`, workspace)
		}},
	} {
		w := state.Workspace{Platform: "slack", ID: state.NewID()}
		th := slackThread
		th.Workspace = w.ID
		for range 3 {
			a := answerTo(state.NewID(), "U1", "a", th)
			a.Context = []state.Quote{{Person: "U2", Role: thread.User, Text: "earlier", At: noon}}
			record(t, f.Store, a)
		}
		sound(t, f.Store, th, 3)
		result, err := c.change(t.Context(), f.DB.SQL, w.ID)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n, err := result.RowsAffected(); n != 1 {
			t.Fatalf("%s: %d rows changed, %v", name, n, err)
		}
		_, err = f.Verify(t.Context(), w)
		var broken *state.BrokenError
		if !errors.As(err, &broken) || broken.No != c.no || broken.Workspace != w {
			t.Errorf("%s: %v; want a break at record %d", name, err, c.no)
		}
	}
}
