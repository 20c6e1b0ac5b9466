package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/guard"
	"kakehashi/bot/state"
	"kakehashi/corpus"
	"kakehashi/retrieval/analysis"
)

// Engine answers questions; *answer.Engine does.
type Engine interface {
	Answer(context.Context, answer.Question) (answer.Answer, error)
}

// Desk takes messages in, and puts the replies into the outbox. It is safe for
// concurrent use.
type Desk struct {
	engine  Engine
	library *corpus.Library
	store   *state.Store
	options Options
	claims  claims

	queues  []chan state.Event // by thread, so that the messages of one are taken in turn
	seed    maphash.Seed
	mutex   sync.Mutex
	running map[state.Thread]map[*working]bool
}

// working is an answer on its way.
type working struct{ stop context.CancelCauseFunc }

// Options are what an installation sets.
type Options struct {
	Experts          map[state.Workspace]string                  // channel of those who answer what the sources do not
	Contact          string                                      // whom to ask, in the help; "" for a general hint
	Workers          int                                         // how many messages are answered at a time; 4
	Patience         time.Duration                               // how long an answer may take; 30 seconds
	Drafter, Encoder string                                      // as they are recorded with answers
	Begin            func(context.Context, Message) (end func()) // tells that an answer is being worked on; nil for nothing
}

const queued = 1000 // messages that wait in memory for each worker; more wait in the database

// New is a desk that answers from a library by an engine that holds it.
func New(engine Engine, lib *corpus.Library, store *state.Store, o Options) *Desk {
	if o.Workers == 0 {
		o.Workers = 4
	}
	if o.Patience == 0 {
		o.Patience = 30 * time.Second
	}
	if o.Begin == nil {
		o.Begin = func(context.Context, Message) func() { return func() {} }
	}
	d := &Desk{engine: engine, library: lib, store: store, options: o, claims: claims{store: store}, seed: maphash.MakeSeed(), running: map[state.Thread]map[*working]bool{}}
	for range o.Workers {
		d.queues = append(d.queues, make(chan state.Event, queued))
	}
	return d
}

// Receive takes a message. When it returns without an error, the message is in the
// database and will be dealt with, once, whatever becomes of this process: then the
// platform may be told that it has arrived. A message that was taken before changes
// nothing. The text of one that carries a marking goes no further than here.
func (d *Desk) Receive(ctx context.Context, m Message) error {
	if guard.Marked(m.Text) {
		m.Language, m.Text, m.Marked = languageOf(m), "", true
	}
	if m.Way == Overheard {
		if concerned, err := d.concerned(ctx, m); err != nil || !concerned {
			return err
		}
	}
	payload, err := json.Marshal(m)
	if err != nil {
		return err
	}
	e, fresh, err := d.claims.take(ctx, state.Event{Key: m.Key, Thread: m.Thread, Person: m.Person, Payload: string(payload)})
	if err != nil || !fresh {
		return err
	}
	select {
	case d.queues[maphash.Comparable(d.seed, m.Thread)%uint64(len(d.queues))] <- e:
	default: // Adopt finds it when its claim has run out
		slog.WarnContext(ctx, "messages come faster than they are answered")
	}
	return nil
}

// concerned reports whether a message that was not said to the bot stands in a thread
// in which it takes part, or in one of the experts'.
func (d *Desk) concerned(ctx context.Context, m Message) (concerned bool, err error) {
	if m.Thread.ID == "" || m.ID == m.Thread.ID {
		return false, nil
	}
	err = d.store.View(ctx, func(r *state.Reader) error {
		people, err := r.Participants(m.Thread)
		if concerned = len(people) > 0; err != nil || concerned {
			return err
		}
		if concerned, err = d.asked(r, m); errors.Is(err, errEarly) {
			concerned, err = true, nil
		}
		if err != nil || concerned {
			return err
		}
		waiting, err := r.Waiting(m.Thread)
		concerned = len(waiting) > 0 // the first question is being answered
		return err
	})
	return concerned, err
}

// Run deals with the messages until the context ends; those that another process has
// taken and not dealt with are among them.
func (d *Desk) Run(ctx context.Context) {
	var group sync.WaitGroup
	for _, queue := range d.queues {
		group.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case e := <-queue:
					d.take(ctx, e)
				}
			}
		})
	}
	group.Go(func() {
		ticker := time.NewTicker(adoptEvery)
		defer ticker.Stop()
		for {
			for d.adopt(ctx) {
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	group.Wait()
}

// adoptEvery is how often Run looks for messages that a dead process has left.
const adoptEvery = 5 * time.Second

// adopt takes on one message that was left, and reports whether there was one.
func (d *Desk) adopt(ctx context.Context) bool {
	var e state.Event
	var found bool
	if err := d.store.Update(ctx, func(tx *state.Tx) (err error) {
		e, found, err = tx.Adopt()
		return err
	}); err != nil {
		if ctx.Err() == nil {
			slog.WarnContext(ctx, "looking for messages that were left", "error", err)
		}
		return false
	}
	if found {
		d.take(ctx, e)
	}
	return found
}

// take deals with a message. What fails is left for Adopt.
func (d *Desk) take(ctx context.Context, e state.Event) {
	var m Message
	if err := json.Unmarshal([]byte(e.Payload), &m); err != nil {
		slog.ErrorContext(ctx, "a message in the database cannot be read", "key", e.Key, "error", err)
		return
	}
	err := d.deal(ctx, e, m)
	if err != nil && !errors.Is(err, state.ErrTaken) && ctx.Err() == nil {
		slog.ErrorContext(ctx, "a message was not dealt with and will be tried again", "key", e.Key, "error", err)
	}
}

// errStopped is why an answer is not wanted any more.
var errStopped = errors.New("stopped by the person who asked")

// Stop gives up the answers that are being worked on in a thread, as a person wishes.
func (d *Desk) Stop(t state.Thread) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for w := range d.running[t] {
		w.stop(errStopped)
	}
}

// stoppable is a context that Stop ends.
func (d *Desk) stoppable(ctx context.Context, t state.Thread) (context.Context, func()) {
	ctx, stop := context.WithCancelCause(ctx)
	w := &working{stop}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.running[t] == nil {
		d.running[t] = map[*working]bool{}
	}
	d.running[t][w] = true
	return ctx, func() {
		stop(nil)
		d.mutex.Lock()
		defer d.mutex.Unlock()
		if delete(d.running[t], w); len(d.running[t]) == 0 {
			delete(d.running, t)
		}
	}
}

// languageOf is the language to write to a person in: that of what the person has
// written, else of the person's client.
func languageOf(m Message) language.Tag {
	lang := Reads(m.Language)
	if m.Text != "" && (m.Way != Command || lang == language.English) {
		return analysis.Language(m.Text)
	}
	return lang
}

// Reads is the one of the two languages that someone with a client in that language reads.
func Reads(client language.Tag) language.Tag {
	if base, _ := client.Base(); base.String() == "ja" {
		return language.Japanese
	}
	return language.English
}
