package slack

import (
	"maps"
	"slices"
)

// usage is one thing of Slack that the program uses. The manifest, what doctor asks for
// and the table of docs/slack.md come from the list of them; a test compares the list
// with the source.
type usage struct {
	name   string   // Slack's, of the method or event
	in     []string // what of slack-go stands for it in the source
	kind   usageKind
	scopes []string // all that it needs
	why    string   // what does not work without it
}

type usageKind int

const (
	usedMethod   usageKind = iota
	usedEvent              // subscribed to
	usedOldEvent           // sent to apps that still have the Assistant view; taken, not subscribed to
	usedFeature            // switched on by the manifest
)

// appScope belongs to the token of the app, all others to that of the bot.
const appScope = "connections:write"

// What several usages share.
const (
	whyReply     = "replying"
	whyListen    = "hearing follow-ups in a thread of its own"
	whyContext   = "knowing what the person is looking at"
	whyInstall   = "installing it in several workspaces"
	whyUninstall = "forgetting the token of a workspace that removes the app"
)

var (
	historyScopes = []string{"channels:history", "groups:history", "im:history", "mpim:history"}
	uses          = []usage{
		{"app_mention", []string{"AppMentionEvent"}, usedEvent, []string{"app_mentions:read"}, "hearing its name in a channel"},
		{"message.channels", []string{"MessageEvent"}, usedEvent, []string{"channels:history"}, whyListen},
		{"message.groups", []string{"MessageEvent"}, usedEvent, []string{"groups:history"}, whyListen},
		{"message.im", []string{"MessageEvent"}, usedEvent, []string{"im:history"}, "hearing questions in direct messages"},
		{"message.mpim", []string{"MessageEvent"}, usedEvent, []string{"mpim:history"}, whyListen},
		{"app_home_opened", []string{"AppHomeOpenedEvent"}, usedEvent, nil, "showing its home page and its prompts"},
		{"app_context_changed", []string{"AppContextChangedEvent"}, usedEvent, nil, whyContext},
		{"agent_session_stopped", []string{"AgentSessionStoppedEvent"}, usedEvent, nil, "obeying the Stop button"},
		{"app_uninstalled", []string{"AppUninstalledEvent"}, usedEvent, nil, whyUninstall},
		{"tokens_revoked", []string{"TokensRevokedEvent"}, usedEvent, nil, whyUninstall},
		{"assistant_thread_started", []string{"AssistantThreadStartedEvent"}, usedOldEvent, nil, "showing its prompts in the Assistant view"},
		{"assistant_thread_context_changed", []string{"AssistantThreadContextChangedEvent"}, usedOldEvent, nil, whyContext},

		{"/kakehashi", []string{"SlashCommand"}, usedFeature, []string{"commands"}, "the command /kakehashi"},
		{"message shortcut", []string{"InteractionTypeMessageAction"}, usedFeature, []string{"commands"}, "asking about another's message"},

		{"auth.test", []string{"AuthTestContext"}, usedMethod, nil, "knowing its workspace"},
		{"apps.connections.open", []string{"StartSocketModeContext", "socketmode.New"}, usedMethod, []string{appScope}, "Socket Mode"},
		{"oauth.v2.access", []string{"GetOAuthV2ResponseContext", "RefreshOAuthV2TokenContext"}, usedMethod, nil, whyInstall},
		{"chat.postMessage", []string{"PostMessageContext", "SendMessageContext"}, usedMethod, []string{"chat:write"}, whyReply},
		{"chat.postEphemeral", []string{"PostEphemeralContext"}, usedMethod, []string{"chat:write"}, whyReply},
		{"chat.update", []string{"UpdateMessageContext"}, usedMethod, []string{"chat:write"}, whyReply},
		{"chat.startStream", []string{"StartStreamContext"}, usedMethod, []string{"chat:write"}, whyReply},
		{"chat.appendStream", []string{"AppendStreamContext"}, usedMethod, []string{"chat:write"}, whyReply},
		{"chat.stopStream", []string{"StopStreamContext"}, usedMethod, []string{"chat:write"}, whyReply},
		{"assistant.threads.setStatus", []string{"SetAssistantThreadsStatusContext"}, usedMethod, []string{"chat:write"}, "telling that it is at work"},
		{"agents.sessions.setStatus", []string{"SetAgentSessionStatusContext"}, usedMethod, []string{"chat:write"}, "telling that it is at work"},
		{"assistant.threads.setSuggestedPrompts", []string{"SetAssistantThreadsSuggestedPromptsContext"}, usedMethod, []string{"assistant:write"}, "suggesting questions in the agent view"},
		{"conversations.history", []string{"GetConversationHistoryContext"}, usedMethod, historyScopes, "finding out whether a reply has arrived"},
		{"conversations.replies", []string{"GetConversationRepliesContext"}, usedMethod, historyScopes, "finding out whether a reply has arrived"},
		{"conversations.open", []string{"OpenConversationContext"}, usedMethod, []string{"im:write"}, "writing to a person first"},
		{"users.info", []string{"GetUserInfoContext"}, usedMethod, []string{"users:read"}, "knowing a person's language and time zone"},
		{"views.open", []string{"OpenViewContext"}, usedMethod, nil, "asking why an answer was not helpful"},
		{"views.publish", []string{"PublishViewContext"}, usedMethod, nil, "showing its home page"},
	}
)

// Scope is a right that the bot's token must have.
type Scope struct {
	Name string
	Uses []string // Slack's names of what needs it
	Why  []string // what does not work without it
}

// Scopes are the rights that the bot's token needs, by name, and no more.
func Scopes() []Scope {
	by := map[string]*Scope{}
	for _, u := range uses {
		for _, name := range u.scopes {
			if name == appScope {
				continue
			}
			if by[name] == nil {
				by[name] = &Scope{Name: name}
			}
			s := by[name]
			s.Uses = append(s.Uses, u.name)
			if !slices.Contains(s.Why, u.why) {
				s.Why = append(s.Why, u.why)
			}
		}
	}
	var out []Scope
	for _, name := range slices.Sorted(maps.Keys(by)) {
		out = append(out, *by[name])
	}
	return out
}

func scopeNames() []string {
	var out []string
	for _, s := range Scopes() {
		out = append(out, s.Name)
	}
	return out
}

// Events are those that the manifest subscribes to.
func Events() []string {
	var out []string
	for _, u := range uses {
		if u.kind == usedEvent {
			out = append(out, u.name)
		}
	}
	return out
}
