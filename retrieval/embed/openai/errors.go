package openai

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	api "github.com/sashabaranov/go-openai"
)

// hidden stands where a key would.
const hidden = "[key]"

// DimensionError says that the server's vectors are not of the expected size: it
// runs another model, and vectors made before cannot be compared with new ones.
type DimensionError struct {
	Model     string // the model that was asked for
	Got, Want int
}

func (e *DimensionError) Error() string {
	return fmt.Sprintf("model %q gives vectors of %d values, not %d: restore the model that was used before, or set Dimension to %d (0 asks the server) and re-embed everything",
		e.Model, e.Got, e.Want, e.Got)
}

// StatusError is an answer with an HTTP status other than success, after the
// retries where the status is one that passes.
type StatusError struct {
	Status  int    // HTTP status code
	Message string // what the server says of it, shortened; never holds the key
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("status %d %s", e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		text += " (if a text or a request is too long, lower MaxRunes or BatchSize)"
	case http.StatusUnauthorized, http.StatusForbidden:
		text += " (check Key)"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		text += " (check Model, and BaseURL, which for most servers ends in /v1)"
	case http.StatusTooManyRequests:
		text += " (lower Concurrency, or wait)"
	}
	return text
}

// connectionError is a request that came to no whole answer.
type connectionError struct {
	err   error
	again bool // may be gone at the next try
}

func (e *connectionError) Error() string { return "the connection failed: " + e.err.Error() }
func (e *connectionError) Unwrap() error { return e.err }

// redirectError is a redirect that is not followed.
type redirectError struct{ err error }

func (e *redirectError) Error() string {
	return "a redirect is not followed: " + e.err.Error()
}
func (e *redirectError) Unwrap() error { return e.err }

// passes tells whether an error may be gone at the next try.
func passes(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return slices.Contains([]int{429, 500, 502, 503, 504}, status.Status)
	}
	broken, ok := errors.AsType[*connectionError](err)
	return ok && broken.again
}

// mends tells whether what broke a connection may be gone at the next try: all but
// what somebody must set right.
func mends(err error) bool {
	if _, ok := errors.AsType[*redirectError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return false // no TLS on that port
	}
	if lookup, ok := errors.AsType[*net.DNSError](err); ok {
		return !lookup.IsNotFound
	}
	if dialling(err) {
		// A dial that neither the system nor time ended was refused by the caller's
		// client, which will not change its mind.
		_, system := errors.AsType[syscall.Errno](err)
		timed, _ := errors.AsType[net.Error](err)
		return system || timed.Timeout()
	}
	return true
}

// dialling tells whether an error arose before there was a connection.
func dialling(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// fault is what went wrong with a request. The library's own errors stop here: they
// quote the server at any length.
func (c *Client) fault(ctx context.Context, err error) error {
	// A RequestError can hold an APIError that is empty: it goes first.
	if refused, ok := errors.AsType[*api.RequestError](err); ok {
		message := "a web page"
		if !isPage(nil, refused.Body) {
			message = c.foreign(string(refused.Body))
		}
		return &StatusError{refused.HTTPStatusCode, message}
	}
	if refused, ok := errors.AsType[*api.APIError](err); ok {
		return &StatusError{refused.HTTPStatusCode, c.foreign(refused.Message)}
	}
	if errors.Is(err, context.DeadlineExceeded) && (ctx.Err() != nil || !dialling(err)) {
		return fmt.Errorf("no answer in time (Timeout is %v): raise it, lower BatchSize, or see whether the server is well: %w", c.timeout, context.DeadlineExceeded)
	}
	if broken, ok := errors.AsType[*connectionError](err); ok {
		return &connectionError{c.conceal(broken.err), mends(broken.err)}
	}
	return c.conceal(err)
}

// conceal returns the error, or its text alone where that quotes the key: the chain
// would give it away.
func (c *Client) conceal(err error) error {
	if text := c.redact(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// foreign is a server's text made fit for an error: one line of printable
// characters, without the key, and short.
func (c *Client) foreign(text string) string {
	const most = 300 // runes
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, " "))
	runes := []rune(c.redact(strings.Join(strings.Fields(text), " ")))
	if len(runes) > most {
		return string(runes[:most]) + " …"
	}
	return string(runes)
}

// redactor hides the key, also where it has been escaped.
func redactor(key string) *strings.Replacer {
	if key == "" {
		return strings.NewReplacer()
	}
	quoted := strconv.Quote(key)
	return strings.NewReplacer(
		key, hidden,
		quoted[1:len(quoted)-1], hidden,
		html.EscapeString(key), hidden,
		url.QueryEscape(key), hidden,
		url.PathEscape(key), hidden,
	)
}
