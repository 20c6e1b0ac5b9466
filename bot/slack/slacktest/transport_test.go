package slacktest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"kakehashi/bot/slack/slacktest"
)

// listen runs a socket mode client that acknowledges all it gets with the payloads that
// answer gives, and collects what it got.
func listen(t *testing.T, s *slacktest.Server, c *slack.Client, answer func(socketmode.Event) any) *heard {
	t.Helper()
	sm := socketmode.New(c)
	h := &heard{}
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { _ = sm.RunContext(ctx) }) // ends with the test
	work.Go(func() {
		for {
			select {
			case e := <-sm.Events:
				h.take(e)
				if e.Request == nil || e.Request.EnvelopeID == "" {
					continue
				}
				if payload := answer(e); payload != nil {
					_ = sm.Ack(*e.Request, payload)
				} else {
					_ = sm.Ack(*e.Request)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); work.Wait() })
	s.WaitFor(t, func() bool { return s.Sockets() == 1 })
	return h
}

type heard struct {
	mu     sync.Mutex
	events []socketmode.Event
}

func (h *heard) take(e socketmode.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// inner are the types of the events of the Events API, in order.
func (h *heard) inner() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.events {
		if api, ok := e.Data.(slackevents.EventsAPIEvent); ok {
			out = append(out, api.InnerEvent.Type)
		}
	}
	return out
}

func silent(socketmode.Event) any { return nil }

// dial opens a socket without a client behind it.
func dial(t *testing.T, s *slacktest.Server) *websocket.Conn {
	t.Helper()
	before := s.Sockets()
	conn, _, err := websocket.DefaultDialer.Dial(ticket(t, s), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if hello := read(t, conn); hello["type"] != "hello" {
		t.Fatalf("the first word is %v", hello)
	}
	s.WaitFor(t, func() bool { return s.Sockets() == before+1 })
	return conn
}

func ticket(t *testing.T, s *slacktest.Server) string {
	t.Helper()
	return call(t, s, "apps.connections.open", "token", slacktest.AppToken)["url"].(string)
}

func read(t *testing.T, conn *websocket.Conn) map[string]any {
	t.Helper()
	var out map[string]any
	if err := conn.ReadJSON(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSocketMode(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, *slacktest.Server, *slack.Client){
		"a client gets what is said, and acknowledges": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			h := listen(t, s, c, silent)
			say(t, s, channel, "", "<@"+slacktest.BotUser+"> hello")
			s.WaitFor(t, s.Settled)
			if got := h.inner(); !slices.Equal(got, []string{"app_mention", "message"}) {
				t.Errorf("heard %v", got)
			}
			for _, d := range s.Deliveries() {
				if a := d.Attempts(); len(a) != 1 || !a[0].Acked || a[0].Socket != 1 || a[0].Took <= 0 {
					t.Errorf("%s: attempts %+v", d.Name, a)
				}
			}
		},
		"an event that no one knows arrives all the same": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			conn := dial(t, s)
			s.Emit("", "surprise", map[string]any{"type": "surprise"})
			if e := read(t, conn); e["type"] != "events_api" || e["envelope_id"] == "" || e["accepts_response_payload"] != false {
				t.Errorf("envelope %v", e)
			}
		},
		"what is not acknowledged comes again, thrice": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			conn := dial(t, s)
			say(t, s, channel, "", "a")
			d := s.Deliveries()[0]
			for n, pause := range []time.Duration{0, 0, time.Minute, 5 * time.Minute} {
				s.Advance(pause)
				e := read(t, conn)
				if e["retry_attempt"] != float64(n) || e["retry_reason"] != map[bool]string{true: "", false: "timeout"}[n == 0] {
					t.Errorf("attempt %d is %v", n, e)
				}
				s.Advance(3 * time.Second)
				s.WaitFor(t, func() bool { return len(d.Attempts()) == n+1 })
			}
			if last := must[slacktest.Attempt](t)(d.Wait(t.Context())); last.Acked || last.Retry != 3 {
				t.Errorf("it ends with %+v", last)
			}
		},
		"what was on a socket that is cut comes on the next": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			dial(t, s)
			say(t, s, channel, "", "a")
			s.CutSockets()
			s.WaitFor(t, func() bool { return s.Sockets() == 0 })
			conn := dial(t, s)
			e := read(t, conn)
			if e["retry_attempt"] != 1.0 || e["retry_reason"] != "connection_failed" {
				t.Errorf("envelope %v", e)
			}
			if err := conn.WriteJSON(map[string]any{"envelope_id": e["envelope_id"]}); err != nil {
				t.Fatal(err)
			}
			s.WaitFor(t, s.Settled)
		},
		"what is said before there is a socket waits for it": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			say(t, s, channel, "", "a")
			if e := read(t, dial(t, s)); e["retry_attempt"] != 0.0 {
				t.Errorf("envelope %v", e)
			}
		},
		"sockets share the load": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			one, two := dial(t, s), dial(t, s)
			say(t, s, channel, "", "a")
			say(t, s, channel, "", "b")
			if a, b := read(t, one), read(t, two); a["envelope_id"] == b["envelope_id"] {
				t.Errorf("both get %v", a)
			}
		},
		"an eleventh socket is sent away": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			for range 10 {
				dial(t, s)
			}
			conn, _, err := websocket.DefaultDialer.Dial(ticket(t, s), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if got := read(t, conn); got["reason"] != "too_many_websockets" {
				t.Errorf("it hears %v", got)
			}
		},
		"a ticket is good once, and for 30 seconds": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			used, old := ticket(t, s), ticket(t, s)
			conn, _, err := websocket.DefaultDialer.Dial(used, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			s.Advance(30 * time.Second)
			for _, u := range []string{used, old} {
				if _, _, err := websocket.DefaultDialer.Dial(u, nil); err == nil {
					t.Error("a ticket opens a second socket, or one too late")
				}
			}
		},
		"a client that is told to goes and comes back": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			h := listen(t, s, c, silent)
			s.Disconnect("refresh_requested")
			s.WaitFor(t, func() bool { return len(s.Calls("apps.connections.open")) == 2 && s.Sockets() == 1 })
			say(t, s, channel, "", "a")
			s.WaitFor(t, s.Settled)
			if got := h.inner(); !slices.Equal(got, []string{"message"}) {
				t.Errorf("heard %v", got)
			}
		},
		"a response of 20 kB is lost": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			conn := dial(t, s)
			d := must[*slacktest.Delivery](t)(s.Slash(asker, channel, "/kakehashi", "help"))
			e := read(t, conn)
			for _, size := range []int{20 * 1024, 10} {
				err := conn.WriteJSON(map[string]any{"envelope_id": e["envelope_id"], "payload": map[string]any{"text": strings.Repeat("a", size)}})
				if err != nil {
					t.Fatal(err)
				}
			}
			if a := must[slacktest.Attempt](t)(d.Wait(t.Context())); !a.Acked || len(a.Response) > 100 {
				t.Errorf("attempt %+v", a)
			}
			if got := s.Ephemerals(asker); len(got) != 1 || got[0].Text != strings.Repeat("a", 10) {
				t.Errorf("ephemerals %+v", got)
			}
		},
		"it pings": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			conn := dial(t, s)
			pinged := make(chan struct{})
			conn.SetPingHandler(func(string) error { close(pinged); return io.EOF })
			go func() { _, _, _ = conn.ReadMessage() }() // ends with the ping
			select {
			case <-pinged:
			case <-t.Context().Done():
				t.Error("no ping")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := start(t, slacktest.Options{Time: noon, Ping: 10 * time.Millisecond})
			test(t, s, c)
		})
	}
}

