package slacktest

import (
	"encoding/json"
	"slices"
	"time"
)

// record is what has happened, for tests to look at.
type record struct {
	calls      []Call
	deliveries []*Delivery
	underway   int // deliveries
}

// Call is one request to the Web API or, as Method "response_url", to the address that a
// command or an action came with.
type Call struct {
	Seq    int
	Method string
	At     time.Time // on the server's clock
	Team   string    // whose token it had
	Args   map[string]any
	Error  string // what Slack answered, or the name of the fault; "" for ok
	Done   bool   // it had its effect, whatever the client was told
}

// Calls are those of a method, in order; of all methods for "".
func (s *Server) Calls(method string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	return out
}

// Messages are those of a channel that all of it see, in order, as they stand now.
func (s *Server) Messages(channel string) []Message {
	return s.seen(func(m *Message) bool { return m.Channel == channel && m.To == "" })
}

// Ephemerals are the messages that this person alone sees, in order.
func (s *Server) Ephemerals(user string) []Message {
	return s.seen(func(m *Message) bool { return m.To == user })
}

func (s *Server) seen(keep func(*Message) bool) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages {
		if keep(m) {
			s.expire(m)
			c := *m
			c.Chunks, c.Reactions = slices.Clone(m.Chunks), slices.Clone(m.Reactions)
			out = append(out, c)
		}
	}
	return out
}

// Deliveries are all that has been sent to the bot, in order.
func (s *Server) Deliveries() []*Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

// Settled tells that nothing is on its way to the bot: all is acknowledged or given up.
func (s *Server) Settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.underway == 0 && s.held == nil
}

// readable is the arguments for a test to look at: what is JSON inside of a string is
// taken out of it.
func readable(a args) map[string]any {
	out := map[string]any{}
	for k := range a {
		if k == "token" {
			continue
		}
		var v any
		if err := json.Unmarshal(a.raw(k), &v); err != nil {
			v = a.str(k)
		}
		if _, number := v.(float64); number { // a timestamp would lose its zeros
			v = a.str(k)
		}
		out[k] = v
	}
	return out
}
