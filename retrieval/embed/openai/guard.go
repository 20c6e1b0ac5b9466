package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	maxAnswer = 64 << 20 // bytes; some 1,000 vectors of 4,096 values in JSON
	maxFault  = 64 << 10 // bytes of an error's text that are read
)

// guard stands between the library and the server. It reads every answer whole
// and hands on only what can be embeddings or a server's error: the library itself
// reads without limit, takes a redirect for success, ignores what follows the JSON
// and makes 0 of a null.
type guard struct {
	client *http.Client
	limit  int64 // of bytes in an answer
}

// Do implements the library's HTTPDoer.
func (g *guard) Do(req *http.Request) (*http.Response, error) {
	resp, err := g.client.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // the address is named once, where the error ends up
		}
		return nil, &connectionError{err: err}
	}
	defer resp.Body.Close()
	var body []byte
	if resp.StatusCode >= 400 {
		// The status says enough: a text that breaks off is no fault of its own.
		body, _ = io.ReadAll(io.LimitReader(resp.Body, maxFault))
	} else if body, err = g.answer(resp); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// answer is the body of an answer that can hold embeddings.
func (g *guard) answer(resp *http.Response) ([]byte, error) {
	if resp.StatusCode >= 300 {
		return nil, &StatusError{Status: resp.StatusCode, Message: "a redirect that was not followed"}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, g.limit+1))
	if err != nil {
		return nil, &connectionError{err: fmt.Errorf("the answer breaks off after %d bytes: %w", len(body), err)}
	}
	if int64(len(body)) > g.limit {
		return nil, fmt.Errorf("the answer is over %d bytes: lower BatchSize", g.limit)
	}
	if isPage(resp.Header, body) {
		return nil, errors.New("the answer is a web page, not embeddings: check BaseURL, and whether a proxy or a login stands before the server")
	}
	return body, checkJSON(body)
}

// isPage tells a web page, such as a proxy's login form. Other content types are
// not held against an answer: servers are careless about them, and JSON speaks for
// itself.
func isPage(header http.Header, body []byte) bool {
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml" ||
		bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// checkJSON makes sure that body is one JSON value without a null where a number
// or a vector belongs. Servers write null for NaN, which JSON has not.
func checkJSON(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("the answer is empty")
	}
	if !json.Valid(body) {
		return fmt.Errorf("the answer of %d bytes is not JSON, or breaks off", len(body))
	}
	if nullElement(body) {
		return errors.New("a vector of the answer holds null, which stands for NaN")
	}
	return nil
}

// nullElement tells whether a list in the JSON of body has a null for an element.
// Outside strings, JSON has an n at the start of null and inside it only.
func nullElement(body []byte) bool {
	last, quoted := byte(0), false
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted, last = !quoted, b
		case quoted || b == ' ' || b == '\t' || b == '\n' || b == '\r':
		case b == 'n' && (last == '[' || last == ','):
			return true
		default:
			last = b
		}
	}
	return false
}

// staying is the client with its redirects held to the host and the scheme that
// were named: the key must not follow one elsewhere. A redirect that turns the
// POST into a GET would lose the texts.
func staying(client *http.Client) *http.Client {
	own := *client
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		first := via[0]
		if req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme {
			return &redirectError{fmt.Errorf("it leads to %s://%s; set BaseURL to the address that answers", req.URL.Scheme, req.URL.Host)}
		}
		if req.Method != first.Method {
			return &redirectError{errors.New("it drops the texts; set BaseURL to the address that answers")}
		}
		if client.CheckRedirect == nil && len(via) >= 10 {
			return &redirectError{errors.New("it leads in a circle; check BaseURL")}
		}
		if client.CheckRedirect == nil {
			return nil
		}
		err := client.CheckRedirect(req, via)
		if err != nil && err != http.ErrUseLastResponse { // which net/http compares so
			err = &redirectError{err}
		}
		return err
	}
	return &own
}

// defaultClient is for a caller who gives none. The time of a whole request is
// bounded by its context.
func defaultClient(concurrency int) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		MaxIdleConnsPerHost:    concurrency,
		IdleConnTimeout:        90 * time.Second,
	}}
}
