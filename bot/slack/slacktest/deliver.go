package slacktest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// The ways things are sent to the bot, as Socket Mode names them.
const (
	EventsAPI     = "events_api"
	SlashCommands = "slash_commands"
	Interactive   = "interactive"
)

// Delivery is something sent to the bot: an event, a command or an interaction.
type Delivery struct {
	Seq     int
	Type    string // EventsAPI, SlashCommands or Interactive
	Name    string // app_mention, message.im, /command, block_actions …
	ID      string // the event_id or the trigger_id
	Payload json.RawMessage

	server   *Server
	attempts []Attempt
	done     chan struct{}
	then     func(response json.RawMessage) error // what Slack does with the answer, the lock held
}

// Attempt is one sending of it.
type Attempt struct {
	Retry    int           // 0 for the first
	Reason   string        // why it is sent again
	Socket   int           // by number, from 1; 0 over HTTP, or where there was none
	Status   int           // over HTTP
	Acked    bool          // in time
	Took     time.Duration // until the acknowledgement, on the machine's clock
	Response json.RawMessage
	Failure  string // why it is not acknowledged, as Slack names the reason of a retry
	Refused  string // what Slack did not take of the response

	final bool // the bot asked for no retry
}

// Attempts are those so far.
func (d *Delivery) Attempts() []Attempt {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	return slices.Clone(d.attempts)
}

// Wait waits until it is acknowledged or given up, and gives the last attempt.
func (d *Delivery) Wait(ctx context.Context) (Attempt, error) {
	select {
	case <-d.done:
	case <-ctx.Done():
		return Attempt{}, fmt.Errorf("waiting for %s %s to be acknowledged: %w", d.Name, d.ID, ctx.Err())
	}
	all := d.Attempts()
	if len(all) == 0 {
		return Attempt{}, fmt.Errorf("%s %s was not sent: the server is closed", d.Name, d.ID)
	}
	return all[len(all)-1], nil
}

// attempt is one that is under way.
type attempt struct {
	delivery *Delivery
	Attempt
	envelope string
	socket   *socket
	sent     time.Time
	result   chan json.RawMessage // the acknowledgement
	lost     chan struct{}        // the socket is gone
}

type transport struct {
	endpoints Endpoints
	tickets   map[string]time.Time
	sockets   []*socket
	opened    int                 // sockets, ever
	turn      int                 // of the sockets in taking envelopes
	pending   map[string]*attempt // by envelope
	waiting   []*attempt          // for a socket
	held      *Delivery           // an event that the next shall overtake
}

func newTransport() transport {
	return transport{tickets: map[string]time.Time{}, pending: map[string]*attempt{}}
}

// Repeat sends something once more, as if Slack had forgotten that it did.
func (s *Server) Repeat(d *Delivery) *Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.launch(&Delivery{Type: d.Type, Name: d.Name, ID: d.ID, Payload: d.Payload, then: d.then})
}

// event sends an event of the Events API, if the app is installed and subscribed to it.
// name is what manifests call it. The lock must be held.
func (s *Server) event(w *workspace, name string, body reply) *Delivery {
	if !w.installed || s.options.Events != nil && !slices.Contains(s.options.Events, name) {
		return nil
	}
	if _, ok := body["event_ts"]; !ok {
		body["event_ts"] = s.newTS()
	}
	d := &Delivery{Type: EventsAPI, Name: name, ID: s.id("Ev"), server: s, done: make(chan struct{})}
	d.Payload = encode(reply{
		"token": "verification", "team_id": w.id, "context_team_id": w.id, "api_app_id": App, "event": body, "type": "event_callback",
		"event_id": d.ID, "event_time": s.clock.now().Unix(), "is_ext_shared_channel": false,
		"authorizations": []reply{{"enterprise_id": nil, "team_id": w.id, "user_id": w.botUser, "is_bot": true, "is_enterprise_install": false}},
	})
	if s.weather.Late > 0 && s.held == nil && s.draw("late") < s.weather.Late {
		s.held = d
		time.AfterFunc(50*time.Millisecond, s.release) // the next may never come
		return d
	}
	s.launch(d)
	if s.weather.Duplicate > 0 && s.draw("duplicate") < s.weather.Duplicate {
		s.launch(&Delivery{Type: d.Type, Name: d.Name, ID: d.ID, Payload: d.Payload})
	}
	if held := s.held; held != nil {
		s.held = nil
		s.launch(held)
	}
	return d
}

// release sends the event that is held back.
func (s *Server) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.held; held != nil {
		s.held = nil
		s.launch(held)
	}
}

func encode(v any) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage(`null`) // what the fake builds has a JSON form
	}
	return out
}

// launch makes the first attempt and has the rest seen to. The lock must be held.
func (s *Server) launch(d *Delivery) *Delivery {
	d.Seq = s.next()
	if d.done == nil {
		d.server, d.done = s, make(chan struct{})
	}
	s.deliveries = append(s.deliveries, d)
	s.touch()
	if s.ctx.Err() != nil {
		close(d.done)
		return d
	}
	s.underway++
	first := s.begin(d, 0, "")
	s.work.Go(func() { s.see(d, first) })
	return d
}

