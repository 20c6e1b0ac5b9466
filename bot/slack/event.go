package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	api "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"kakehashi/bot/conversation"
	"kakehashi/bot/state"
)

// envelope is what stands around an event of the Events API.
type envelope struct {
	Type           string `json:"type"`
	Challenge      string `json:"challenge"`
	Team           string `json:"team_id"`
	Enterprise     string `json:"enterprise_id"`
	Authorizations []struct {
		Enterprise string `json:"enterprise_id"`
		Team       string `json:"team_id"`
		Whole      bool   `json:"is_enterprise_install"`
	} `json:"authorizations"`
}

// workspace is where the bot is that the event is for; in a shared channel that may be
// another than where it happened.
func (e envelope) workspace() string {
	if len(e.Authorizations) > 0 {
		z := e.Authorizations[0]
		if z.Team == "" {
			z.Team = e.Team
		}
		return workspace(z.Enterprise, z.Team, z.Whole)
	}
	return workspace(e.Enterprise, e.Team, false)
}

// event takes an event of the Events API. When it returns without an error, Slack may be
// told that it has arrived. Kinds of event that are not known are passed over.
func (a *Adapter) event(ctx context.Context, raw json.RawMessage) error {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Errorf("an event that is no JSON: %w", err)
	}
	parsed, err := slackevents.ParseEvent(raw, slackevents.OptionNoVerifyToken())
	if err != nil {
		return nil // a kind of event that is newer than this program
	}
	w := e.workspace()
	switch in := parsed.InnerEvent.Data.(type) {
	case *slackevents.AppMentionEvent:
		return a.said(ctx, w, spoken{user: in.User, bot: in.BotID, channel: in.Channel, ts: in.TimeStamp, thread: in.ThreadTimeStamp, text: in.Text, named: true, edited: in.Edited != nil})
	case *slackevents.MessageEvent:
		s := spoken{user: in.User, bot: in.BotID, channel: in.Channel, ts: in.TimeStamp, thread: in.ThreadTimeStamp, text: in.Text, direct: in.ChannelType == "im"}
		if !slices.Contains([]string{"", "file_share", "thread_broadcast", "me_message"}, in.SubType) {
			return nil // an edit, a deletion, someone who joins: nothing is said
		}
		return a.said(ctx, w, s)
	case *slackevents.AppHomeOpenedEvent:
		a.opened(ctx, w, in.User, in.Channel, in.Tab, "")
	case *slackevents.AssistantThreadStartedEvent:
		a.opened(ctx, w, in.AssistantThread.UserID, in.AssistantThread.ChannelID, "messages", in.AssistantThread.ThreadTimeStamp)
	case *slackevents.AgentSessionStoppedEvent:
		a.desk.Stop(state.Thread{Platform: Platform, Workspace: w, Channel: in.Channel, ID: in.ThreadTimestamp})
	case *slackevents.AppContextChangedEvent, *slackevents.AssistantThreadContextChangedEvent:
		// What a person looks at is not read.
	case *slackevents.AppUninstalledEvent:
		return a.remove(ctx, w, e.Team)
	case *slackevents.TokensRevokedEvent:
		if len(in.Tokens.Bot) > 0 {
			return a.remove(ctx, w, e.Team)
		}
	}
	return nil
}

func (a *Adapter) remove(ctx context.Context, workspace, team string) error {
	enterprise, _ := enterpriseAndTeam(workspace)
	return a.installs.Remove(ctx, enterprise, team)
}

// spoken is a message as Slack tells of it.
type spoken struct {
	user, bot, channel, ts, thread, text string
	direct, named, edited                bool
}

func (a *Adapter) said(ctx context.Context, w string, s spoken) error {
	if s.bot != "" || s.user == "" || s.user == "USLACKBOT" || s.edited {
		return nil
	}
	install, err := a.install(ctx, w)
	if err != nil {
		return err
	}
	if s.user == install.BotUser {
		return nil
	}
	text, others, named := readText(s.text, install.BotUser)
	p := a.profile(ctx, w, s.user)
	m := conversation.Message{
		// One message comes as several events where the bot is named in it.
		Key:    strings.Join([]string{"slack", w, s.channel, s.ts}, " "),
		Thread: state.Thread{Platform: Platform, Workspace: w, Channel: s.channel, ID: s.thread},
		ID:     s.ts, Person: s.user, Way: conversation.Overheard, Text: text, Language: p.language, Zone: p.zone, Others: others, At: timeOf(s.ts),
	}
	if m.Thread.ID == "" {
		m.Thread.ID = s.ts
	}
	switch {
	case s.direct:
		m.Way = conversation.Direct
	case s.named || named:
		m.Way = conversation.Mention
	}
	return a.desk.Receive(ctx, m)
}

func (a *Adapter) install(ctx context.Context, w string) (Install, error) {
	_, install, err := a.client(ctx, w)
	return install, err
}

// timeOf is when a message with that timestamp was written.
func timeOf(ts string) time.Time {
	seconds, micros, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	us, _ := strconv.ParseInt((micros + "000000")[:6], 10, 64) // 0 where there are none
	return time.Unix(s, us*1000).UTC()
}

var markup = regexp.MustCompile(`<([^<>\n]*)>`)

// readText reads what a person has written as the person sees it: Slack's markup for
// names and links is taken out. It tells who else is named, and whether the bot is.
func readText(text, bot string) (plain string, others []string, named bool) {
	plain = markup.ReplaceAllStringFunc(text, func(m string) string {
		target, label, _ := strings.Cut(m[1:len(m)-1], "|")
		switch {
		case target == "@"+bot:
			named = true
			return ""
		case strings.HasPrefix(target, "@"):
			if id := target[1:]; !slices.Contains(others, id) {
				others = append(others, id)
			}
			return ""
		case strings.HasPrefix(target, "!subteam^"), target == "!here", target == "!channel", target == "!everyone":
			if !slices.Contains(others, target) {
				others = append(others, target)
			}
			return ""
		case strings.HasPrefix(target, "#"):
			if label == "" {
				return ""
			}
			return "#" + label
		case label != "":
			return label
		case strings.HasPrefix(target, "!"):
			return ""
		}
		return target
	})
	plain = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(plain)
	return strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(plain), ",:、：")), others, named
}

// opened shows what belongs on a page that a person has opened.
func (a *Adapter) opened(ctx context.Context, w, user, channel, tab, thread string) {
	a.beside(ctx, "showing a page", func(ctx context.Context) error {
		client, _, err := a.client(ctx, w)
		if err != nil {
			return err
		}
		p := a.learned(ctx, w, user)
		if tab == "home" {
			home, err := a.desk.Home(ctx, state.Person{Platform: Platform, Workspace: w, ID: user}, p.language)
			if err != nil {
				return err
			}
			_, err = client.PublishViewContext(ctx, api.PublishViewContextRequest{UserID: user, View: a.renderer.home(home)})
			return err
		}
		// In the agent view the prompts belong to no thread: with one, Slack shows none.
		prompts := api.AssistantThreadsSetSuggestedPromptsParameters{ChannelID: channel, ThreadTS: thread}
		for _, q := range suggestedPrompts(conversation.Reads(p.language)) {
			prompts.AddPrompt(shorten(q, maxButtonText), q)
		}
		return client.SetAssistantThreadsSuggestedPromptsContext(ctx, prompts)
	})
}
