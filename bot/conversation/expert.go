package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/guard"
	"kakehashi/bot/state"
	"kakehashi/bot/thread"
)

// Press is what a person does with a reply: a button, a menu, a form.
type Press struct {
	Key      string       // the same for every delivery of it, and no other's
	Thread   state.Thread // where the reply stands
	Person   string
	Answer   string       // its id
	Language language.Tag // see Message.Language
	Back     string       // see Message.Back
}

func (p Press) words() words { return wordsFor(Reads(p.Language)) }

// ignoreMissing makes light of what is not there.
func ignoreMissing(err error) error {
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	return err
}

// press does what a person wants, once. The person is told where the answer is gone.
func (d *Desk) press(ctx context.Context, p Press, do func(*state.Tx, Press, state.Answer, answer.Answer) error) error {
	return d.store.Update(ctx, func(tx *state.Tx) error {
		if first, err := tx.Once("press " + p.Key); err != nil || !first {
			return err
		}
		record, a, err := recorded(&tx.Reader, p.Answer)
		if errors.Is(err, state.ErrNotFound) || err == nil && !record.Erased.IsZero() {
			return tell(tx, p, p.words().gone)
		}
		if err != nil {
			return err
		}
		if p.Language == language.Und {
			p.Language = a.Language
		}
		return do(tx, p, record, a)
	})
}

func recorded(r *state.Reader, id string) (state.Answer, answer.Answer, error) {
	var a answer.Answer
	record, err := r.Answer(id)
	if err != nil || !record.Erased.IsZero() {
		return record, a, err
	}
	if err := json.Unmarshal(record.Answer, &a); err != nil {
		return record, a, fmt.Errorf("the answer %s in the database cannot be read: %w", id, err)
	}
	return record, a, nil
}

// tell writes to the person alone.
func tell(tx *state.Tx, p Press, text string) error {
	return enqueue(tx, "told for "+p.Key, p.Thread, "", Posting{Reply: Reply{Kind: KindNote, Language: Reads(p.Language), Person: p.Person, Private: true, Text: text}, Back: p.Back})
}

// Share puts an answer that was for one person before all of the channel.
func (d *Desk) Share(ctx context.Context, p Press) error {
	return d.press(ctx, p, func(tx *state.Tx, p Press, record state.Answer, a answer.Answer) error {
		reply := Reply{Kind: KindAnswer, Language: a.Language, Person: p.Person, Question: record.Question, Answer: &a}
		return enqueue(tx, "shared "+p.Answer+" in "+p.Thread.Channel, p.Thread, p.Answer, Posting{Reply: reply})
	})
}

// Ask puts a question and its answer before the experts. Their words come back to where
// it was asked.
func (d *Desk) Ask(ctx context.Context, p Press) error {
	channel := d.experts(p.Thread)
	return d.press(ctx, p, func(tx *state.Tx, p Press, record state.Answer, a answer.Answer) error {
		if channel == "" {
			return tell(tx, p, p.words().noExperts)
		}
		to := state.Thread{Platform: p.Thread.Platform, Workspace: p.Thread.Workspace, Channel: channel}
		reply := Reply{Kind: KindRequest, Language: a.Language, Person: p.Person, Question: record.Question, Answer: &a}
		origin := p.Thread
		if err := enqueue(tx, "request about "+p.Answer+" by "+p.Person, to, p.Answer, Posting{Reply: reply, Origin: &origin}); err != nil {
			return err
		}
		return tell(tx, p, p.words().askedExperts)
	})
}

// Vote notes whether an answer was of help. The reason is in the person's words, or "".
func (d *Desk) Vote(ctx context.Context, p Press, helpful bool, reason string) error {
	if guard.Marked(reason) {
		return d.store.Update(ctx, func(tx *state.Tx) error { return tell(tx, p, p.words().marked) })
	}
	return d.press(ctx, p, func(tx *state.Tx, _ Press, _ state.Answer, _ answer.Answer) error {
		return tx.SetFeedback(state.Feedback{Answer: p.Answer, Person: state.Person{Platform: p.Thread.Platform, Workspace: p.Thread.Workspace, ID: p.Person}, Helpful: helpful, Reason: reason})
	})
}

// experts is the channel of those who are asked in a workspace; "" for none.
func (d *Desk) experts(t state.Thread) string {
	if channel := d.options.Experts[state.Workspace{Platform: t.Platform, ID: t.Workspace}]; channel != "" {
		return channel
	}
	return d.options.Experts[state.Workspace{Platform: t.Platform}]
}

// request is a question to the experts that was posted.
type request struct {
	Reply
	origin state.Thread
}

// errEarly has a message that may answer a request wait until it is known which.
var errEarly = errors.New("a request to the experts is being posted, and this may be below it")

// asked reports whether a message stands below a request to the experts.
func (d *Desk) asked(r *state.Reader, m Message) (bool, error) {
	request, err := d.requestOf(r, m)
	return request != nil, err
}

// requestOf is the request to the experts in whose thread a message stands; nil if in
// none.
func (d *Desk) requestOf(r *state.Reader, m Message) (*request, error) {
	if m.Thread.Channel != d.experts(m.Thread) {
		return nil, nil
	}
	root := m.Thread
	root.ID = ""
	delivery, err := r.Posted(root, m.Thread.ID)
	if errors.Is(err, state.ErrNotFound) {
		if posting, err := r.Posting(root); err != nil || !posting {
			return nil, err
		}
		return nil, errEarly
	}
	if err != nil {
		return nil, err
	}
	p, err := ReadPosting(delivery.Payload)
	if err != nil || p.Origin == nil {
		return nil, err
	}
	return &request{p.Reply, *p.Origin}, nil
}

// expertsWord brings what an expert has written to where it was asked, and to the asker
// alone what was asked in private. Who asked can follow it up there.
func (d *Desk) expertsWord(m Message, r request) result {
	switch {
	case len(m.Others) > 0:
		return result{} // said among the experts
	case m.Marked:
		lang := languageOf(m)
		return d.note(m, lang, wordsFor(lang).marked, true)
	}
	out := result{to: r.origin, reply: &Reply{Kind: KindExpert, Language: r.Language, Person: m.Person, Text: m.Text}}
	if r.origin.ID == "" {
		out.only, out.reply.Private, out.reply.Question = r.Person, true, r.Question
		return out
	}
	// As a word to the asker it does not make a thread of two one of three.
	out.turn = &state.Turn{Message: m.ID, Person: m.Person, Role: thread.Assistant, Text: m.Text, At: m.At}
	return out
}
