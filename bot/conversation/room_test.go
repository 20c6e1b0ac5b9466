package conversation_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/conversation"
	"kakehashi/bot/platformtest"
	"kakehashi/bot/state"
)

// room is the plainest platform there could be: what is written comes straight to the
// desk, and replies are shown as they are.
type room struct {
	t       *testing.T
	bot     *platformtest.Bot
	desk    *conversation.Desk
	clock   time.Time
	n       int
	repeats []func()

	mutex sync.Mutex
	shown []posted
}

type posted struct {
	state.Delivery
	conversation.Posting
	id string
}

const (
	home      = "room" // the platform
	workspace = "W1"
)

func openRoom(t *testing.T, b *platformtest.Bot) platformtest.Platform {
	r := &room{t: t, bot: b, clock: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)}
	r.desk = b.Desk(conversation.Options{Experts: map[state.Workspace]string{{Platform: home}: platformtest.Experts}})
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { r.desk.Run(ctx) })
	group.Go(func() { b.Store.Run(ctx, r, 2) })
	t.Cleanup(func() { stop(); group.Wait() })
	return r
}

func TestContract(t *testing.T) { platformtest.Run(t, openRoom) }

func (r *room) Lacks(platformtest.Ability) bool { return false }

func (r *room) thread(in platformtest.Place) state.Thread {
	return state.Thread{Platform: home, Workspace: workspace, Channel: in.Room, ID: in.Thread}
}

// do has something happen, once and whenever all is delivered again.
func (r *room) do(happens func(context.Context) error) {
	r.t.Helper()
	again := func() {
		if err := happens(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
	r.repeats = append(r.repeats, again)
	again()
}

// id makes the next id, and puts the clock forward.
func (r *room) id() string {
	r.n++
	r.clock = r.clock.Add(time.Second)
	return fmt.Sprintf("m%06d", r.n)
}

func (r *room) receive(m conversation.Message) {
	r.t.Helper()
	m.Key, m.Language, m.Zone, m.At = home+" "+m.ID, r.bot.Language, "Asia/Tokyo", r.clock
	r.do(func(ctx context.Context) error { return r.desk.Receive(ctx, m) })
}

func (r *room) Write(person string, in platformtest.Place, text string) platformtest.Place {
	r.t.Helper()
	m := conversation.Message{ID: r.id(), Person: person, Way: conversation.Overheard}
	if in.Thread == "" {
		in.Thread = m.ID
	}
	m.Thread = r.thread(in)
	m.Text = strings.TrimSpace(platformtest.Names(text, func(name string) string {
		if name == platformtest.Kakehashi {
			m.Way = conversation.Mention
		} else if !slices.Contains(m.Others, name) {
			m.Others = append(m.Others, name)
		}
		return ""
	}))
	if in.Room == person {
		m.Way = conversation.Direct
	}
	r.receive(m)
	return in
}

func (r *room) Command(person, in, text string) {
	r.t.Helper()
	r.receive(conversation.Message{ID: r.id(), Person: person, Way: conversation.Command, Text: text, Thread: r.thread(platformtest.Place{Room: in})})
}

func (r *room) Press(person string, on platformtest.Shown, b platformtest.Button, words string) {
	r.t.Helper()
	p := on.Native.(posted)
	press := conversation.Press{Key: home + " " + r.id(), Thread: r.thread(on.Place), Person: person, Answer: p.Answer, Language: r.bot.Language}
	if b == platformtest.FollowUp {
		r.receive(conversation.Message{ID: r.id(), Person: person, Way: conversation.Mention, Text: p.Reply.Answer.FollowUps[0], Thread: press.Thread})
		return
	}
	r.do(func(ctx context.Context) error {
		switch b {
		case platformtest.Share:
			return r.desk.Share(ctx, press)
		case platformtest.Expert:
			return r.desk.Ask(ctx, press)
		}
		return r.desk.Vote(ctx, press, b == platformtest.Helpful, words)
	})
}

func (r *room) Home(person string) string {
	r.t.Helper()
	h, err := r.desk.Home(r.t.Context(), state.Person{Platform: home, Workspace: workspace, ID: person}, r.bot.Language)
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.Join(h.Recent, "\n")
}

func (r *room) Stop(_ string, in platformtest.Place) { r.desk.Stop(r.thread(in)) }

func (r *room) Again() {
	for _, again := range slices.Clone(r.repeats) {
		again()
	}
}

// Post implements state.Poster.
func (r *room) Post(_ context.Context, d state.Delivery) (string, error) {
	p, err := conversation.ReadPosting(d.Payload)
	if err != nil {
		return "", err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	id := "r" + strconv.Itoa(len(r.shown))
	r.shown = append(r.shown, posted{d, p, id})
	return id, nil
}

// Find implements state.Poster; nothing is ever lost here.
func (r *room) Find(context.Context, state.Delivery) (string, bool, error) { return "", false, nil }

func (r *room) Replies(in platformtest.Place) []platformtest.Shown {
	return r.see(func(p posted) bool {
		// What is for one person needs no privacy where only that person is.
		return p.Thread == r.thread(in) && (p.Person == "" || strings.HasPrefix(in.Room, "@"))
	})
}

func (r *room) Private(person string) []platformtest.Shown {
	return r.see(func(p posted) bool { return p.Person == person && !strings.HasPrefix(p.Thread.Channel, "@") })
}

func (r *room) see(visible func(posted) bool) []platformtest.Shown {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var out []platformtest.Shown
	for _, p := range r.shown {
		if !visible(p) {
			continue
		}
		s := platformtest.Shown{Place: platformtest.Place{Room: p.Thread.Channel, Thread: p.Thread.ID}, Text: read(p.Reply), Native: p}
		if s.Thread == "" && p.Person == "" {
			s.Thread = p.id
		}
		if p.Reply.Shares {
			s.Buttons = append(s.Buttons, platformtest.Share)
		}
		out = append(out, s)
	}
	return out
}

// read is all that a reply says.
func read(r conversation.Reply) string {
	choose := func(en, ja string) string {
		if r.Language == language.Japanese {
			return ja
		}
		return en
	}
	parts := []string{r.Question, r.Text}
	switch r.Kind {
	case conversation.KindExpert:
		parts = append(parts, choose("A person answers: ", "人による回答です:")+r.Person)
	case conversation.KindRequest:
		parts = append(parts, r.Person)
	}
	if len(r.Colleagues) > 0 {
		parts = append(parts, choose("What you have told me does not agree.", "皆さんの説明に食い違いがあります。"))
	}
	for _, d := range r.Colleagues {
		for _, s := range d.Said {
			parts = append(parts, s.Person+": "+s.Text)
		}
	}
	if r.Answer != nil {
		for _, s := range r.Answer.Sentences {
			parts = append(parts, s.Text)
		}
	}
	return strings.Join(parts, "\n")
}

func (r *room) Received() {} // all arrives at once

func (r *room) Quiet() {
	r.t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		idle, err := r.bot.Idle(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		if idle {
			return
		}
		select {
		case <-ticker.C:
		case <-r.t.Context().Done():
			r.t.Fatal(r.t.Context().Err())
		}
	}
}

func TestNothingIsSaidUninvitedAndAllThatIsAskedIsAnswered(t *testing.T) {
	t.Parallel()
	platformtest.Simulate(t, 7, 1000, openRoom)
}