// see follows a delivery until it is acknowledged or given up.
func (s *Server) see(d *Delivery, a *attempt) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(d.done)
		s.underway--
		s.touch()
	}()
	for n := 0; ; n++ {
		s.await(a)
		s.mu.Lock()
		if a.Acked && d.then != nil {
			if err := d.then(a.Response); err != nil {
				a.Refused = err.Error()
			}
		}
		d.attempts = append(d.attempts, a.Attempt)
		s.touch()
		s.mu.Unlock()
		if a.Acked || a.final || d.Type != EventsAPI || n == len(s.options.Retries) || s.ctx.Err() != nil {
			return
		}
		due, stop := s.clock.after(s.options.Retries[n])
		select {
		case <-due:
		case <-s.ctx.Done():
		}
		stop()
		s.mu.Lock()
		a = s.begin(d, n+1, a.Failure)
		s.mu.Unlock()
	}
}

// begin starts an attempt: on a socket it is queued at once, so that order is kept. The
// lock must be held.
func (s *Server) begin(d *Delivery, retry int, reason string) *attempt {
	a := &attempt{delivery: d, Attempt: Attempt{Retry: retry, Reason: reason}, sent: time.Now(), result: make(chan json.RawMessage, 1), lost: make(chan struct{})}
	if s.endpoints == (Endpoints{}) {
		a.envelope = fmt.Sprintf("envelope-%d", s.next())
		s.pending[a.envelope] = a
		s.waiting = append(s.waiting, a)
		s.flush()
	}
	return a
}

// await fills in how an attempt ended.
func (s *Server) await(a *attempt) {
	due, stop := s.clock.after(s.options.AckWithin)
	defer stop()
	if a.envelope == "" {
		s.overHTTP(a, due)
		return
	}
	select {
	case a.Response = <-a.result:
		a.Acked = true
	case <-due:
		a.Failure = "timeout"
	case <-a.lost:
		a.Failure = "connection_failed"
	case <-s.ctx.Done():
		a.Failure = "closed"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Acked {
		a.Took = time.Since(a.sent)
	}
	if a.socket != nil {
		a.Socket = a.socket.number
	}
	delete(s.pending, a.envelope)
	s.waiting = slices.DeleteFunc(s.waiting, func(o *attempt) bool { return o == a })
}

// Endpoints are where Slack posts to over HTTP. Those left empty are as Events.
type Endpoints struct{ Events, Commands, Interactivity string }

// DeliverTo has everything sent over HTTP from now on; with no Endpoints, over sockets.
func (s *Server) DeliverTo(e Endpoints) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Commands, e.Interactivity = cmp.Or(e.Commands, e.Events), cmp.Or(e.Interactivity, e.Events)
	s.endpoints = e
}

// form is how a payload is posted, and where.
func (e Endpoints) form(d *Delivery) (address, contentType string, body []byte) {
	const urlencoded = "application/x-www-form-urlencoded"
	switch d.Type {
	case Interactive:
		return e.Interactivity, urlencoded, []byte(url.Values{"payload": {string(d.Payload)}}.Encode())
	case SlashCommands:
		var fields map[string]string
		_ = json.Unmarshal(d.Payload, &fields) // the fake has built it of strings
		values := url.Values{}
		for k, v := range fields {
			values.Set(k, v)
		}
		return e.Commands, urlencoded, []byte(values.Encode())
	}
	return e.Events, "application/json", d.Payload
}

// overHTTP makes an attempt by posting it.
func (s *Server) overHTTP(a *attempt, due <-chan struct{}) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	late := errors.New("no answer in time")
	go func() { // ends with the attempt
		select {
		case <-due:
			cancel(late)
		case <-ctx.Done():
		}
	}()
	s.mu.Lock()
	address, contentType, body := s.endpoints.form(a.delivery)
	s.mu.Unlock()
	header := map[string]string{}
	if a.Retry > 0 {
		header["X-Slack-Retry-Num"], header["X-Slack-Retry-Reason"] = fmt.Sprint(a.Retry), a.Reason
	}
	got, err := s.post(ctx, address, contentType, body, Signed, header)
	switch {
	case context.Cause(ctx) == late:
		a.Failure = "http_timeout"
	case err != nil:
		a.Failure = "connection_failed"
	case got.StatusCode/100 != 2:
		a.Status, a.Failure, a.final = got.StatusCode, "http_error", got.Header.Get("X-Slack-No-Retry") == "1"
	default:
		a.Status, a.Acked, a.Took = got.StatusCode, true, time.Since(a.sent)
		switch {
		case len(got.body) == 0:
		case json.Valid(got.body):
			a.Response = got.body
		default: // plain text is a message too
			a.Response = encode(reply{"text": string(got.body)})
		}
	}
}
