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
// what would wait longer, so that other channels do not wait for a busy one.
const patientAtMost = 5 * time.Second

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
	there, card := map[int]string{}, ""
	if d.Attempt > 1 && (len(messages) > 1 || streams(d, p.Reply)) { // some of it may have been posted
		if there, card, err = a.parts(ctx, client, install, d); err != nil {
			return "", err
		}
	}
	first, thread := "", d.Thread.ID
	for i, m := range messages {
		ts, known := there[i]
		if !known {
			if ts, err = a.postOne(ctx, client, install, d, p.Reply, m, thread, i, card); err != nil {
				return "", partly(err, first)
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

// partly is what a refusal means where the first part of the reply is there: that the
// rest is wanted still, and that it is not known to be all missing.
func partly(err error, first string) error {
	var refused *state.Refusal
	if first != "" && errors.As(err, &refused) && !refused.Permanent {
		return fmt.Errorf("posting the rest of a reply: %s", refused.Reason)
	}
	return err
}

// streams tells the replies that are streamed: to a person in a conversation of two.
func streams(d state.Delivery, r conversation.Reply) bool {
	return d.Thread.ID != "" && strings.HasPrefix(d.Thread.Channel, "D") && r.Kind == conversation.KindAnswer && !r.Private
}

// marking is the metadata of a part of a delivery.
func marking(d state.Delivery, part int) api.MsgOption {
	return api.MsgOptionMetadata(api.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{metadataKey: d.Key, metadataPart: part}})
}

// postOne posts one message of a reply. The card is what an attempt before has left of
// the stream of the first.
func (a *Adapter) postOne(ctx context.Context, client *api.Client, install Install, d state.Delivery, r conversation.Reply, m message, thread string, part int, card string) (string, error) {
	if err := a.turn(ctx, d.Thread.Workspace+" "+d.Thread.Channel); err != nil {
		return "", err
	}
	metadata := marking(d, part)
	switch {
	case part == 0 && card != "":
		return endStream(ctx, client, d, card, m, metadata)
	case part == 0 && streams(d, r) && d.Attempt == 1 && a.streams.take(d.Thread.Workspace, a.options.Now()): // Slack takes some twenty a minute
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
	wait, mine := a.pace.reserve(channel, a.options.Now(), patientAtMost)
	if !mine {
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
	for i, m := range messages {
		options := content(m)
		if d.Thread.ID != "" {
			options = append(options, api.MsgOptionTS(d.Thread.ID))
		}
		var ts string
		var err error
		switch {
		case p.For != "" && p.For != p.Reply.Person: // long after the question: what is shown for a moment would be missed
			_, ts, err = client.PostMessageContext(ctx, p.For, options...)
		case betweenTwo(d, p):
			_, ts, err = client.PostMessageContext(ctx, d.Thread.Channel, append(options, marking(d, i))...)
		case slices.ContainsFunc(a.options.Hooks, func(begin string) bool { return strings.HasPrefix(p.Back, begin) }):
			_, ts, err = client.PostMessageContext(ctx, d.Thread.Channel, append(options, api.MsgOptionResponseURL(p.Back, api.ResponseTypeEphemeral))...)
			if gone(err) {
				ts, err = client.PostEphemeralContext(ctx, d.Thread.Channel, d.Person, options...)
			}
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

// gone reports whether an address for a private reply is good for nothing any more: it
// serves for half an hour, and five times.
func gone(err error) bool {
	var status api.StatusCodeError
	return errors.As(err, &status) && status.Code/100 == 4
}

// betweenTwo tells the private replies that need not be hidden, because no one else is
// there.
func betweenTwo(d state.Delivery, p conversation.Posting) bool {
	return strings.HasPrefix(d.Thread.Channel, "D") && p.Back == ""
}

// Find implements state.Poster. What only one person sees cannot be found: it is posted
// again.
func (a *Adapter) Find(ctx context.Context, d state.Delivery) (string, bool, error) {
	p, err := conversation.ReadPosting(d.Payload)
	if err != nil || p.Reply.Private && !betweenTwo(d, p) {
		return "", false, nil
	}
	client, install, err := a.client(ctx, d.Thread.Workspace)
	if errors.Is(err, ErrNotInstalled) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	there, _, err := a.parts(ctx, client, install, d)
	if err != nil || len(there) < len(a.renderer.reply(p.Reply)) {
		return "", false, err
	}
	return there[0], true, nil
}

// lookedAt is how many messages of a channel or a thread are looked through, the last
// ones.
const lookedAt = 400

// parts are the messages of a delivery that are there, by their place in it. The card is
// the bot's last message in the thread that bears no mark, which is a stream that an
// attempt before has begun and not ended: the deliveries of a thread come one by one.
func (a *Adapter) parts(ctx context.Context, client *api.Client, install Install, d state.Delivery) (out map[int]string, card string, err error) {
	out = map[int]string{}
	note := func(messages []api.Message) {
		for _, m := range messages {
			if m.User == install.BotUser && m.Metadata.EventType == "" {
				card = m.Timestamp
			}
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
				return nil, "", err
			}
			note(h.Messages)
			seen += len(h.Messages)
			if cursor = h.ResponseMetaData.NextCursor; cursor == "" || len(out) > 0 {
				break
			}
		}
		if thread = out[0]; thread == "" {
			return out, card, nil
		}
	}
	cursor := ""
	for {
		messages, more, next, err := client.GetConversationRepliesContext(ctx, &api.GetConversationRepliesParameters{ChannelID: d.Thread.Channel, Timestamp: thread, Cursor: cursor, Limit: 200, IncludeAllMetadata: true})
		if isError(err, "thread_not_found") {
			return out, card, nil // what the reply belongs to is gone
		}
		if err != nil {
			return nil, "", err
		}
		note(messages)
		if cursor = next; !more || cursor == "" {
			return out, card, nil
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
