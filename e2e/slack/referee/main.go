// Command referee is the fake Slack as a process, so that Slack's own SDK, which runs on
// Node, can be run against it. It says on its first line where it is and what its secrets
// are, does what is posted to its control address, and ends with its standard input.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"kakehashi/bot/slack/slacktest"
)

func main() {
	s := slacktest.New(slacktest.Options{Retries: []time.Duration{0, 0, 0}})
	defer s.Close()
	s.AddUser(slacktest.User{ID: "U1", Name: "asker", TZ: "Asia/Tokyo", Locale: "ja-JP"})
	s.AddUser(slacktest.User{ID: "U2", Name: "colleague"})
	s.AddChannel(slacktest.Channel{ID: "C1", Name: "export-control", Members: []string{"U1", "U2", slacktest.BotUser}})
	control := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var a arguments
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out, err := do(r.Context(), s, r.URL.Path, a)
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		_ = json.NewEncoder(w).Encode(out) // a client that has gone needs no answer
	}))
	defer control.Close()
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{
		"api": s.APIURL(), "control": control.URL, "botToken": slacktest.BotToken, "appToken": slacktest.AppToken,
		"signingSecret": slacktest.SigningSecret, "team": slacktest.Team, "botUser": slacktest.BotUser, "bot": slacktest.Bot,
	}); err != nil {
		fmt.Fprintln(os.Stderr, "referee: saying where the fake is:", err)
		return
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// arguments are those of all that can be done.
type arguments struct {
	User, Channel, Thread, Text, Command, Action, Value, Callback, Method, TS, URL, Reason string
	Values                                                                                 map[string]string
	Fault                                                                                  slacktest.Fault
	As                                                                                     slacktest.Signing
	Count                                                                                  int
}

// do is one thing that a person, or Slack, does, or one look at what has happened.
func do(ctx context.Context, s *slacktest.Server, what string, a arguments) (any, error) {
	switch what {
	case "/dm":
		return s.DM(a.User)
	case "/say":
		return s.Say(a.User, a.Channel, a.Thread, a.Text)
	case "/slash":
		return wait(ctx)(s.Slash(a.User, a.Channel, a.Command, a.Text))
	case "/click":
		return wait(ctx)(s.Click(a.User, slacktest.Message{Channel: a.Channel, TS: a.TS}, a.Action, a.Value))
	case "/shortcut":
		return wait(ctx)(s.Shortcut(a.User, slacktest.Message{Channel: a.Channel, TS: a.TS}, a.Callback))
	case "/submit":
		open := s.Modals(a.User)
		if len(open) == 0 {
			return nil, fmt.Errorf("%s has no modal open", a.User)
		}
		return wait(ctx)(s.Submit(a.User, open[len(open)-1], a.Values))
	case "/home/open":
		return nil, s.OpenHome(a.User, "home")
	case "/http":
		s.DeliverTo(slacktest.Endpoints{Events: a.URL})
		if a.URL == "" {
			return nil, nil
		}
		return nil, s.VerifyURL(ctx)
	case "/post":
		status, body, err := s.Post(ctx, a.URL, "application/json", []byte(a.Text), a.As)
		return map[string]any{"status": status, "body": string(body)}, err
	case "/fail":
		s.Fail(a.Method, a.Fault, a.Count)
		return nil, nil
	case "/disconnect":
		s.Disconnect(a.Reason)
		return nil, nil
	case "/stop":
		return nil, s.StopAgent(a.User, a.Channel, a.Thread)
	}
	return look(ctx, s, what, a)
}

func look(ctx context.Context, s *slacktest.Server, what string, a arguments) (any, error) {
	switch what {
	case "/settled":
		return nil, s.Await(ctx, s.Settled)
	case "/sockets":
		return nil, s.Await(ctx, func() bool { return s.Sockets() == a.Count })
	case "/messages":
		return s.Messages(a.Channel), nil
	case "/ephemerals":
		return s.Ephemerals(a.User), nil
	case "/modals":
		return s.Modals(a.User), nil
	case "/home":
		v, _ := s.Home(a.User)
		return v, nil
	case "/calls":
		return s.Calls(a.Method), nil
	case "/deliveries":
		var out []any
		for _, d := range s.Deliveries() {
			out = append(out, map[string]any{"name": d.Name, "id": d.ID, "attempts": d.Attempts()})
		}
		return out, nil
	}
	return nil, fmt.Errorf("there is nothing to do or see by the name %s", what)
}

// wait is how a delivery ends.
func wait(ctx context.Context) func(*slacktest.Delivery, error) (any, error) {
	return func(d *slacktest.Delivery, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		return d.Wait(ctx)
	}
}
