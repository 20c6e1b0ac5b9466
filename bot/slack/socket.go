package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	api "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// How many events of a socket are taken at a time, and the longest message that is read.
const (
	takers   = 16
	queued   = 64      // for each of them
	maxFrame = 1 << 20 // bytes
)

// The waits before a socket that cannot be opened is tried again.
const (
	firstReconnect   = time.Second
	longestReconnect = 15 * time.Second
)

// Socket takes what Slack sends over Socket Mode until the context ends. The token is the
// app's. A connection that breaks is opened again; the error is of a token that Slack
// refuses.
func (a *Adapter) Socket(ctx context.Context, token string) error {
	wait := firstReconnect
	for ctx.Err() == nil {
		began := a.options.Now()
		err := a.socket(ctx, token)
		if isError(err, "invalid_auth", "not_authed", "not_allowed_token_type", "account_inactive", "token_revoked", "missing_scope") {
			return Explain("the app's token", err)
		}
		if ctx.Err() != nil {
			break
		}
		if a.options.Now().Sub(began) > longestReconnect {
			wait = firstReconnect
		}
		slog.WarnContext(ctx, "Slack: the connection has ended and is opened again", "in", wait, "error", err)
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		wait = min(2*wait, longestReconnect)
	}
	return nil
}

func (a *Adapter) socket(ctx context.Context, token string) error {
	options := append([]api.Option{api.OptionAppLevelToken(token)}, a.options.API...)
	client := socketmode.New(api.New("", options...), socketmode.OptionReadLimit(maxFrame))
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- client.RunContext(running) }()
	// What is said in a channel is taken in its order.
	var group sync.WaitGroup
	queues := make([]chan socketmode.Event, takers)
	for i := range queues {
		queues[i] = make(chan socketmode.Event, queued)
		group.Go(func() {
			for e := range queues[i] {
				a.take(ctx, client, e)
			}
		})
	}
	defer func() {
		stop()
		for _, q := range queues {
			close(q)
		}
		group.Wait()
	}()
	seed := maphash.MakeSeed()
	for {
		select {
		case err := <-ended:
			return err
		case e := <-client.Events:
			queues[maphash.String(seed, channelOf(e))%takers] <- e
		}
	}
}

// channelOf is where an event happened; "" where that does not matter.
func channelOf(e socketmode.Event) string {
	if e.Request == nil || e.Type != socketmode.EventTypeEventsAPI {
		return ""
	}
	var in struct {
		Event struct {
			Channel string `json:"channel"`
		} `json:"event"`
	}
	_ = json.Unmarshal(e.Request.Payload, &in) // where the channel is none, or no text
	return in.Event.Channel
}

// take takes one event of a socket and acknowledges it. What could not be taken is not
// acknowledged, and Slack sends it again.
func (a *Adapter) take(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
	var reply any
	var err error
	switch e.Type {
	case socketmode.EventTypeErrorBadMessage:
		a.acknowledgeUnknown(ctx, client, e)
		return
	case socketmode.EventTypeInvalidAuth:
		slog.ErrorContext(ctx, "Slack: the app's token is refused")
		return
	case socketmode.EventTypeEventsAPI:
		err = a.event(ctx, e.Request.Payload)
	case socketmode.EventTypeSlashCommand:
		if c, ok := e.Data.(api.SlashCommand); ok {
			err = a.command(ctx, c)
		}
	case socketmode.EventTypeInteractive:
		if in, ok := e.Data.(api.InteractionCallback); ok {
			reply, err = a.interaction(ctx, in)
		}
	}
	if e.Request == nil || e.Request.EnvelopeID == "" {
		return // of the connection, not of Slack's people
	}
	if err = ignoreUninstalled(err); err != nil {
		slog.ErrorContext(ctx, "Slack: an event could not be taken", "type", e.Type, "error", err)
		return
	}
	acknowledge(ctx, client, e.Request.EnvelopeID, reply)
}

// awaited is how long Slack waits for an acknowledgement before it sends an event again.
const awaited = 3 * time.Second

// acknowledge gives up when Slack does: while a connection is opened again nothing takes
// acknowledgements, and who waits for that must not keep the events of the opening from
// being taken.
func acknowledge(ctx context.Context, client *socketmode.Client, envelope string, reply any) {
	ctx, cancel := context.WithTimeout(ctx, awaited)
	defer cancel()
	if err := client.AckCtx(ctx, envelope, reply); err != nil && !errors.Is(err, context.Canceled) {
		slog.WarnContext(ctx, "Slack: an event could not be acknowledged", "error", err)
	}
}

// acknowledgeUnknown acknowledges an event of a kind that slack-go does not know, or
// Slack would send it again and again.
func (a *Adapter) acknowledgeUnknown(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
	bad, ok := e.Data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	var in struct {
		Envelope string `json:"envelope_id"`
	}
	if err := json.Unmarshal(bad.Message, &in); err != nil || in.Envelope == "" {
		slog.WarnContext(ctx, "Slack: a message that cannot be read", "error", fmt.Sprint(bad.Cause))
		return
	}
	acknowledge(ctx, client, in.Envelope, nil)
}
