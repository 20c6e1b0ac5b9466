// Package slacktest is a Slack for tests: the Web API, Socket Mode, the Events API over
// HTTP and OAuth, with a workspace behind them that has users, channels, messages, streams
// and views. It obeys Slack's limits and tells its errors, does what a person does in one
// call, and fails on demand. Slack's own SDK is run against it in e2e/slack, so that what
// the bot may rely on here it may rely on there.
//
// It must never be kinder than Slack: a call it does not know is unknown_method.
package slacktest

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// The app and the workspace that has it installed from the start.
const (
	Team          = "T0HOME0001"
	App           = "A0FAKE0001"
	BotUser       = "U0BOT00001"
	Bot           = "B0BOT00001"
	BotToken      = "xoxb-home"
	AppToken      = "xapp-app"
	SigningSecret = "signing-secret"
	ClientID      = "1.1"
	ClientSecret  = "client-secret"
)

// Options are how a Server differs from a well-behaved Slack. A zero value stands for
// the default.
type Options struct {
	Time       time.Time       // where the server's clock stands, moved by Advance alone; else it is the machine's, which Advance puts forward
	Scopes     []string        // of the bot's tokens; AllScopes()
	Events     []string        // subscribed to, as manifests name them (message.im); all of them
	Accept     []string        // methods that are answered with ok and do nothing
	Retries    []time.Duration // before each repeat of an event that was not acknowledged; none, 1 minute, 5 minutes
	AckWithin  time.Duration   // 3 seconds
	StreamIdle time.Duration   // after which a stream that nothing is added to has expired; 5 minutes
	Ping       time.Duration   // between WebSocket pings, on the machine's clock; 5 seconds
	Tiers      bool            // methods are limited by their tier, a minute, method and workspace
	PerChannel bool            // chat.postMessage is limited to one a second and channel
	Rotate     bool            // tokens of oauth.v2.access expire after 12 hours and have refresh tokens
}

// Server is the fake. All its methods are safe for concurrent use.
type Server struct {
	options Options
	clock   *clock
	http    *httptest.Server
	ctx     context.Context
	stop    context.CancelFunc
	work    sync.WaitGroup // deliveries and sockets

	mu      sync.Mutex
	changed chan struct{} // closed and replaced with every change
	seq     int
	lastTS  int64
	model
	record
	faults
	transport
}

// Start runs a Server until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := New(o)
	t.Cleanup(s.Close)
	return s
}

// New runs a Server until Close.
func New(o Options) *Server {
	if o.Scopes == nil {
		o.Scopes = AllScopes()
	}
	if o.Retries == nil {
		o.Retries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	o.AckWithin = cmp.Or(o.AckWithin, 3*time.Second)
	o.StreamIdle = cmp.Or(o.StreamIdle, 5*time.Minute)
	o.Ping = cmp.Or(o.Ping, 5*time.Second)
	s := &Server{options: o, clock: newClock(o.Time), changed: make(chan struct{})}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.model = newModel()
	s.transport = newTransport()
	s.faults = faults{set: map[string][]Fault{}, drawn: map[string]uint64{}, used: map[string][]time.Time{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("POST /respond/{token}", s.serveResponse)
	mux.HandleFunc("GET /socket", s.serveSocket)
	s.http = httptest.NewServer(mux)
	return s
}

// Close ends the server, its sockets and what it has yet to deliver.
func (s *Server) Close() {
	s.mu.Lock()
	s.stop() // under the lock, so that nothing is started that work does not know of
	s.mu.Unlock()
	s.CutSockets()
	s.work.Wait()
	s.http.CloseClientConnections()
	s.http.Close()
}

// APIURL is the address of the Web API, with the slash at its end that slack-go wants.
func (s *Server) APIURL() string { return s.http.URL + "/api/" }

// Now is the time on the server's clock.
func (s *Server) Now() time.Time { return s.clock.now() }

// Advance puts the server's clock forward, and what is due then happens.
func (s *Server) Advance(d time.Duration) { s.clock.advance(d) }

// WaitFor waits until the condition holds and fails the test if it does not before the
// test's deadline or half a minute. It looks again after every change of the server, and
// now and then, as the condition may be of something else.
func (s *Server) WaitFor(t testing.TB, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := s.Await(ctx, condition); err != nil {
		t.Fatalf("%v; the last calls were %s", err, s.lastCalls(12))
	}
}

// Await is WaitFor outside of tests.
func (s *Server) Await(ctx context.Context, condition func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		began := time.Now()
		if condition() {
			return nil
		}
		rested := time.After(time.Since(began)) // looking takes half of the time at most
		select {
		case <-changed:
			<-rested
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for a condition that has not come true: %w", ctx.Err())
		}
	}
}

// touch tells those who wait that something has changed. The lock must be held.
func (s *Server) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// next is a new sequence number, shared by all that is recorded. The lock must be held.
func (s *Server) next() int {
	s.seq++
	return s.seq
}

// id is a new identifier of that kind. The lock must be held.
func (s *Server) id(kind string) string { return fmt.Sprintf("%s%09d", kind, s.next()) }

// newTS is the timestamp of a new message, later than all before. The lock must be held.
func (s *Server) newTS() string {
	s.lastTS = max(s.lastTS+1, s.clock.now().UnixMicro())
	return fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6)
}

func (s *Server) lastCalls(n int) string {
	calls := s.Calls("")
	var out []string
	for _, c := range calls[max(0, len(calls)-n):] {
		out = append(out, strings.TrimSpace(c.Method+" "+c.Error))
	}
	if out == nil {
		return "none"
	}
	return strings.Join(out, ", ")
}
