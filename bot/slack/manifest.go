package slack

import (
	"net/url"

	api "github.com/slack-go/slack"
)

// What the manifest tells Slack and the adapter answers to.
const (
	commandName   = "/kakehashi"
	shortcutCheck = "check_rules" // the message shortcut's callback id

	pathEvents       = "/slack/events"
	pathCommands     = "/slack/commands"
	pathInteractions = "/slack/interactions"
)

// Manifest describes the app to Slack, from what the program uses. With an address,
// https://host, Slack delivers to it; without, by Socket Mode.
func Manifest(address string) (api.Manifest, error) {
	m := api.Manifest{
		Metadata: api.ManifestMetadata{MajorVersion: 1, MinorVersion: 1},
		Display:  appDisplay,
		Features: api.Features{
			AgentView: &api.AgentView{AgentDescription: appAgentDescription, SuggestedPrompts: manifestPrompts},
			AppHome:   api.AppHome{HomeTabEnabled: true, MessagesTabEnabled: true},
			BotUser:   api.BotUser{DisplayName: appDisplay.Name, AlwaysOnline: true},
			Shortcuts: []api.Shortcut{{
				Name: "Check the rules on this", CallbackID: shortcutCheck, Type: api.MessageShortcut,
				Description: "Asks Kakehashi about a message; the answer is for you alone",
			}},
			SlashCommands: []api.ManifestSlashCommand{{
				Command: commandName, ShouldEscape: true,
				Description: "Ask about research-security rules; the answer is for you alone",
				UsageHint:   "your question | help | status | digest … | as-of YYYY-MM-DD question",
			}},
		},
		OAuthConfig: api.OAuthConfig{Scopes: api.OAuthScopes{Bot: scopeNames()}},
		Settings: api.Settings{
			EventSubscriptions: &api.EventSubscriptions{BotEvents: Events()},
			Interactivity:      &api.Interactivity{IsEnabled: true},
			SocketModeEnabled:  address == "",
		},
	}
	if address == "" {
		return m, nil
	}
	base, err := publicAddress(address)
	if err != nil {
		return api.Manifest{}, err
	}
	m.Settings.EventSubscriptions.RequestUrl = base + pathEvents
	m.Settings.Interactivity.RequestUrl = base + pathInteractions
	m.Features.SlashCommands[0].Url = base + pathCommands
	m.OAuthConfig.RedirectUrls = []string{base + pathOAuth}
	return m, nil
}

// publicAddress is an address as others are put together from it.
func publicAddress(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return "", &SetupError{Fault: "the public address is not of the form https://host", Remedy: "write it without path, user or query; Slack accepts https only"}
	}
	return "https://" + u.Host, nil
}

var appDisplay = api.Display{
	Name:        "Kakehashi",
	Description: "Answers on US and Japanese research-security rules, every sentence with its source. 研究セキュリティの規則に出典付きで答えます。",
	LongDescription: `Kakehashi (架け橋, a bridge) answers questions about the research-security rules of the United States and Japan: export controls and deemed exports, fundamental research, disclosure, foreign visitors, clearances, what the two governments share. Every sentence carries a quotation from a dated provision, with a link to the official text; what its library does not hold it declines. It gives no legal advice.

日米の研究セキュリティに関する規則(輸出管理、みなし輸出、情報開示、外国からの研究者の受け入れなど)についての質問に、日本語でも英語でも、日付のある条文の引用を付けて答えます。資料にないことは「資料にない」と答えます。法的助言ではありません。`,
	BackgroundColor: "#1f3a5f",
}

const appAgentDescription = "Ask in English or Japanese about US and Japanese research-security rules; every sentence of an answer is tied to a quoted, dated provision. 日本語でも質問できます。Do not paste controlled or classified text."

// manifestPrompts are shown where a person has not asked yet, four at most.
var manifestPrompts = []api.ManifestSuggestedPrompt{
	{Title: "What is a deemed export?", Message: "What is a deemed export?"},
	{Title: "Fundamental research", Message: "When does the fundamental research exclusion apply?"},
	{Title: "みなし輸出とは?", Message: "みなし輸出管理の対象になるのはどのような場合ですか?"},
	{Title: "外国からの研究者の受け入れ", Message: "外国からの研究者を受け入れる前に何を確認すべきですか?"},
}
