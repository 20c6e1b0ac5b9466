package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"kakehashi/bot/conversation"
	"kakehashi/bot/state"
)

// metadataType marks the bot's messages; with it stands the key of the delivery, and no
// content, as every app of the workspace can read it.
const (
	metadataType = "kakehashi_reply"
	metadataKey  = "delivery"
	metadataPart = "part"
)

// patientAtMost is how long a post waits for its turn in a channel; the outbox keeps
// what would wait longer.
const patientAtMost = 15 * time.Second

// Post implements state.Poster.
func (a *Adapter) Post(ctx context.Context, d state.Delivery) (string, error) {
	p, err := conversation.ReadPosting(d.Payload)
	if err != nil {
		return "", &state.Refusal{Reason: err.Error(), Permanent: true}
	}
	client, install, err := a.client(ctx, d.Thread.Workspace)
	if errors.Is(err, ErrNotInstalled) {
		return "", &state.Refusal{Reason: err.Error(), Permanent: true}
	}
	if err != nil {
		return "", err
	}
	messages := a.renderer.reply(p.Reply)
	if p.Reply.Private {
		return a.postPrivately(ctx, client, d, p, messages)
	}
	there := map[int]string{}
	if d.Attempt > 1 && len(messages) > 1 { // some parts may have been posted
		if there, err = a.parts(ctx, client, install, d); err != nil {
			return "", err
		}
	}
	first, thread := "", d.Thread.ID
	for i, m := range messages {
		ts, known := there[i]
		if !known {
			if ts, err = a.postOne(ctx, client, install, d, p.Reply, m, thread, i); err != nil {
				return "", err
			}
		}
		if first == "" {
			first = ts
		}
		if thread == "" {
			thread = ts // the other parts go below the first
		}
	}
	return first, nil
}

// postOne posts one message of a reply.
func (a *Adapter) postOne(ctx context.Context, client *api.Client, install Install, d state.Delivery, r conversation.Reply, m message, thread string, part int) (string, error) {
	if err := a.turn(ctx, d.Thread.Workspace+" "+d.Thread.Channel); err != nil {
		return "", err
	}
	metadata := api.MsgOptionMetadata(api.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{metadataKey: d.Key, metadataPart: part}})
	// A stream is a reply to a person in a conversation of two; Slack takes some twenty a
	// minute in a workspace.
	if part == 0 && thread != "" && strings.HasPrefix(d.Thread.Channel, "D") && r.Kind == conversation.KindAnswer && d.Attempt == 1 &&
		a.streams.take(d.Thread.Workspace, a.options.Now()) {
		return a.stream(ctx, client, install, d, r, m, metadata)
	}
	options := append(content(m), metadata)
	if thread != "" {
		options = append(options, api.MsgOptionTS(thread))
	}
	_, ts, err := client.PostMessageContext(ctx, d.Thread.Channel, options...)
	if isError(err, "invalid_blocks", "msg_blocks_too_long") { // what is said matters more than how it looks
		_, ts, err = client.PostMessageContext(ctx, d.Thread.Channel, append(options, api.MsgOptionBlocks())...)
	}
	return ts, refusal(err)
}

// content is a message as it is given to Slack: nothing in its text is made a link or a
// mention.
func content(m message) []api.MsgOption {
	return []api.MsgOption{
		api.MsgOptionText(m.Text, false), api.MsgOptionBlocks(m.Blocks...), api.MsgOptionParse(false),
		api.MsgOptionDisableMarkdown(), api.MsgOptionDisableLinkUnfurl(), api.MsgOptionDisableMediaUnfurl(),
	}
}

// turn waits until a channel may be written to again.
func (a *Adapter) turn(ctx context.Context, channel string) error {
	wait := a.pace.reserve(channel, a.options.Now())
	if wait > patientAtMost {
		return &state.Refusal{Reason: "too much is posted in its channel", After: wait}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return &state.Refusal{Reason: "its turn in the channel did not come", After: wait}
	}
}