// request is one that a bot got over HTTP.
type request struct {
	header http.Header
	body   []byte
}

// receive is a bot that answers each request as the function says.
func receive(t *testing.T, s *slacktest.Server, answer http.HandlerFunc) (*httptest.Server, func() []request) {
	t.Helper()
	var mu sync.Mutex
	var got []request
	bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		got = append(got, request{r.Header, body})
		mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, r)
	}))
	t.Cleanup(bot.Close)
	s.DeliverTo(slacktest.Endpoints{Events: bot.URL})
	return bot, func() []request {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	fine := func(http.ResponseWriter, *http.Request) {}
	t.Run("what is sent is signed, in the form that clients parse", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{})
		_, got := receive(t, s, fine)
		say(t, s, channel, "", "a")
		s.WaitFor(t, s.Settled)
		slash := must[*slacktest.Delivery](t)(s.Slash(asker, channel, "/kakehashi", "what & why"))
		must[slacktest.Attempt](t)(slash.Wait(t.Context()))
		must[*slacktest.Delivery](t)(s.Shortcut(asker, s.Messages(channel)[0], "check"))
		s.WaitFor(t, s.Settled)
		for _, r := range got() {
			v := must[slack.SecretsVerifier](t)(slack.NewSecretsVerifier(r.header, slacktest.SigningSecret))
			must[int](t)(v.Write(r.body))
			if err := v.Ensure(); err != nil {
				t.Error(err)
			}
		}
		if e := must[slackevents.EventsAPIEvent](t)(slackevents.ParseEvent(got()[0].body, slackevents.OptionNoVerifyToken())); e.InnerEvent.Type != "message" || e.TeamID != slacktest.Team {
			t.Errorf("event %+v", e)
		}
		command := must[slack.SlashCommand](t)(slack.SlashCommandParse(posted(got()[1])))
		if command.Text != "what & why" || command.Command != "/kakehashi" || command.ResponseURL == "" || command.TriggerID == "" {
			t.Errorf("command %+v", command)
		}
		if i := must[slack.InteractionCallback](t)(slack.InteractionCallbackParse(posted(got()[2]))); i.CallbackID != "check" || i.Message.Text != "a" || i.User.ID != asker {
			t.Errorf("shortcut %+v", i)
		}
	})
	t.Run("what fails comes again with its number and the reason", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{Time: noon})
		n := 0
		_, got := receive(t, s, func(w http.ResponseWriter, _ *http.Request) {
			if n++; n < 3 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		say(t, s, channel, "", "a")
		d := s.Deliveries()[0]
		s.WaitFor(t, func() bool { return len(d.Attempts()) == 2 })
		s.Advance(time.Minute)
		if a := must[slacktest.Attempt](t)(d.Wait(t.Context())); !a.Acked || a.Retry != 2 {
			t.Errorf("it ends with %+v", a)
		}
		if h := got()[2].header; h.Get("X-Slack-Retry-Num") != "2" || h.Get("X-Slack-Retry-Reason") != "http_error" {
			t.Errorf("headers %v", h)
		}
	})
	t.Run("what is not answered in 3 seconds counts as failed", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{Time: noon, Retries: []time.Duration{}})
		arrived, leave := make(chan struct{}), make(chan struct{})
		receive(t, s, func(http.ResponseWriter, *http.Request) { close(arrived); <-leave })
		say(t, s, channel, "", "a")
		<-arrived
		s.Advance(3 * time.Second)
		a, err := s.Deliveries()[0].Wait(t.Context())
		close(leave)
		if err != nil || a.Acked || a.Failure != "http_timeout" {
			t.Errorf("it ends with %+v, %v", a, err)
		}
	})
	t.Run("X-Slack-No-Retry ends it", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{})
		receive(t, s, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Slack-No-Retry", "1")
			w.WriteHeader(http.StatusInternalServerError)
		})
		say(t, s, channel, "", "a")
		if a := must[slacktest.Attempt](t)(s.Deliveries()[0].Wait(t.Context())); a.Acked || a.Retry != 0 {
			t.Errorf("it ends with %+v", a)
		}
	})
	t.Run("plain text answers a command", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{})
		receive(t, s, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "on it") })
		d := must[*slacktest.Delivery](t)(s.Slash(asker, channel, "/kakehashi", "help"))
		must[slacktest.Attempt](t)(d.Wait(t.Context()))
		if got := s.Ephemerals(asker); len(got) != 1 || got[0].Text != "on it" {
			t.Errorf("ephemerals %+v", got)
		}
	})
	t.Run("signatures that are none", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{})
		bot, _ := receive(t, s, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			v, err := slack.NewSecretsVerifier(r.Header, slacktest.SigningSecret)
			if err == nil {
				_, _ = v.Write(body)
				err = v.Ensure()
			}
			if err != nil {
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
		for as, want := range map[slacktest.Signing]int{slacktest.Signed: 200, slacktest.Forged: 401, slacktest.Stale: 401, slacktest.Unsigned: 401} {
			if status, _, err := s.Post(t.Context(), bot.URL, "application/json", []byte(`{}`), as); err != nil || status != want {
				t.Errorf("%s: %d, %v; want %d", as, status, err, want)
			}
		}
	})
	t.Run("the address is verified by its challenge", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{})
		receive(t, s, func(w http.ResponseWriter, r *http.Request) {
			var v struct{ Challenge string }
			_ = json.NewDecoder(r.Body).Decode(&v)
			_, _ = io.WriteString(w, v.Challenge)
		})
		if err := s.VerifyURL(t.Context()); err != nil {
			t.Error(err)
		}
		receive(t, s, fine)
		if err := s.VerifyURL(t.Context()); err == nil {
			t.Error("an answer without the challenge verifies it")
		}
	})
}

