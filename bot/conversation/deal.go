package conversation

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/state"
	"kakehashi/bot/thread"
)

// result is all that comes of a message.
type result struct {
	turn   *state.Turn   // the person's
	answer *state.Answer // to be recorded
	reply  *Reply
	said   string // the reply as a part of the talk that follows; "" for what is none
	to     state.Thread
	only   string                // whom alone the reply is for, where that is not who is answered
	write  func(*state.Tx) error // what a command changes
}

// deal decides, answers, and writes down what comes of it in one transaction with the
// end of the event: all of it happens once, or none of it.
func (d *Desk) deal(ctx context.Context, e state.Event, m Message) error {
	var turns []state.Turn
	var waiting []state.Event
	var request *request
	if err := d.store.View(ctx, func(r *state.Reader) (err error) {
		if m.Way == Overheard {
			if request, err = d.requestOf(r, m); err != nil || request != nil {
				return err
			}
		}
		if m.Thread.ID != "" {
			turns, err = r.Turns(m.Thread)
		}
		if err == nil && m.Way == Overheard {
			waiting, err = r.Waiting(m.Thread)
		}
		return err
	}); err != nil {
		return err
	}
	turns = slices.DeleteFunc(turns, func(t state.Turn) bool { return t.Message == m.ID })
	out := result{to: m.Thread}
	switch {
	case request != nil:
		out = d.expertsWord(m, *request)
	default:
		switch judge(m, withWaiting(turns, waiting, m)) {
		case remember:
			out.turn = turnOf(m)
		case respond:
			out = d.respond(ctx, m, turns)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return d.store.Update(ctx, func(tx *state.Tx) error { return out.keep(tx, e, m) })
}

// withWaiting are the turns as they will be when what was said in the thread before a
// message is dealt with, which another replica has taken, or one that has died.
func withWaiting(turns []state.Turn, waiting []state.Event, m Message) []state.Turn {
	var before []Message
	for _, e := range waiting {
		var w Message
		if err := json.Unmarshal([]byte(e.Payload), &w); err == nil && w.ID != m.ID && w.At.Before(m.At) {
			before = append(before, w)
		}
	}
	slices.SortFunc(before, func(x, y Message) int { return x.At.Compare(y.At) })
	for _, w := range before {
		i := len(turns)
		for i > 0 && turns[i-1].At.After(w.At) {
			i--
		}
		said := []state.Turn{{Message: w.ID, Person: w.Person, Role: thread.User, Text: w.Text, At: w.At}}
		if judge(w, turns[:i]) == respond {
			said = append(said, state.Turn{Message: "reply to " + w.ID, Person: botPerson, Role: thread.Assistant, At: w.At})
		}
		turns = slices.Insert(slices.Clone(turns), i, said...)
	}
	return turns
}

func (out *result) keep(tx *state.Tx, e state.Event, m Message) error {
	if out.write != nil {
		if err := out.write(tx); err != nil {
			return err
		}
	}
	if err := tx.Finish(e); err != nil {
		return err
	}
	if out.turn != nil {
		if err := tx.Append(out.to, *out.turn); err != nil {
			return err
		}
	}
	answered := ""
	if out.answer != nil {
		if err := tx.Record(*out.answer); err != nil {
			return err
		}
		answered = out.answer.ID
	}
	if out.reply == nil {
		return nil
	}
	if out.turn != nil && out.turn.Role == thread.User { // that it was replied to counts, see aside
		said := state.Turn{Message: "reply to " + m.ID, Person: botPerson, Role: thread.Assistant, Text: out.said, Answer: answered, At: m.At.Add(time.Microsecond)}
		if err := tx.Append(out.to, said); err != nil {
			return err
		}
	}
	return enqueue(tx, "reply to "+m.Key, out.to, answered, Posting{Reply: *out.reply, Back: m.Back, For: out.only})
}

// botPerson stands for the bot in transcripts.
const botPerson = "kakehashi"

func enqueue(tx *state.Tx, key string, to state.Thread, answered string, p Posting) error {
	payload, err := json.Marshal(p)
	if err != nil {
		return err
	}
	delivery := state.Delivery{Key: key, Thread: to, Answer: answered, Payload: payload}
	if p.Reply.Private {
		delivery.Person = cmp.Or(p.For, p.Reply.Person)
	}
	return tx.Enqueue(delivery)
}

func turnOf(m Message) *state.Turn {
	if m.Marked || m.Thread.ID == "" || m.Way.private() || strings.TrimSpace(m.Text) == "" {
		return nil
	}
	return &state.Turn{Message: m.ID, Person: m.Person, Role: thread.User, Text: m.Text, At: m.At}
}

// respond makes the reply to a message that is for the bot.
func (d *Desk) respond(ctx context.Context, m Message, turns []state.Turn) result {
	lang := languageOf(m)
	w := wordsFor(lang)
	if m.Marked {
		return d.note(m, lang, w.marked, true)
	}
	c := commandIn(m.Text)
	switch {
	case c.name == "" && c.text == "":
		return d.note(m, lang, w.help(d.options.Contact), m.Way.private())
	case c.name == "" && courteous(c.text):
		return d.note(m, lang, w.welcome, m.Way.private())
	case c.name != "" && c.name != asOf:
		return d.command(m, lang, c)
	}
	return d.answer(ctx, m, lang, c, turns)
}

func (d *Desk) note(m Message, lang language.Tag, text string, private bool) result {
	out := result{to: m.Thread, reply: &Reply{Kind: KindNote, Language: lang, Person: m.Person, Private: private, Text: text}}
	if !private {
		out.turn = turnOf(m)
	}
	return out
}

// unanswered tells the asker alone why a question has no answer. The talk goes on from
// there.
func (d *Desk) unanswered(m Message, lang language.Tag, text string) result {
	out := d.note(m, lang, text, true)
	out.turn = turnOf(m)
	return out
}

// answer asks the engine. A question that cannot be answered now ends in a note to the
// asker alone.
func (d *Desk) answer(ctx context.Context, m Message, lang language.Tag, c command, turns []state.Turn) result {
	w := wordsFor(lang)
	if c.fault != "" {
		return d.unanswered(m, lang, w.fault(c.fault))
	}
	working, stopped := d.stoppable(ctx, m.Thread)
	defer stopped()
	working, cancel := context.WithTimeoutCause(working, d.options.Patience, errTooLong)
	defer cancel()
	end := d.options.Begin(working, m)
	defer end()
	q := answer.Question{ID: state.NewID(), Text: c.text, History: historyFor(m.Person, turns), AsOf: c.asOf}
	if m.Way == Shortcut { // of another's text, in the language of who asks
		q.Language = lang
	}
	a, err := d.engine.Answer(working, q)
	var input *answer.InputError
	switch {
	case errors.As(err, &input):
		return d.note(m, lang, w.refusedInput(input), true)
	case err != nil && context.Cause(working) == errStopped:
		return d.note(m, lang, w.stopped, m.Way.private())
	case err != nil:
		slog.ErrorContext(ctx, "a question could not be answered", "error", err)
		return d.unanswered(m, lang, w.failed)
	}
	reply := &Reply{Kind: KindAnswer, Language: a.Language, Person: m.Person, Private: m.Way.private(), Shares: m.Way.private(), Question: c.text, Answer: &a}
	out := result{to: m.Thread, reply: reply}
	if a.Outcome == answer.Refused { // an earlier turn, or the text taken together, is marked: nothing of it is kept
		reply.Private, reply.Shares, reply.Question = true, false, ""
		return out
	}
	out.turn = turnOf(m)
	if out.turn != nil {
		reply.Colleagues = thread.Disagreements(saidIn(append(turns, *out.turn)))
		out.said = sentencesOf(a)
	}
	out.answer = d.record(m, c.text, a, turns)
	return out
}

// errTooLong ends an answer that takes longer than people wait.
var errTooLong = errors.New("the answer took too long")

// historyFor is a thread as it bears on one person's question: the colleagues' own cases
// are left out.
func historyFor(person string, turns []state.Turn) []thread.Turn {
	var out []thread.Turn
	for _, t := range turns {
		text := t.Text
		if t.Role == thread.User && t.Person != person {
			text = thread.WithoutOwn(text)
		}
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, thread.Turn{Role: t.Role, Text: text})
		}
	}
	return out
}

