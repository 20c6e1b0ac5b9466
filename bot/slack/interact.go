package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	api "github.com/slack-go/slack"

	"kakehashi/bot/conversation"
	"kakehashi/bot/state"
)

// command takes /kakehashi. The reply is for its author alone.
func (a *Adapter) command(ctx context.Context, c api.SlashCommand) error {
	if c.Command != commandName || c.TriggerID == "" {
		return nil
	}
	w := workspace(c.EnterpriseID, c.TeamID, c.IsEnterpriseInstall)
	p := a.profile(ctx, w, c.UserID)
	install, err := a.install(ctx, w)
	if err != nil {
		return err
	}
	text, others, _ := readText(c.Text, install.BotUser)
	return a.desk.Receive(ctx, conversation.Message{
		Key: "slack command " + w + " " + c.TriggerID, Thread: state.Thread{Platform: Platform, Workspace: w, Channel: c.ChannelID},
		ID: c.TriggerID, Person: c.UserID, Way: conversation.Command, Alone: strings.HasPrefix(c.ChannelID, "D"), Text: text, Language: p.language, Zone: p.zone, Others: others, Back: c.ResponseURL, At: a.options.Now().UTC(),
	})
}

// interaction takes what a person does with what the bot shows. reply is what the
// acknowledgement says; nil for nothing.
func (a *Adapter) interaction(ctx context.Context, in api.InteractionCallback) (reply any, err error) {
	w := workspace(in.Enterprise.ID, in.Team.ID, in.IsEnterpriseInstall)
	switch in.Type {
	case api.InteractionTypeMessageAction:
		return nil, a.shortcut(ctx, w, in)
	case api.InteractionTypeBlockActions:
		for _, action := range in.ActionCallback.BlockActions {
			if action != nil {
				if err := a.pressed(ctx, w, in, *action); err != nil {
					return nil, err
				}
			}
		}
	case api.InteractionTypeViewSubmission:
		if answer, ok := strings.CutPrefix(in.View.CallbackID, callbackReason); ok {
			return api.NewClearViewSubmissionResponse(), a.reason(ctx, w, in, answer)
		}
	}
	return nil, nil
}

func (a *Adapter) shortcut(ctx context.Context, w string, in api.InteractionCallback) error {
	if in.CallbackID != shortcutCheck || in.TriggerID == "" {
		return nil
	}
	p := a.profile(ctx, w, in.User.ID)
	install, err := a.install(ctx, w)
	if err != nil {
		return err
	}
	text, _, _ := readText(in.Message.Text, install.BotUser)
	return a.desk.Receive(ctx, conversation.Message{
		Key: "slack shortcut " + w + " " + in.TriggerID, Thread: state.Thread{Platform: Platform, Workspace: w, Channel: in.Channel.ID},
		ID: in.TriggerID, Person: in.User.ID, Way: conversation.Shortcut, Text: text, Language: p.language, Zone: p.zone, Back: in.ResponseURL, At: a.options.Now().UTC(),
	})
}

// pressed takes a button.
func (a *Adapter) pressed(ctx context.Context, w string, in api.InteractionCallback, action api.BlockAction) error {
	p := a.profile(ctx, w, in.User.ID)
	key := strings.Join([]string{"slack press", w, in.Container.MessageTs, action.ActionID, in.User.ID, action.ActionTs}, " ")
	press := conversation.Press{
		Key: key, Thread: a.threadOf(w, in), Person: in.User.ID, Language: p.language, Back: in.ResponseURL,
	}
	name, _, _ := strings.Cut(action.ActionID, ":")
	switch name {
	case actionShare:
		press.Answer = action.Value
		press.Thread.ID = ""
		return a.desk.Share(ctx, press)
	case actionExpert:
		press.Answer = action.Value
		return a.desk.Ask(ctx, press)
	case actionFeedback:
		press.Answer = strings.TrimPrefix(action.BlockID, blockFeedback)
		if action.Value == feedbackUp {
			return a.desk.Vote(ctx, press, true, "")
		}
		a.askReason(ctx, w, in, press)
		return a.desk.Vote(ctx, press, false, "")
	case strings.TrimSuffix(actionFollowUp, ":"), strings.TrimSuffix(actionPrompt, ":"):
		return a.asked(ctx, w, in, press, action.Value, p)
	}
	return nil
}

