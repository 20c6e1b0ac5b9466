package openai_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/openai"
)

// failing gives the status for the first times, with the header, then right answers.
func failing(times int32, status int, retryAfter string) func(http.ResponseWriter, *http.Request, request) {
	var n atomic.Int32
	return func(w http.ResponseWriter, _ *http.Request, sent request) {
		if n.Add(1) > times {
			embeddings(w, sent.Input)
			return
		}
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	const ms, s = time.Millisecond, time.Second
	none, most := 0.0, 0.999999999
	for name, tc := range map[string]struct {
		retries    int // Config.MaxRetries
		times      int32
		retryAfter string
		jitter     float64
		want       []time.Duration
		fails      bool
	}{
		"none needed":              {4, 0, "", none, nil, false},
		"doubling":                 {4, 3, "", none, []time.Duration{500 * ms, s, 2 * s}, false},
		"by default, too":          {0, 9, "", none, []time.Duration{500 * ms, s, 2 * s, 4 * s}, true},
		"at most a minute":         {9, 9, "", none, []time.Duration{500 * ms, s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}, false},
		"jitter takes half":        {4, 2, "", most, []time.Duration{250 * ms, 500 * ms}, false},
		"never":                    {-1, 1, "", none, nil, true},
		"Retry-After in seconds":   {4, 2, "7", most, []time.Duration{7 * s, 7 * s}, false},
		"Retry-After by date":      {4, 1, "Sun, 01 Mar 2026 12:00:20 GMT", none, []time.Duration{20 * s}, false},
		"Retry-After gone by":      {4, 1, "Sun, 01 Mar 2026 11:00:00 GMT", none, []time.Duration{500 * ms}, false},
		"Retry-After an hour":      {4, 1, "3600", none, []time.Duration{60 * s}, false},
		"Retry-After a year":       {4, 1, "Mon, 01 Mar 2027 12:00:00 GMT", none, []time.Duration{60 * s}, false},
		"Retry-After no time":      {4, 1, "0", none, []time.Duration{500 * ms}, false},
		"Retry-After negative":     {4, 1, "-5", none, []time.Duration{500 * ms}, false},
		"Retry-After absurd":       {4, 1, "99999999999999999999999", none, []time.Duration{60 * s}, false},
		"Retry-After not a number": {4, 1, "NaN", none, []time.Duration{500 * ms}, false},
		"Retry-After unreadable":   {4, 1, "soon", none, []time.Duration{500 * ms}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, failing(tc.times, http.StatusTooManyRequests, tc.retryAfter))
			c, clock := client(t, server.URL, func(c *openai.Config) {
				c.MaxRetries, c.Jitter = tc.retries, func() float64 { return tc.jitter }
			})
			_, err := c.Embed(t.Context(), embed.Query, []string{"x"})
			if (err != nil) != tc.fails {
				t.Error(err)
			}
			for i := range clock.waits {
				clock.waits[i] = clock.waits[i].Round(time.Microsecond)
			}
			if !slices.Equal(clock.waits, tc.want) || len(server.sent()) != len(tc.want)+1 {
				t.Errorf("waits %v in %d requests, want %v", clock.waits, len(server.sent()), tc.want)
			}
		})
	}
}

func TestEveryPassingFaultIsRetried(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 500, 502, 503, 504} {
		s := serve(t, failing(2, status, ""))
		c, _ := client(t, s.URL)
		out, err := c.Embed(t.Context(), embed.Query, []string{"x"})
		if err != nil || !slices.Equal(out[0], unit(t, "x")) {
			t.Errorf("after two of %d: %v, %v", status, out, err)
		}
	}
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request, request){"dropped": hangsUp, "cut off": breaks} {
		var n atomic.Int32
		s := serve(t, func(w http.ResponseWriter, r *http.Request, sent request) {
			if n.Add(1) <= 2 {
				fault(w, r, sent)
				return
			}
			embeddings(w, sent.Input)
		})
		c, _ := client(t, s.URL)
		if _, err := c.Embed(t.Context(), embed.Query, []string{"x"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConnectionFaults(t *testing.T) {
	t.Parallel()
	refused := httptest.NewServer(nil)
	refused.Close()
	secure := httptest.NewTLSServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(secure.Close)
	dial := func(err error) *http.Client {
		return &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}}}
	}
	echo := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("cannot send %q", r.Header)
	})}
	forbidden := errors.New("that address is forbidden")
	for name, tc := range map[string]struct {
		url     string
		client  *http.Client
		says    string
		retries int
	}{
		"nobody listens":     {refused.URL, nil, "connection refused", 2},
		"unknown authority":  {secure.URL, nil, "certificate", 0},
		"no TLS there":       {"https://" + plain(t), nil, "HTTP response to HTTPS client", 0},
		"unknown host":       {"http://h", dial(&net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}), "no such host", 0},
		"resolver away":      {"http://h", dial(&net.DNSError{Err: "server misbehaving", Name: "h", IsTemporary: true}), "misbehaving", 2},
		"forbidden":          {"http://h", dial(forbidden), "forbidden", 0},
		"slow to connect":    {"http://h", dial(slow{}), "i/o timeout", 2},
		"quotes the key":     {"http://h", echo, "Bearer [key]", 2},
		"caller's redirects": {serve(t, sideways).URL, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return forbidden }}, "forbidden", 0},
		"caller takes none":  {serve(t, sideways).URL, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, "307", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, clock := client(t, tc.url, func(c *openai.Config) { c.HTTPClient = tc.client })
			_, err := c.Embed(t.Context(), embed.Query, []string{"x"})
			if err == nil || !strings.Contains(err.Error(), tc.says) || len(clock.waits) != tc.retries {
				t.Errorf("%v after %d retries; want %q after %d", err, len(clock.waits), tc.says, tc.retries)
			}
			if strings.Contains(tc.says, "forbidden") && !errors.Is(err, forbidden) {
				t.Error("the caller's own error is lost")
			}
			keylessError(t, err)
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// slow is the error of a dial that took too long.
type slow struct{}

func (slow) Error() string     { return "i/o timeout" }
func (slow) Timeout() bool     { return true }
func (slow) Temporary() bool   { return true }
func (slow) Is(err error) bool { return err == context.DeadlineExceeded }

// plain is the address of a server without TLS.
func plain(t *testing.T) string { return strings.TrimPrefix(serve(t, nil).URL, "http://") }

func sideways(w http.ResponseWriter, r *http.Request, _ request) {
	http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
}

func TestTheCallEndsInBackoff(t *testing.T) {
	t.Parallel()
	s := serve(t, failing(9, http.StatusServiceUnavailable, "50"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, sleep := range map[string]func(context.Context, time.Duration) error{
		"the real wait": nil,
		"an injected one": func(ctx context.Context, _ time.Duration) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		},
	} {
		c, _ := client(t, s.URL, func(c *openai.Config) {
			c.Sleep = sleep
			if sleep == nil { // end the call when the wait is about to begin
				c.Jitter = func() float64 { cancel(); return 0 }
			}
		})
		if _, err := c.Embed(ctx, embed.Query, []string{"x"}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheCallEndsAtTheServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(w http.ResponseWriter, r *http.Request, sent request) {
		cancel()
		hangs(w, r, sent)
	})
	c, clock := client(t, s.URL)
	_, err := c.Embed(ctx, embed.Query, []string{"x"})
	if !errors.Is(err, context.Canceled) || len(clock.waits) != 0 {
		t.Errorf("%v after %d retries", err, len(clock.waits))
	}
}
