// Package slack is the adapter for Slack: what happens there becomes a
// conversation.Message, and what the bot says becomes blocks. Events come over Socket
// Mode or over HTTP, and are the same from there on.
//
// It must never show one person what is for another, and nothing that people or
// documents have written may ping anyone or become a link.
package slack

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	api "github.com/slack-go/slack"
	"golang.org/x/text/language"

	"kakehashi/bot/conversation"
	"kakehashi/bot/state"
)

// Platform is Slack's name in the state.
const Platform = "slack"

// Desk is what the adapter hands events to; *conversation.Desk does it.
type Desk interface {
	Receive(context.Context, conversation.Message) error
	Stop(state.Thread)
	Share(context.Context, conversation.Press) error
	Ask(context.Context, conversation.Press) error
	Vote(ctx context.Context, p conversation.Press, helpful bool, reason string) error
	Home(context.Context, state.Person, language.Tag) (conversation.Home, error)
}

// Adapter is the bot on Slack. It is safe for concurrent use.
type Adapter struct {
	desk     Desk
	installs Installs
	renderer renderer
	options  Options
	people   people
	pace     pace
	streams  pace
	tasks    sync.WaitGroup // what is done beside an event
}

// Options are what an installation sets.
type Options struct {
	PublicURL string           // of the source reader; "" where people cannot reach it
	API       []api.Option     // of the client
	Hooks     []string         // how addresses for private replies begin; Slack's own
	Now       func() time.Time // time.Now
}

// New is an adapter for the workspaces that have installed the app. SetDesk comes before
// any event.
func New(installs Installs, o Options) *Adapter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Hooks) == 0 {
		o.Hooks = []string{"https://hooks.slack.com/", "https://hooks.slack-gov.com/"}
	}
	o.API = append([]api.Option{api.OptionHTTPClient(&http.Client{Timeout: callPatience})}, o.API...)
	return &Adapter{
		installs: installs, renderer: renderer{PublicURL: strings.TrimRight(o.PublicURL, "/")}, options: o,
		people: people{known: map[string]profile{}}, pace: pace{every: time.Second}, streams: pace{every: 4 * time.Second, burst: 15},
	}
}

// SetDesk says who deals with what happens.
func (a *Adapter) SetDesk(d Desk) { a.desk = d }

// Wait returns when nothing that the adapter has begun is under way any more.
func (a *Adapter) Wait() { a.tasks.Wait() }

// workspace is a state's name for where an event comes from: the enterprise too, where
// the app is installed in all of it.
func workspace(enterprise, team string, whole bool) string {
	if whole && enterprise != "" {
		return enterprise + "/" + team
	}
	return team
}

// enterpriseAndTeam takes apart what workspace has joined; the enterprise is "" where the
// app is installed in the workspace alone.
func enterpriseAndTeam(workspace string) (enterprise, team string) {
	enterprise, team, whole := strings.Cut(workspace, "/")
	if !whole {
		return "", workspace
	}
	return enterprise, team
}

// client is the Web API as a workspace's install may use it.
func (a *Adapter) client(ctx context.Context, workspace string) (*api.Client, Install, error) {
	enterprise, team := enterpriseAndTeam(workspace)
	i, err := a.installs.Token(ctx, enterprise, team)
	if err != nil {
		return nil, Install{}, err
	}
	return api.New(i.Token, a.options.API...), i, nil
}

// callPatience bounds one call of Slack.
const callPatience = 25 * time.Second

// patience bounds a call that is made beside an event.
const patience = 10 * time.Second

// beside does something that an event asks for and its acknowledgement does not wait
// for. It is not done again if it fails.
func (a *Adapter) beside(ctx context.Context, what string, do func(context.Context) error) {
	a.tasks.Go(func() { a.bounded(ctx, what, do) })
}

func (a *Adapter) bounded(ctx context.Context, what string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := do(ctx); err != nil && !errors.Is(err, ErrNotInstalled) {
		slog.WarnContext(ctx, "Slack: "+what, "error", err)
	}
}

// pace spaces out what Slack takes only so often, by key.
type pace struct {
	every time.Duration
	burst int // how many may come at once after a rest; 0 and 1 are the same
	mutex sync.Mutex
	next  map[string]time.Time
}

// reserve tells how long to wait for the next place for a key, and takes it unless that
// is too long.
func (p *pace) reserve(key string, now time.Time, longest time.Duration) (wait time.Duration, mine bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	at := p.earliest(key, now)
	if at.Sub(now) > longest {
		return at.Sub(now), false
	}
	p.next[key] = at.Add(p.every)
	return max(0, at.Sub(now)), true
}

// take reports whether a place is free now, and takes it.
func (p *pace) take(key string, now time.Time) bool {
	_, mine := p.reserve(key, now, 0)
	return mine
}

func (p *pace) earliest(key string, now time.Time) time.Time {
	if len(p.next) > 10_000 {
		for k, at := range p.next {
			if at.Before(now) {
				delete(p.next, k)
			}
		}
	}
	if p.next == nil {
		p.next = map[string]time.Time{}
	}
	rested := now.Add(-p.every * time.Duration(max(p.burst-1, 0)))
	if at := p.next[key]; at.After(rested) {
		return at
	}
	return rested
}