// postPrivately shows a reply to one person. Where Slack has given an address for it,
// the bot need not be in the channel.
func (a *Adapter) postPrivately(ctx context.Context, client *api.Client, d state.Delivery, p conversation.Posting, messages []message) (string, error) {
	first := ""
	for _, m := range messages {
		options := content(m)
		if d.Thread.ID != "" {
			options = append(options, api.MsgOptionTS(d.Thread.ID))
		}
		var ts string
		var err error
		switch {
		case strings.HasPrefix(d.Thread.Channel, "D") && p.Back == "": // between the two anyway
			_, ts, err = client.PostMessageContext(ctx, d.Thread.Channel, options...)
		case slices.ContainsFunc(a.options.Hooks, func(begin string) bool { return strings.HasPrefix(p.Back, begin) }):
			_, ts, err = client.PostMessageContext(ctx, d.Thread.Channel, append(options, api.MsgOptionResponseURL(p.Back, api.ResponseTypeEphemeral))...)
		default:
			ts, err = client.PostEphemeralContext(ctx, d.Thread.Channel, d.Person, options...)
		}
		if err != nil {
			return "", refusal(err)
		}
		if first == "" {
			first = ts
		}
	}
	return first, nil
}

// Find implements state.Poster. What only one person sees cannot be found: it is posted
// again.
func (a *Adapter) Find(ctx context.Context, d state.Delivery) (string, bool, error) {
	p, err := conversation.ReadPosting(d.Payload)
	if err != nil || p.Reply.Private {
		return "", false, nil
	}
	client, install, err := a.client(ctx, d.Thread.Workspace)
	if errors.Is(err, ErrNotInstalled) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	there, err := a.parts(ctx, client, install, d)
	if err != nil || len(there) < len(a.renderer.reply(p.Reply)) {
		return "", false, err
	}
	return there[0], true, nil
}

// lookedAt is how many messages of a channel or a thread are looked through, the last
// ones.
const lookedAt = 400

// parts are the messages of a delivery that are there, by their place in it.
func (a *Adapter) parts(ctx context.Context, client *api.Client, install Install, d state.Delivery) (map[int]string, error) {
	out := map[int]string{}
	note := func(messages []api.Message) {
		for _, m := range messages {
			if m.Metadata.EventType != metadataType || m.User != install.BotUser || m.Metadata.EventPayload[metadataKey] != d.Key {
				continue
			}
			part, _ := m.Metadata.EventPayload[metadataPart].(float64) // JSON's numbers
			out[int(part)] = m.Timestamp
		}
	}
	thread := d.Thread.ID
	if thread == "" {
		cursor := ""
		for seen := 0; seen < lookedAt; {
			h, err := client.GetConversationHistoryContext(ctx, &api.GetConversationHistoryParameters{ChannelID: d.Thread.Channel, Cursor: cursor, Limit: 100, IncludeAllMetadata: true})
			if err != nil {
				return nil, err
			}
			note(h.Messages)
			seen += len(h.Messages)
			if cursor = h.ResponseMetaData.NextCursor; cursor == "" || len(out) > 0 {
				break
			}
		}
		if thread = out[0]; thread == "" {
			return out, nil
		}
	}
	cursor := ""
	for {
		messages, more, next, err := client.GetConversationRepliesContext(ctx, &api.GetConversationRepliesParameters{ChannelID: d.Thread.Channel, Timestamp: thread, Cursor: cursor, Limit: 200, IncludeAllMetadata: true})
		if isError(err, "thread_not_found") {
			return out, nil // what the reply belongs to is gone
		}
		if err != nil {
			return nil, err
		}
		note(messages)
		if cursor = next; !more || cursor == "" {
			return out, nil
		}
	}
}

// permanent are Slack's words for what no repetition mends
// (https://docs.slack.dev/reference/methods/chat.postMessage#errors).
var permanent = []string{
	"channel_not_found", "is_archived", "not_in_channel", "user_not_in_channel", "restricted_action", "restricted_action_thread_locked",
	"restricted_action_read_only_channel", "account_inactive", "token_revoked", "not_authed", "invalid_auth", "missing_scope", "no_permission",
	"thread_not_found", "cannot_reply_to_message", "team_access_not_granted", "user_not_found", "expired_url", "used_url", "invalid_blocks", "msg_too_long", "no_text",
}

func isError(err error, words ...string) bool {
	var answer api.SlackErrorResponse
	if !errors.As(err, &answer) {
		return false
	}
	for _, w := range words {
		if answer.Err == w {
			return true
		}
	}
	return false
}

// refusal tells what Slack has refused from what may have got through.
func refusal(err error) error {
	var limited *api.RateLimitedError
	var answer api.SlackErrorResponse
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limited):
		return &state.Refusal{Reason: "too many requests", After: max(limited.RetryAfter, time.Second)}
	case errors.As(err, &answer) && answer.Err != "internal_error" && answer.Err != "fatal_error" && answer.Err != "request_timeout" && answer.Err != "service_unavailable":
		return &state.Refusal{Reason: answer.Err, Permanent: isError(err, permanent...)}
	}
	return fmt.Errorf("posting to Slack: %w", err)
}
