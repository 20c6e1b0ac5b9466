package openai_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/openai"
)

// asciiKey is a key that New takes; its quote and slash change when it is escaped.
const asciiKey = `sk-"te/st<0123456789`

const dimension = 3

// request is what a server is sent.
type request struct {
	Model  string
	Input  []string
	path   string
	header http.Header
}

// vector is what the test server makes of an input: something of its own for each.
func vector(input string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(input))
	sum := h.Sum64()
	return []float32{1 + float32(sum&0xfff), 1 + float32(sum>>12&0xfff), 1 + float32(sum>>24&0xfff)}
}

// unit is the vector as it should come back.
func unit(t *testing.T, input string) []float32 {
	t.Helper()
	v := vector(input)
	if err := embed.Normalize(v); err != nil {
		t.Fatal(err)
	}
	return v
}

// embeddings answers as a server should.
func embeddings(w http.ResponseWriter, inputs []string) {
	type item struct {
		Index     int       `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	answer := struct {
		Object string  `json:"object"`
		Model  *string `json:"model"` // null, which is allowed there
		Data   []item  `json:"data"`
	}{Object: "list"}
	for i, input := range inputs {
		answer.Data = append(answer.Data, item{i, vector(input)})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// server is a test server that notes what it is sent. Its handler may be nil, for
// right answers.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

func serve(t *testing.T, handler func(w http.ResponseWriter, r *http.Request, sent request)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := request{path: r.URL.String(), header: r.Header}
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Errorf("the request is not JSON: %v", err)
		}
		s.mu.Lock()
		s.requests = append(s.requests, sent)
		s.mu.Unlock()
		if handler == nil {
			embeddings(w, sent.Input)
			return
		}
		handler(w, r, sent)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) sent() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// clock stands still but for the waits, which take no time and are noted.
type clock struct {
	mu    sync.Mutex
	time  time.Time
	waits []time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) sleep(ctx context.Context, wait time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, wait)
	c.time = c.time.Add(wait)
	return ctx.Err()
}

// client asks a server with a clock of its own and without jitter.
func client(t *testing.T, url string, change ...func(*openai.Config)) (*openai.Client, *clock) {
	t.Helper()
	clock := &clock{time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	config := openai.Config{
		BaseURL: url, Key: asciiKey, Model: "m", Dimension: dimension, MaxRetries: 2,
		Now: clock.now, Sleep: clock.sleep, Jitter: func() float64 { return 0 },
	}
	for _, c := range change {
		c(&config)
	}
	c, err := openai.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c, clock
}

// keyless fails where a text holds the key or a good part of it, in any escape.
func keyless(t *testing.T, text string) {
	t.Helper()
	for _, part := range []string{asciiKey, "0123456789", "te/st", "te%2Fst"} {
		if strings.Contains(text, part) {
			t.Errorf("the key leaks: %s", text)
		}
	}
}

// keylessError looks at an error, all that it wraps, and how it prints.
func keylessError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, verb := range []string{"%v", "%+v", "%q"} {
		keyless(t, fmt.Sprintf(verb, err))
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		keylessError(t, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			keylessError(t, one)
		}
	}
}
