package slacktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	maxSockets  = 10
	maxResponse = 20 * 1024 // bytes; what is as long is dropped, as slack-go's authors have measured
	queued      = 1 << 14
)

// socket is one WebSocket of the app.
type socket struct {
	number   int
	conn     *websocket.Conn
	out      chan []byte // nil in it ends the socket
	draining bool        // it was told to disconnect and gets no more envelopes
	end      sync.Once
}

// cut ends the connection without a word.
func (k *socket) cut() { k.end.Do(func() { _ = k.conn.Close() }) }

// Sockets are how many sockets take envelopes now.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open())
}

// CutSockets ends all sockets at once, without a word.
func (s *Server) CutSockets() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.sockets {
		k.cut()
	}
}

// Disconnect tells the clients of all sockets to go: refresh_requested, link_disabled,
// or warning, after which envelopes still come.
func (s *Server) Disconnect(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.open() {
		k.draining = reason != "warning"
		s.queue(k, encode(reply{"type": "disconnect", "reason": reason, "debug_info": reply{"host": "fake"}}))
	}
	s.touch()
}

func (s *Server) open() []*socket {
	return slices.DeleteFunc(slices.Clone(s.sockets), func(k *socket) bool { return k.draining })
}

// queue has something written; who does not read is cut.
func (s *Server) queue(k *socket, text []byte) {
	select {
	case k.out <- text:
	default:
		k.cut()
	}
}

// flush sends the waiting attempts, by turns, to the sockets there are. The lock must be
// held.
func (s *Server) flush() {
	open := s.open()
	if len(open) == 0 {
		return
	}
	for _, a := range s.waiting {
		a.socket = open[s.turn%len(open)]
		s.turn++
		envelope := reply{"envelope_id": a.envelope, "type": a.delivery.Type, "payload": a.delivery.Payload, "accepts_response_payload": a.delivery.Type != EventsAPI}
		if a.delivery.Type == EventsAPI {
			envelope["retry_attempt"], envelope["retry_reason"] = a.Retry, a.Reason
		}
		a.sent = time.Now()
		s.queue(a.socket, encode(envelope))
		if s.weather.Cut > 0 && s.draw("cut") < s.weather.Cut {
			a.socket.draining = true
			s.queue(a.socket, nil)
			if open = s.open(); len(open) == 0 {
				s.waiting = s.waiting[slices.Index(s.waiting, a)+1:]
				return
			}
		}
	}
	s.waiting = nil
}

// serveSocket is one connection, from its ticket to its end.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	expires, ok := s.tickets[ticket]
	delete(s.tickets, ticket)
	ok = ok && s.clock.now().Before(expires) && s.ctx.Err() == nil
	if ok {
		s.work.Add(1)
		defer s.work.Done()
	}
	s.mu.Unlock()
	if !ok {
		http.Error(w, "the ticket is not good", http.StatusForbidden)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	k := &socket{conn: conn, out: make(chan []byte, queued)}
	s.mu.Lock()
	if s.ctx.Err() != nil {
		k.cut()
	}
	s.opened++
	k.number = s.opened
	if len(s.sockets) >= maxSockets {
		k.draining = true
		s.queue(k, encode(reply{"type": "disconnect", "reason": "too_many_websockets"}))
		s.queue(k, nil)
	} else {
		s.sockets = append(s.sockets, k)
		s.queue(k, encode(reply{"type": "hello", "num_connections": len(s.sockets), "connection_info": reply{"app_id": App},
			"debug_info": reply{"host": "fake", "build_number": 1, "approximate_connection_time": 18060}}))
		s.flush()
	}
	s.touch()
	s.mu.Unlock()

	gone := make(chan struct{})
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		s.write(k, gone)
	}()
	s.read(k)
	close(gone)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = slices.DeleteFunc(s.sockets, func(o *socket) bool { return o == k })
	for _, a := range s.pending {
		if a.socket == k {
			a.socket = nil
			a.Socket = k.number
			close(a.lost)
		}
	}
	s.touch()
}

// write sends what is queued, and pings.
func (s *Server) write(k *socket, gone <-chan struct{}) {
	ping := time.NewTicker(s.options.Ping)
	defer ping.Stop()
	defer k.cut()
	for {
		select {
		case text := <-k.out:
			if text == nil || k.conn.WriteMessage(websocket.TextMessage, text) != nil {
				return
			}
		case <-ping.C:
			if k.conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second)) != nil {
				return
			}
		case <-gone:
			return
		}
	}
}

// read takes acknowledgements until the socket ends.
func (s *Server) read(k *socket) {
	defer k.cut()
	for {
		_, text, err := k.conn.ReadMessage()
		if err != nil {
			return
		}
		var ack struct {
			Envelope string          `json:"envelope_id"`
			Payload  json.RawMessage `json:"payload"`
		}
		if len(text) >= maxResponse || json.Unmarshal(text, &ack) != nil {
			continue
		}
		s.mu.Lock()
		if a := s.pending[ack.Envelope]; a != nil {
			select {
			case a.result <- ack.Payload:
			default: // a second acknowledgement says nothing new
			}
		}
		s.mu.Unlock()
	}
}