// threadOf is where what is pressed stands.
func (a *Adapter) threadOf(w string, in api.InteractionCallback) state.Thread {
	t := state.Thread{Platform: Platform, Workspace: w, Channel: in.Container.ChannelID, ID: in.Container.ThreadTs}
	if t.Channel == "" {
		t.Channel = in.Channel.ID
	}
	if t.ID == "" && !in.Container.IsEphemeral {
		t.ID = in.Message.ThreadTimestamp
	}
	if t.ID == "" && !in.Container.IsEphemeral {
		t.ID = in.Container.MessageTs
	}
	return t
}

// asked takes a question that a button asks, as if the person had written it.
func (a *Adapter) asked(ctx context.Context, w string, in api.InteractionCallback, press conversation.Press, question string, p profile) error {
	m := conversation.Message{
		Key: press.Key, Thread: press.Thread, ID: action(press.Key), Person: press.Person, Way: conversation.Mention, Text: question,
		Language: p.language, Zone: p.zone, At: a.options.Now().UTC(),
	}
	switch {
	case m.Thread.Channel == "": // on the home page: it goes on in the messages
		client, _, err := a.client(ctx, w)
		if err != nil {
			return err
		}
		dm, _, _, err := client.OpenConversationContext(ctx, &api.OpenConversationParameters{Users: []string{press.Person}})
		if err != nil {
			return fmt.Errorf("opening the messages with a person: %w", err)
		}
		m.Thread = state.Thread{Platform: Platform, Workspace: w, Channel: dm.ID}
	case in.Container.IsEphemeral:
		m.Way, m.Back = conversation.Command, in.ResponseURL
		m.Thread.ID = ""
	}
	return a.desk.Receive(ctx, m)
}

// action is an id for what has none of the platform's.
func action(key string) string { return "by " + key }

// voted is what the form of the reasons carries.
type voted struct {
	Channel string `json:"c"`
	Thread  string `json:"t"`
}

// askReason opens the form while Slack still takes it, some three seconds.
func (a *Adapter) askReason(ctx context.Context, w string, in api.InteractionCallback, p conversation.Press) {
	metadata, err := json.Marshal(voted{p.Thread.Channel, p.Thread.ID})
	if err != nil {
		return // two texts have a JSON form
	}
	a.beside(ctx, "opening a form", func(ctx context.Context) error {
		client, _, err := a.client(ctx, w)
		if err != nil {
			return err
		}
		_, err = client.OpenViewContext(ctx, in.TriggerID, a.renderer.reasonModal(conversation.Reads(p.Language), p.Answer, string(metadata)))
		return err
	})
}

// reason takes the form.
func (a *Adapter) reason(ctx context.Context, w string, in api.InteractionCallback, answer string) error {
	var where voted
	if err := json.Unmarshal([]byte(in.View.PrivateMetadata), &where); err != nil {
		return nil // not one of ours
	}
	var parts []string
	if in.View.State != nil {
		for _, v := range []string{in.View.State.Values[blockReason][actionReason].SelectedOption.Value, in.View.State.Values[blockComment][actionComment].Value} {
			if v = strings.TrimSpace(v); v != "" {
				parts = append(parts, v)
			}
		}
	}
	lang := a.profile(ctx, w, in.User.ID).language
	return a.desk.Vote(ctx, conversation.Press{
		Key: "slack view " + in.View.ID + " " + in.View.Hash, Thread: state.Thread{Platform: Platform, Workspace: w, Channel: where.Channel, ID: where.Thread},
		Person: in.User.ID, Answer: answer, Language: conversation.Reads(lang),
	}, false, strings.Join(parts, ": "))
}
