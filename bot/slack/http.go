package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"

	api "github.com/slack-go/slack"
)

// maxBody is the longest request that is read, in bytes; Slack's are far shorter.
const maxBody = 1 << 20

// Handler takes what Slack sends over HTTP, signed with the app's secret. A request
// that is not is refused without a word on why.
func (a *Adapter) Handler(secret string) http.Handler {
	mux := http.NewServeMux()
	for path, take := range map[string]func(http.ResponseWriter, *http.Request, []byte) error{
		pathEvents: a.takeEvent, pathCommands: a.takeCommand, pathInteractions: a.takeInteraction,
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			body, ok := signed(w, r, secret)
			if !ok {
				return
			}
			if err := take(w, r, body); err != nil {
				// Slack sends it again.
				slog.ErrorContext(r.Context(), "Slack: a request could not be taken", "path", path, "error", err)
				http.Error(w, "try again later", http.StatusServiceUnavailable)
			}
		})
	}
	return mux
}

// signed reads a request and checks who has sent it, and when: a stamp more than five
// minutes away is refused (https://docs.slack.dev/authentication/verifying-requests-from-slack).
func signed(w http.ResponseWriter, r *http.Request, secret string) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		http.Error(w, "too long", http.StatusRequestEntityTooLarge)
		return nil, false
	}
	verifier, refused := api.NewSecretsVerifier(r.Header, secret)
	if err == nil && refused == nil {
		_, _ = verifier.Write(body) // to a hash
		refused = verifier.Ensure()
	}
	if err != nil || refused != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return nil, false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, true
}

func (a *Adapter) takeEvent(w http.ResponseWriter, r *http.Request, body []byte) error {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return nil
	}
	if e.Type == "url_verification" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, err := io.WriteString(w, e.Challenge)
		return err
	}
	return ignoreUninstalled(a.event(r.Context(), body))
}

func (a *Adapter) takeCommand(w http.ResponseWriter, r *http.Request, _ []byte) error {
	c, err := api.SlashCommandParse(r)
	if err != nil {
		http.Error(w, "no form", http.StatusBadRequest)
		return nil
	}
	return ignoreUninstalled(a.command(r.Context(), c))
}

func (a *Adapter) takeInteraction(w http.ResponseWriter, r *http.Request, _ []byte) error {
	in, err := api.InteractionCallbackParse(r)
	if err != nil {
		http.Error(w, "no payload", http.StatusBadRequest)
		return nil
	}
	reply, err := a.interaction(r.Context(), in)
	if err = ignoreUninstalled(err); err != nil || reply == nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(reply)
}

// ignoreUninstalled makes light of what comes from a workspace that has removed the app.
func ignoreUninstalled(err error) error {
	if errors.Is(err, ErrNotInstalled) {
		return nil
	}
	return err
}
