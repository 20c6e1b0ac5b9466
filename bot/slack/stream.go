package slack

import (
	"context"
	"fmt"
	"strings"

	api "github.com/slack-go/slack"
	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/conversation"
	"kakehashi/bot/state"
)

// stream posts a reply as it is made: the work as a task card, then the sentences. The
// blocks and the metadata come last, with the end; until then the message counts as not
// posted.
func (a *Adapter) stream(ctx context.Context, client *api.Client, install Install, d state.Delivery, r conversation.Reply, m message, metadata api.MsgOption) (string, error) {
	w := wording(r.Language)
	task := api.TaskUpdateChunk{Type: api.StreamChunkTaskUpdate, ID: "sources", Title: w.choose("Looking in the sources", "資料を確認しています"), Status: api.TaskCardStatusInProgress}
	_, ts, err := client.StartStreamContext(ctx, d.Thread.Channel, api.MsgOptionTS(d.Thread.ID), api.MsgOptionRecipientUserID(r.Person),
		api.MsgOptionRecipientTeamID(install.Team), api.MsgOptionTaskDisplayMode(api.TaskDisplayModeTimeline), api.MsgOptionChunks(task))
	if err != nil {
		return "", refusal(err)
	}
	task.Title, task.Status = checked(w, *r.Answer), api.TaskCardStatusComplete
	// What fails from here on ends in one message all the same: the end carries all of it.
	_, _, _ = client.AppendStreamContext(ctx, d.Thread.Channel, ts, api.MsgOptionChunks(task))
	return endStream(ctx, client, d, ts, m, metadata)
}

// endStream makes a card the message. Where that fails the card is there all the same,
// for the next attempt to end, so nothing but what lasts is a refusal.
func endStream(ctx context.Context, client *api.Client, d state.Delivery, ts string, m message, metadata api.MsgOption) (string, error) {
	_, _, err := client.StopStreamContext(ctx, d.Thread.Channel, ts, api.MsgOptionBlocks(m.Blocks...), metadata)
	if err == nil {
		return ts, nil
	}
	// The stream has been stopped by the person, has expired, or is ended already.
	options := append(content(m), metadata)
	_, _, _, err = client.UpdateMessageContext(ctx, d.Thread.Channel, ts, options...)
	if isError(err, "invalid_blocks", "msg_blocks_too_long") {
		_, _, _, err = client.UpdateMessageContext(ctx, d.Thread.Channel, ts, append(options, api.MsgOptionBlocks())...)
	}
	return ts, partly(refusal(err), ts)
}

// checked tells what was looked at.
func checked(w wording, a answer.Answer) string {
	switch n := len(a.Sources); {
	case a.Outcome != answer.Answered:
		return w.choose("Looked in the sources", "資料を確認しました")
	case n == 1:
		return w.choose("Quoting one passage", "一つの規定を引用しています")
	default:
		return fmt.Sprintf(w.choose("Quoting %d passages", "%dの規定を引用しています"), n)
	}
}

// Begin tells a person in a conversation of two that an answer is being worked on, and
// lets Slack show a button to stop it; end takes it back where no reply does.
func (a *Adapter) Begin(ctx context.Context, m conversation.Message) (end func()) {
	if m.Way != conversation.Direct {
		return func() {}
	}
	ended := make(chan struct{})
	a.tasks.Go(func() {
		a.tell(ctx, m, api.AgentSessionStatusProcessing)
		<-ended
		a.tell(ctx, m, api.AgentSessionStatusActive)
	})
	return func() { close(ended) }
}

// tell tells Slack how far a conversation is.
func (a *Adapter) tell(ctx context.Context, m conversation.Message, status string) {
	a.bounded(ctx, "telling that it is at work", func(ctx context.Context) error {
		client, _, err := a.client(ctx, m.Thread.Workspace)
		if err != nil {
			return err
		}
		if status == api.AgentSessionStatusProcessing {
			line := api.AssistantThreadsSetStatusParameters{ChannelID: m.Thread.Channel, ThreadTS: m.Thread.ID, Status: working(m)}
			if err := client.SetAssistantThreadsStatusContext(ctx, line); err != nil {
				return err
			}
		}
		_, err = client.SetAgentSessionStatusContext(ctx, api.AgentSessionSetStatusParameters{ChannelID: m.Thread.Channel, ThreadTS: m.Thread.ID, Status: status, Title: title(m.Text)})
		return err
	})
}

func working(m conversation.Message) string {
	return wording(textLanguage(m)).choose("is looking in the sources…", "が資料を確認しています…")
}

func textLanguage(m conversation.Message) language.Tag {
	if strings.ContainsFunc(m.Text, func(r rune) bool { return r >= 0x3040 && r <= 0x30ff }) {
		return language.Japanese
	}
	return conversation.Reads(m.Language)
}

// maxTitle is the longest title of a session.
const maxTitle = 200

func title(text string) string { return shorten(strings.Join(strings.Fields(text), " "), maxTitle) }
