package slack

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	api "github.com/slack-go/slack"
	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/conversation"
	"kakehashi/bot/platformtest"
	"kakehashi/bot/slack/slacktest"
	"kakehashi/bot/state"
	"kakehashi/corpus"
	"kakehashi/corpus/library"
)

// echo is an engine that answers with what it was asked, from a source of its own.
type echo struct {
	mutex sync.Mutex
	asked []answer.Question
	wait  chan struct{} // answers when it is closed; nil for at once
}

func (e *echo) Answer(ctx context.Context, q answer.Question) (answer.Answer, error) {
	if err := answer.CheckText(q.Text); err != nil {
		return answer.Answer{}, err
	}
	e.mutex.Lock()
	e.asked = append(e.asked, q)
	wait := e.wait
	e.mutex.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return answer.Answer{}, ctx.Err()
		}
	}
	text := "The rule says: " + q.Text
	return answer.Answer{
		Schema: answer.SchemaVersion, ID: q.ID, Outcome: answer.Answered, Language: language.English,
		Sentences: []answer.Sentence{{Text: text, Cites: []answer.Cite{{Source: 1, Quote: "a quotation"}}}},
		Sources: []answer.Source{{N: 1, Passage: "us-rule#a", Document: "us-rule", Title: "A rule", Citation: "1 CFR 2", Jurisdiction: corpus.US, Kind: "regulation",
			Status: corpus.InForce, URL: "https://www.ecfr.gov/", Edition: language.English, Version: strings.Repeat("0", 64)}},
		Nearest: []answer.Source{}, Notices: []answer.Notice{}, FollowUps: []string{"And in Japan?"},
	}, nil
}

// office is a workspace of people with the bot in it.
type office struct {
	*slacktest.Server
	t       *testing.T
	engine  *echo
	store   *state.Store
	adapter *Adapter

	endpoint string // over HTTP
}

const (
	ann, ben, eve    = "U0ANN", "U0BEN", "U0EVE"
	general, experts = "C0GENERAL", "C0EXPERTS"
)

var shipped = sync.OnceValues(func() (*corpus.Library, error) { return corpus.Load(library.Files) })

// open makes an office and runs the bot in it, over sockets or over HTTP.
func open(t *testing.T, sockets bool) *office {
	t.Helper()
	store, err := state.Open(t.Context(), onSQLite(t), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lib, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	engine := &echo{}
	o := employ(t, sockets, "en-US", store, func(c conversation.Options) *conversation.Desk { return conversation.New(engine, lib, store, c) })
	o.engine = engine
	return o
}

// employ makes an office whose people have a locale, and runs the bot of that state and
// that desk in it.
func employ(t *testing.T, sockets bool, locale string, store *state.Store, desk func(conversation.Options) *conversation.Desk) *office {
	t.Helper()
	o := &office{Server: slacktest.Start(t, slacktest.Options{Events: Events()}), t: t, store: store}
	for _, id := range []string{ann, ben, eve} {
		o.AddUser(slacktest.User{ID: id, Name: strings.ToLower(id[2:]), TZ: "America/Chicago", Locale: locale})
	}
	for _, id := range []string{general, experts} {
		o.AddChannel(slacktest.Channel{ID: id, Members: []string{ann, ben, eve, slacktest.BotUser}})
	}
	installs, err := Single(t.Context(), slacktest.BotToken, api.OptionAPIURL(o.APIURL()))
	if err != nil {
		t.Fatal(err)
	}
	o.adapter = New(installs, Options{API: []api.Option{api.OptionAPIURL(o.APIURL())}, Hooks: []string{strings.TrimSuffix(o.APIURL(), "api/")}})
	o.adapter.pace.every, o.adapter.streams.every = 0, 0
	counter := desk(conversation.Options{Experts: map[state.Workspace]string{{Platform: Platform}: experts}, Begin: o.adapter.Begin})
	o.adapter.SetDesk(counter)
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { counter.Run(ctx) })
	group.Go(func() { o.store.Run(ctx, o.adapter, 4) })
	if sockets {
		group.Go(func() {
			if err := o.adapter.Socket(ctx, slacktest.AppToken); err != nil {
				t.Error(err)
			}
		})
		o.WaitFor(t, func() bool { return o.Sockets() > 0 })
	} else {
		o.serveHTTP(t)
	}
	t.Cleanup(func() { stop(); group.Wait(); o.adapter.Wait() })
	return o
}

// both runs a test over sockets and over HTTP.
func both(t *testing.T, do func(*testing.T, *office)) {
	t.Helper()
	t.Parallel()
	for name, sockets := range map[string]bool{"Socket Mode": true, "HTTP": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do(t, open(t, sockets))
		})
	}
}

// says has a person write, and returns the message.
func (o *office) says(user, channel, thread, text string) slacktest.Message {
	o.t.Helper()
	m, err := o.Say(user, channel, thread, text)
	if err != nil {
		o.t.Fatal(err)
	}
	return m
}

