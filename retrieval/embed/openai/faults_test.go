package openai_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/openai"
)

// answer is a handler that gives every request the same.
func answer(status int, kind, body string) func(http.ResponseWriter, *http.Request, request) {
	return func(w http.ResponseWriter, _ *http.Request, _ request) {
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// data is an answer of these items.
func data(items string) func(http.ResponseWriter, *http.Request, request) {
	return answer(200, "application/json", `{"object":"list","data":[`+items+`],"model":null}`)
}

// breaks announces more than it sends.
func breaks(w http.ResponseWriter, _ *http.Request, _ request) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"data":[{"index":0,"embedding":[1,`)
}

// hangsUp closes the connection without an answer.
func hangsUp(http.ResponseWriter, *http.Request, request) { panic(http.ErrAbortHandler) }

// hangs answers never.
func hangs(_ http.ResponseWriter, r *http.Request, _ request) { <-r.Context().Done() }

// Two texts are asked for.
func TestServerFaults(t *testing.T) {
	t.Parallel()
	const once, retried = 1, 3
	api := func(message string) string { return `{"error":{"message":"` + message + `","type":"x","code":7}}` }
	for name, tc := range map[string]struct {
		handler func(http.ResponseWriter, *http.Request, request)
		says    string
		status  int // of a *StatusError
		asked   int
	}{
		"400":                {answer(400, "application/json", api("too long")), "400 Bad Request: too long (if", 400, once},
		"401":                {answer(401, "application/json", api("who?")), "who? (check Key)", 401, once},
		"401 with the key":   {answer(401, "application/json", api(`bad key `+strings.ReplaceAll(asciiKey, `"`, `\"`))), "bad key [key] (check Key)", 401, once},
		"403 with the key":   {answer(403, "text/plain", "no, "+asciiKey), "no, [key]", 403, once},
		"404":                {answer(404, "text/plain", "404 page not found"), "check Model, and BaseURL", 404, once},
		"413":                {answer(413, "application/json", `{"error":"batch size 64 > 32","error_type":"x"}`), "batch size 64 > 32", 413, once},
		"422 as FastAPI":     {answer(422, "application/json", `{"detail":[{"msg":"no"}]}`), `"msg":"no"`, 422, once},
		"429":                {answer(429, "application/json", api("slowly")), "slowly (lower Concurrency, or wait) (tries: 3)", 429, retried},
		"500":                {answer(500, "", "oh\x1b[31m\r\nno"), "500 Internal Server Error: oh [31m no (tries", 500, retried},
		"501":                {answer(501, "", ""), "501 Not Implemented", 501, once},
		"502 page":           {answer(502, "text/html", "<html>"+asciiKey), "502 Bad Gateway: a web page", 502, retried},
		"503":                {answer(503, "", ""), "503 Service Unavailable", 503, retried},
		"504":                {answer(504, "", strings.Repeat("語", 5000)), "語 … (tries", 504, retried},
		"304":                {answer(304, "", ""), "a redirect that was not followed", 304, once},
		"fewer vectors":      {data(`{"index":0,"embedding":[1,2,3]}`), `model "m" gives 1 vectors for 2 texts`, 0, once},
		"more vectors":       {data(`{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1,2,3]},{"index":2,"embedding":[1,2,3]}`), "3 vectors for 2", 0, once},
		"an error as 200":    {answer(200, "application/json", api("no")), "0 vectors for 2 texts", 0, once},
		"index twice":        {data(`{"index":1,"embedding":[1,2,3]},{"index":1,"embedding":[1,2,3]}`), "two vectors the index 1", 0, once},
		"no index":           {data(`{"embedding":[1,2,3]},{"embedding":[1,2,3]}`), "two vectors the index 0", 0, once},
		"index too high":     {data(`{"index":1,"embedding":[1,2,3]},{"index":2,"embedding":[1,2,3]}`), "the index 2, for 2 texts", 0, once},
		"index negative":     {data(`{"index":-1,"embedding":[1,2,3]},{"index":0,"embedding":[1,2,3]}`), "the index -1", 0, once},
		"empty vector":       {data(`{"index":0,"embedding":[]},{"index":1,"embedding":[1,2,3]}`), "an empty vector", 0, once},
		"no vector":          {data(`{"index":0,"embedding":null},{"index":1,"embedding":[1,2,3]}`), "an empty vector", 0, once},
		"zero vector":        {data(`{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[0,0,-0.0]}`), "text 1 of the request a broken vector", 0, once},
		"null for NaN":       {data(`{"index":0,"embedding":[1, null ,3]},{"index":1,"embedding":[1,2,3]}`), "null, which stands for NaN", 0, once},
		"NaN":                {data(`{"index":0,"embedding":[1,NaN,3]},{"index":1,"embedding":[1,2,3]}`), "is not JSON", 0, once},
		"infinite":           {data(`{"index":0,"embedding":[1,Infinity,3]},{"index":1,"embedding":[1,2,3]}`), "is not JSON", 0, once},
		"beyond 32 bits":     {data(`{"index":0,"embedding":[1,1e39,3]},{"index":1,"embedding":[1,2,3]}`), "1e39", 0, once},
		"text for a vector":  {data(`{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":[1,2,3]}`), "cannot unmarshal string", 0, once},
		"malformed":          {answer(200, "application/json", `{"data":[}`), "is not JSON", 0, once},
		"whole but cut off":  {answer(200, "application/json", `{"data":[{"index":0,"emb`), "is not JSON, or breaks off", 0, once},
		"more after it":      {answer(200, "application/json", `{"data":[]} trailing`), "is not JSON", 0, once},
		"empty":              {answer(200, "application/json", " "), "the answer is empty", 0, once},
		"a list":             {answer(200, "application/json", "[]"), "cannot unmarshal array", 0, once},
		"login page":         {answer(200, "text/html; charset=utf-8", "Log in"), "a web page", 0, once},
		"unmarked page":      {answer(200, "application/json", " <!doctype html>"), "a web page", 0, once},
		"body breaks off":    {breaks, "breaks off after 35 bytes: unexpected EOF (tries: 3)", 0, retried},
		"connection dropped": {hangsUp, "the connection failed", 0, retried},
		"redirect elsewhere": {func(w http.ResponseWriter, r *http.Request, _ request) {
			http.Redirect(w, r, "http://elsewhere.invalid/?"+asciiKey, http.StatusTemporaryRedirect)
		}, "leads to http://elsewhere.invalid; set BaseURL", 0, once},
		"redirect to https": {func(w http.ResponseWriter, r *http.Request, _ request) {
			http.Redirect(w, r, "https://"+r.Host, http.StatusPermanentRedirect)
		}, "leads to https://", 0, once},
		"redirect that drops the texts": {func(w http.ResponseWriter, r *http.Request, _ request) {
			http.Redirect(w, r, "/login", http.StatusFound)
		}, "it drops the texts", 0, once},
		"redirect in a circle": {func(w http.ResponseWriter, r *http.Request, _ request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}, "in a circle", 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tc.handler)
			c, _ := client(t, s.URL)
			out, err := c.Embed(t.Context(), embed.Passage, []string{"a", "b"})
			if err == nil || out != nil {
				t.Fatalf("%d vectors and %v", len(out), err)
			}
			if !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), s.URL) || len(err.Error()) > 1500 {
				t.Errorf("it says %q; want %q and the server in it", err, tc.says)
			}
			if status, ok := errors.AsType[*openai.StatusError](err); ok != (tc.status != 0) || ok && status.Status != tc.status {
				t.Errorf("%#v; want status %d", status, tc.status)
			}
			if asked := len(s.sent()); asked != tc.asked {
				t.Errorf("asked %d times, want %d", asked, tc.asked)
			}
			keylessError(t, err)
		})
	}
}