func saidIn(turns []state.Turn) []thread.Said {
	var out []thread.Said
	for _, t := range turns {
		if t.Role == thread.User {
			out = append(out, thread.Said{Person: t.Person, Text: t.Text})
		}
	}
	return out
}

func sentencesOf(a answer.Answer) string {
	var texts []string
	for _, s := range a.Sentences {
		texts = append(texts, s.Text)
	}
	for _, n := range a.Notices {
		if len(a.Sentences) == 0 && n.Code == answer.NoticeDeclined {
			texts = append(texts, n.Text)
		}
	}
	return strings.Join(texts, " ")
}

// record is the answer with all that it rests on.
func (d *Desk) record(m Message, question string, a answer.Answer, turns []state.Turn) *state.Answer {
	content, err := json.Marshal(a)
	if err != nil {
		panic(err) // an Answer has a JSON form
	}
	out := &state.Answer{
		ID: a.ID, Thread: m.Thread, Person: m.Person, Question: question, Answer: content,
		Drafter: cmp.Or(d.options.Drafter, "extractive"), Encoder: d.options.Encoder,
	}
	for _, t := range turns {
		if t.Text == "" {
			continue
		}
		out.Context = append(out.Context, state.Quote{Person: t.Person, Role: t.Role, Text: t.Text, At: t.At})
	}
	for _, s := range a.Sentences {
		for _, c := range s.Cites {
			i := slices.IndexFunc(a.Sources, func(x answer.Source) bool { return x.N == c.Source })
			out.Citations = append(out.Citations, state.Citation{Passage: string(a.Sources[i].Passage), Version: a.Sources[i].Version, Text: c.Quote})
		}
	}
	return out
}