// bots are the bot's messages in a thread.
func (o *office) bots(channel, thread string) []slacktest.Message {
	var out []slacktest.Message
	for _, m := range o.Messages(channel) {
		if m.User == slacktest.BotUser && m.Thread == thread {
			out = append(out, m)
		}
	}
	return out
}

// quiet waits until all that was said has been dealt with.
func (o *office) quiet() {
	o.t.Helper()
	o.WaitFor(o.t, func() bool {
		if !o.Settled() {
			return false
		}
		idle, err := (&platformtest.Bot{Store: o.store}).Idle(o.t.Context())
		if err != nil {
			o.t.Fatal(err)
		}
		return idle
	})
}

// serveHTTP has Slack send everything over HTTP.
func (o *office) serveHTTP(t *testing.T) {
	t.Helper()
	web := httptest.NewServer(o.adapter.Handler(slacktest.SigningSecret))
	t.Cleanup(web.Close)
	o.endpoint = web.URL
	o.DeliverTo(slacktest.Endpoints{Events: web.URL + pathEvents, Commands: web.URL + pathCommands, Interactivity: web.URL + pathInteractions})
	if err := o.VerifyURL(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// waitFor waits for n messages of the bot in a thread, makes sure that no more come, and
// returns them.
func (o *office) waitFor(channel, thread string, n int) []slacktest.Message {
	o.t.Helper()
	o.WaitFor(o.t, func() bool { return len(o.bots(channel, thread)) >= n })
	o.quiet()
	got := o.bots(channel, thread)
	if len(got) != n {
		o.t.Fatalf("%d replies, want %d: %+v", len(got), n, got)
	}
	return got
}

// want fails where a message does not show a text, in its blocks or its fallback.
func want(t *testing.T, m slacktest.Message, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(m.Text+string(m.Blocks), text) {
			t.Errorf("no %q in %s %s", text, m.Text, m.Blocks)
		}
	}
}

func TestAMentionIsAnsweredOnceInItsThread(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		m := o.says(ann, general, "", fmt.Sprintf("<@%s> may I share <https://example.org|this>?", slacktest.BotUser))
		want(t, o.waitFor(general, m.TS, 1)[0], "The rule says: may I share this?", "feedback")
	})
}

func TestADirectMessageIsStreamed(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		dm, err := o.DM(ann)
		if err != nil {
			t.Fatal(err)
		}
		m := o.says(ann, dm, "", "what is deemed export?")
		got := o.waitFor(dm, m.TS, 1)[0]
		want(t, got, "The rule says: what is deemed export?")
		if got.Stream != slacktest.Stopped || !strings.Contains(string(got.Metadata), "reply to slack") {
			t.Errorf("stream %q, metadata %s", got.Stream, got.Metadata)
		}
	})
}

func TestTheHomePageAndThePrompts(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		if err := o.OpenHome(ann, "home"); err != nil {
			t.Fatal(err)
		}
		if err := o.OpenHome(ann, "messages"); err != nil {
			t.Fatal(err)
		}
		dm, err := o.DM(ann)
		if err != nil {
			t.Fatal(err)
		}
		o.WaitFor(t, func() bool { _, shown := o.Home(ann); return shown && len(o.PromptsOf(dm)) == 4 })
	})
}

func TestWhatIsNotForTheBotIsAcknowledged(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		o.says(ann, general, "", fmt.Sprintf("<@%s> what is deemed export?", ben))
		o.Emit(slacktest.Team, "channel_made_of_cheese", map[string]any{"type": "channel_made_of_cheese"})
		o.quiet()
		if n := len(o.engine.asked); n > 0 {
			t.Errorf("%d questions were taken", n)
		}
		for _, d := range o.Deliveries() {
			if a := d.Attempts(); len(a) != 1 || !a[0].Acked {
				t.Errorf("%+v", a)
			}
		}
	})
}

func TestARequestThatSlackHasNotSignedIsRefusedWithoutAWord(t *testing.T) {
	t.Parallel()
	o := open(t, false)
	for name, as := range map[string]slacktest.Signing{"forged": slacktest.Forged, "stale": slacktest.Stale, "unsigned": slacktest.Unsigned} {
		status, said, err := o.Post(t.Context(), o.endpoint+pathEvents, "application/json", []byte(`{"type":"url_verification","challenge":"c"}`), as)
		if err != nil || status != 401 || len(said) > 0 {
			t.Errorf("%s: %d %q %v; want 401 and nothing", name, status, said, err)
		}
	}
}

func TestADigestThatACommandAsksForBetweenTwoIsThePersons(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		dm, err := o.DM(ann)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Slash(ann, dm, "/kakehashi", "digest on 08:30"); err != nil {
			t.Fatal(err)
		}
		o.WaitFor(t, func() bool { return len(o.Ephemerals(ann)) == 1 })
		if err := o.store.View(t.Context(), func(r *state.Reader) error {
			_, err := r.Subscription(state.Target{Platform: Platform, Workspace: slacktest.Team, Kind: state.ToPerson, ID: ann})
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}
