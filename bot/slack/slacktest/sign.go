package slacktest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Signing is how a request to the bot is signed.
type Signing string

// The ways there are; only the first is Slack's.
const (
	Signed   Signing = "signed"
	Forged   Signing = "forged"   // with another secret
	Stale    Signing = "stale"    // rightly, but 6 minutes ago
	Unsigned Signing = "unsigned" // no headers at all
)

// answer is what the bot said to a request.
type answer struct {
	*http.Response
	body []byte
}

// Post sends a request to the bot over HTTP, outside of what is delivered.
func (s *Server) Post(ctx context.Context, url, contentType string, body []byte, as Signing) (status int, said []byte, err error) {
	got, err := s.post(ctx, url, contentType, body, as, nil)
	if err != nil {
		return 0, nil, err
	}
	return got.StatusCode, got.body, nil
}

// VerifyURL does what Slack does when the address for events is entered.
func (s *Server) VerifyURL(ctx context.Context) error {
	s.mu.Lock()
	url, challenge := s.endpoints.Events, s.id("challenge-")
	s.mu.Unlock()
	got, err := s.post(ctx, url, "application/json", encode(reply{"type": "url_verification", "token": "verification", "challenge": challenge}), Signed, nil)
	if err != nil {
		return fmt.Errorf("verifying the address for events: %w", err)
	}
	var said struct{ Challenge string }
	if json.Unmarshal(got.body, &said) != nil {
		said.Challenge = strings.TrimSpace(string(got.body))
	}
	if got.StatusCode != http.StatusOK || said.Challenge != challenge {
		return fmt.Errorf("verifying the address for events: status %d without the challenge; answer 200 with it", got.StatusCode)
	}
	return nil
}

func (s *Server) post(ctx context.Context, url, contentType string, body []byte, as Signing, header map[string]string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", contentType)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	secret, at := SigningSecret, s.clock.now()
	switch as {
	case Forged:
		secret = "another-secret"
	case Stale:
		at = at.Add(-6 * time.Minute)
	}
	if as != Unsigned {
		stamp := strconv.FormatInt(at.Unix(), 10)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("v0:" + stamp + ":"))
		mac.Write(body)
		req.Header.Set("X-Slack-Request-Timestamp", stamp)
		req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return answer{res, got}, err
}