func TestAnotherDimensionIsADimensionError(t *testing.T) {
	t.Parallel()
	for _, configured := range []int{0, dimension} {
		s := serve(t, data(`{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1,2]}`))
		c, _ := client(t, s.URL, func(c *openai.Config) { c.Dimension = configured })
		_, err := c.Embed(t.Context(), embed.Passage, []string{"a", "b"})
		e, ok := errors.AsType[*openai.DimensionError](err)
		if !ok || e.Got != 2 || e.Want != 3 || !strings.Contains(err.Error(), "re-embed") {
			t.Errorf("configured %d: %v", configured, err)
		}
		if c.Dimension() != configured {
			t.Errorf("a broken answer settles the dimension: %d", c.Dimension())
		}
	}
}

func TestAHangingServerIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*openai.Config){
		"by Timeout":           func(c *openai.Config) { c.Timeout = 20 * time.Millisecond },
		"by the caller's time": func(c *openai.Config) { c.HTTPClient = &http.Client{Timeout: 20 * time.Millisecond} },
	} {
		s := serve(t, hangs)
		c, _ := client(t, s.URL, change)
		_, err := c.Embed(t.Context(), embed.Query, []string{"x"})
		if err == nil || !strings.Contains(err.Error(), "no answer in time") || len(s.sent()) != 1 {
			t.Errorf("%s: %v after %d requests", name, err, len(s.sent()))
		}
	}
}

func TestWhatIsNoFault(t *testing.T) {
	t.Parallel()
	const one = `{"data":[{"index":0,"embedding":[0,2,0],"note":"a,null] \" ,null"}],"usage":null}`
	for name, handler := range map[string]func(http.ResponseWriter, *http.Request, request){
		"JSON under another name": answer(200, "text/plain", one),
		"created":                 answer(201, "application/json", " "+one+"\n"),
		"redirect on the host": func(w http.ResponseWriter, r *http.Request, sent request) {
			if r.URL.Path == "/embeddings" {
				http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
				return
			}
			answer(200, "", one)(w, r, sent)
		},
	} {
		s := serve(t, handler)
		c, _ := client(t, s.URL)
		if out, err := c.Embed(t.Context(), embed.Query, []string{"x"}); err != nil || out[0][1] != 1 {
			t.Errorf("%s: %v, %v", name, out, err)
		}
	}
}