func posted(r request) *http.Request {
	out := &http.Request{Method: http.MethodPost, URL: &url.URL{}, Header: r.header, Body: io.NopCloser(strings.NewReader(string(r.body)))}
	return out
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for fault, c := range map[slacktest.Fault]struct {
		done bool
		says string
	}{
		slacktest.RateLimited:   {false, "rate limit"},
		slacktest.ServerError:   {false, "500"},
		slacktest.BadGateway:    {true, "502"},
		slacktest.Hangs:         {false, "canceled"},
		slacktest.HangsAfter:    {true, "canceled"},
		slacktest.DroppedBefore: {false, "EOF"},
		slacktest.DroppedAfter:  {true, "EOF"},
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			s, c2 := start(t, slacktest.Options{})
			s.Fail("chat.postMessage", fault, 1)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if strings.HasPrefix(string(fault), "hangs") { // the client loses patience
				go func() {
					_ = s.Await(ctx, func() bool { return len(s.Calls("chat.postMessage")) == 1 })
					cancel()
				}()
			}
			_, _, err := c2.PostMessageContext(ctx, channel, slack.MsgOptionText("a", false))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the client hears %v; want %s", err, c.says)
			}
			if got := len(s.Messages(channel)); got != map[bool]int{true: 1}[c.done] || s.Calls("chat.postMessage")[0].Done != c.done {
				t.Errorf("%d messages, %+v", got, s.Calls("chat.postMessage"))
			}
			if _, _, err := c2.PostMessage(channel, slack.MsgOptionText("b", false)); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

func TestWeather(t *testing.T) {
	t.Parallel()
	t.Run("the same seed gives the same faults", func(t *testing.T) {
		t.Parallel()
		run := func(seed uint64) (out []string) {
			s, c := start(t, slacktest.Options{})
			s.Disturb(slacktest.Weather{Seed: seed, Faults: map[slacktest.Fault]float64{slacktest.ServerError: 0.2, slacktest.RateLimited: 0.2}, Methods: []string{"auth.test"}})
			for range 100 {
				_, _ = c.AuthTest() // its outcome is what is recorded
			}
			for _, call := range s.Calls("auth.test") {
				out = append(out, call.Error)
			}
			return out
		}
		first := run(1)
		n := 0
		for _, e := range first {
			if e != "" {
				n++
			}
		}
		if n < 20 || n > 60 {
			t.Errorf("%d of 100 calls failed; want some 40", n)
		}
		if !slices.Equal(first, run(1)) || slices.Equal(first, run(2)) {
			t.Error("the faults do not follow the seed")
		}
	})
	t.Run("events come twice, late and on sockets that are cut, and none is lost", func(t *testing.T) {
		t.Parallel()
		s, c := start(t, slacktest.Options{Retries: slices.Repeat([]time.Duration{time.Millisecond}, 50)})
		h := listen(t, s, c, silent)
		s.Disturb(slacktest.Weather{Seed: 7, Duplicate: 0.2, Late: 0.2, Cut: 0.02})
		const said = 100
		for range said {
			say(t, s, channel, "", "a")
		}
		s.WaitFor(t, s.Settled)
		ids, order := map[string]int{}, []string{}
		for _, d := range s.Deliveries() {
			if a := d.Attempts(); !a[len(a)-1].Acked {
				t.Errorf("%s is lost: %+v", d.ID, a)
			}
			ids[d.ID]++
			order = append(order, d.ID)
		}
		if len(ids) != said || len(order) == said || slices.IsSorted(order) || len(h.inner()) < len(order) {
			t.Errorf("%d events in %d deliveries, %d heard, in order: %t", len(ids), len(order), len(h.inner()), slices.IsSorted(order))
		}
	})
}

// BenchmarkEvents is how fast the fake is, so that what is measured with it is the bot:
// a message said, sent on a socket and acknowledged.
func BenchmarkEvents(b *testing.B) {
	s := slacktest.Start(b, slacktest.Options{})
	s.AddUser(slacktest.User{ID: asker})
	s.AddChannel(slacktest.Channel{ID: channel, Members: []string{asker, slacktest.BotUser}})
	info, address, err := slack.New(slacktest.BotToken, slack.OptionAPIURL(s.APIURL()), slack.OptionAppLevelToken(slacktest.AppToken)).StartSocketModeContext(b.Context())
	if err != nil {
		b.Fatal(info, err)
	}
	conn, _, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	go func() { // ends with the connection
		for {
			var e struct {
				ID string `json:"envelope_id"`
			}
			if conn.ReadJSON(&e) != nil {
				return
			}
			if e.ID != "" && conn.WriteJSON(map[string]string{"envelope_id": e.ID}) != nil {
				return
			}
		}
	}()
	s.WaitFor(b, func() bool { return s.Sockets() == 1 })
	for b.Loop() {
		if _, err := s.Say(asker, channel, "", "a"); err != nil {
			b.Fatal(err)
		}
	}
	s.WaitFor(b, s.Settled)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
