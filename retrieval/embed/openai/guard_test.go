package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"kakehashi/retrieval/embed"
)

// answers sends nothing and answers everything with itself.
type answers []byte

func (a answers) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a))}, nil
}

// Whatever a server says to two texts, two unit vectors come of it or an error.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"data":[{"index":1,"embedding":[1,2]},{"index":0,"embedding":[-1,2e3]}],"model":null}`,
		`{"data":[{"index":0,"embedding":[1e-44,0]},{"index":1,"embedding":[3e38,3e38]}]}`,
		`{"data":[{"embedding":[1,null]},{"index":1,"embedding":[]}]}`,
		`{"data":[{"index":0,"embedding":[1],"INDEX":1},{"Embedding":[2]}]}`,
		`{"data":[null,null]}`, `{"data":{}}`, `{"error":{"message":"no"}}`, `[]`, `null`, `<html>`, ``, `{"data":[`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := New(Config{BaseURL: "http://h", Model: "m", MaxRetries: -1, HTTPClient: &http.Client{Transport: answers(body)}})
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.Embed(t.Context(), embed.Query, []string{"a", "b"})
		if err != nil {
			return
		}
		if len(out) != 2 {
			t.Fatalf("%d vectors", len(out))
		}
		for _, v := range out {
			if length := float64(embed.Dot(v, v)); len(v) == 0 || len(v) != c.Dimension() || math.IsNaN(length) || math.Abs(length-1) > 0.01 {
				t.Errorf("a vector of %d values and length %v", len(v), length)
			}
		}
	})
}

// nullElement is quick; the token reader of encoding/json is its judge.
func FuzzNullElement(f *testing.F) {
	for _, body := range []string{`[null]`, `[1, null]`, `{"a":null}`, `["a,null]","\",null"]`, `[[],null]`, `{"a":[{"b":null}],"c":"\\"}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) {
			return
		}
		if got, want := nullElement(body), nullByTokens(body); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	})
}

func nullByTokens(body []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var lists []bool // what is open: a list, or else an object
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return false
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			lists = append(lists, token == json.Delim('['))
		case json.Delim(']'), json.Delim('}'):
			lists = lists[:len(lists)-1]
		case nil:
			if err == nil && len(lists) > 0 && lists[len(lists)-1] {
				return true
			}
		}
	}
}

func TestReadingIsBounded(t *testing.T) {
	t.Parallel()
	const limit = 1000
	for status, want := range map[int]int64{200: limit + 1, 400: maxFault} {
		req, err := http.NewRequest(http.MethodPost, "http://h", nil)
		if err != nil {
			t.Fatal(err)
		}
		body := &endless{}
		client := &http.Client{Transport: endlessly{status, body}}
		resp, err := (&guard{client: client, limit: limit}).Do(req)
		switch {
		case status == 200 && (err == nil || !strings.Contains(err.Error(), "over 1000 bytes: lower BatchSize")):
			t.Errorf("a huge answer gives %v", err)
		case status == 400 && (err != nil || resp.StatusCode != status):
			t.Errorf("a huge error gives %v", err)
		}
		if body.read != want || !body.closed {
			t.Errorf("status %d: %d bytes are read, want %d; closed: %v", status, body.read, want, body.closed)
		}
	}
}

// endless is a body without end, and endlessly the transport that brings it.
type endless struct {
	read   int64
	closed bool
}

func (e *endless) Read(p []byte) (int, error) { e.read += int64(len(p)); return len(p), nil }
func (e *endless) Close() error               { e.closed = true; return nil }

type endlessly struct {
	status int
	body   *endless
}

func (e endlessly) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: e.status, Header: http.Header{}, Body: e.body}, nil
}
