package state

import (
	"database/sql"
	"errors"
)

// kept is an answer with what only Verify needs of its row.
type kept struct {
	Answer
	salt, content string
}

const selectAnswers = `
SELECT no, id, person, channel, thread, question, answer, drafter, encoder, at, salt, content, hash, erased FROM answers
WHERE platform = $1 AND workspace = $2 AND no > $3 AND no <= $4
ORDER BY no`

const selectCitations = `
SELECT a.no, c.passage, c.version, c.text FROM answers a JOIN citations c ON c.answer = a.id
WHERE a.platform = $1 AND a.workspace = $2 AND a.no > $3 AND a.no <= $4
ORDER BY a.no, c.no`

const selectContexts = `
SELECT a.no, c.person, c.role, c.text, c.at FROM answers a JOIN contexts c ON c.answer = a.id
WHERE a.platform = $1 AND a.workspace = $2 AND a.no > $3 AND a.no <= $4
ORDER BY a.no, c.no`

// records reads those behind a place in the chain, up to another.
func (r *Reader) records(w Workspace, after, upTo int64) ([]kept, error) {
	var out []kept
	place := map[int64]int{}
	rows, err := r.sql.QueryContext(r.Context(), selectAnswers, w.Platform, w.ID, after, upTo)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		k := kept{Answer: Answer{Thread: Thread{Platform: w.Platform, Workspace: w.ID}}}
		var answer string
		var at, erased int64
		err := rows.Scan(&k.No, &k.ID, &k.Person, &k.Thread.Channel, &k.Thread.ID, &k.Question, &answer, &k.Drafter, &k.Encoder, &at, &k.salt, &k.content, &k.Hash, &erased)
		k.Answer.Answer, k.At, k.Erased = []byte(answer), fromMicros(at), fromMicros(erased)
		place[k.No] = len(out)
		out = append(out, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, err = r.sql.QueryContext(r.Context(), selectCitations, w.Platform, w.ID, after, upTo)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		var no int64
		var c Citation
		err := rows.Scan(&no, &c.Passage, &c.Version, &c.Text)
		if i, ok := place[no]; ok {
			out[i].Citations = append(out[i].Citations, c)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, err = r.sql.QueryContext(r.Context(), selectContexts, w.Platform, w.ID, after, upTo)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		var no, at int64
		var q Quote
		err := rows.Scan(&no, &q.Person, &q.Role, &q.Text, &at)
		q.At = fromMicros(at)
		if i, ok := place[no]; ok {
			out[i].Context = append(out[i].Context, q)
		}
		return err
	})
	return out, err
}

// Answers are the records of a workspace's chain behind a place in it, in order, for a
// replay. Those whose texts were deleted are among them, see Answer.Erased.
func (r *Reader) Answers(w Workspace, after int64, limit int) ([]Answer, error) {
	records, err := r.records(w, after, after+int64(limit))
	var out []Answer
	for _, k := range records {
		out = append(out, k.Answer)
	}
	return out, err
}

const selectQuestions = `
SELECT question FROM answers WHERE person = $3 AND erased = 0 AND platform = $1 AND workspace = $2
ORDER BY at DESC LIMIT $4`

// Questions are the last that a person has asked, the newest first.
func (r *Reader) Questions(p Person, limit int) ([]string, error) {
	var out []string
	rows, err := r.sql.QueryContext(r.Context(), selectQuestions, p.Platform, p.Workspace, p.ID, limit)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		var question string
		err := rows.Scan(&question)
		out = append(out, question)
		return err
	})
	return out, err
}

const selectPlace = `SELECT platform, workspace, no FROM answers WHERE id = $1`

// Answer is the record of that id, or ErrNotFound.
func (r *Reader) Answer(id string) (Answer, error) {
	var p chainPlace
	err := r.met(r.sql.QueryRowContext(r.Context(), selectPlace, id).Scan(&p.workspace.Platform, &p.workspace.ID, &p.no))
	if errors.Is(err, sql.ErrNoRows) {
		return Answer{}, ErrNotFound
	}
	if err != nil {
		return Answer{}, err
	}
	found, err := r.at([]chainPlace{p})
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Answer{}, err
	}
	return found[0], nil
}

const selectResting = `
SELECT a.platform, a.workspace, a.no FROM citations c JOIN answers a ON a.id = c.answer
WHERE c.passage = $1 AND c.version = $2
GROUP BY a.platform, a.workspace, a.no
ORDER BY a.platform, a.workspace, a.no`

// Resting are the answers that rest on a version of a passage, for their recall.
func (r *Reader) Resting(passage, version string) ([]Answer, error) {
	var places []chainPlace
	rows, err := r.sql.QueryContext(r.Context(), selectResting, passage, version)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		var p chainPlace
		err := rows.Scan(&p.workspace.Platform, &p.workspace.ID, &p.no)
		places = append(places, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.at(places)
}

type chainPlace struct {
	workspace Workspace
	no        int64
}

func (r *Reader) at(places []chainPlace) ([]Answer, error) {
	var out []Answer
	for _, p := range places {
		found, err := r.Answers(p.workspace, p.no-1, 1)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}
