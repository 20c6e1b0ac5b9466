package slack

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestManifestChoosesTheWayThatEventsCome(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"": "", "https://k.example.org": "https://k.example.org", "https://k.example.org:8443/": "https://k.example.org:8443"} {
		m, err := Manifest(address)
		if err != nil {
			t.Fatalf("%q: %v", address, err)
		}
		urls := []string{m.Settings.EventSubscriptions.RequestUrl, m.Settings.Interactivity.RequestUrl, m.Features.SlashCommands[0].Url}
		urls = append(urls, m.OAuthConfig.RedirectUrls...)
		wanted := []string{"", "", ""}
		if want != "" {
			wanted = []string{want + "/slack/events", want + "/slack/interactions", want + "/slack/commands", want + "/slack/oauth"}
		}
		if !slices.Equal(urls, wanted) || m.Settings.SocketModeEnabled != (want == "") {
			t.Errorf("%q: %q, Socket Mode %t", address, urls, m.Settings.SocketModeEnabled)
		}
	}
	for _, address := range []string{"http://k.example.org", "k.example.org", "https://", "https://:8443", "https://u:p@k.example.org", "https://k.example.org/x", "https://k.example.org?x", "https://k.example.org#x", "https://k.example.org/%zz", "javascript:alert(1)"} {
		if m, err := Manifest(address); err == nil {
			t.Errorf("%q is taken: %v", address, m)
		} else if !strings.Contains(err.Error(), "https://host") {
			t.Errorf("%q: no way out in %v", address, err)
		}
	}
}

// The limits stand in Slack's manifest reference.
func TestManifestKeepsSlacksLimits(t *testing.T) {
	t.Parallel()
	m, err := Manifest("https://k.example.org")
	if err != nil {
		t.Fatal(err)
	}
	within := func(what, text string, least, most int) {
		if n := utf8.RuneCountInString(text); n < least || n > most {
			t.Errorf("%s has %d characters, not %d to %d", what, n, least, most)
		}
	}
	within("name", m.Display.Name, 1, 35)
	within("description", m.Display.Description, 1, 140)
	within("long description", m.Display.LongDescription, 175, 4000)
	within("agent description", m.Features.AgentView.AgentDescription, 1, 300)
	within("bot's name", m.Features.BotUser.DisplayName, 1, 80)
	for _, c := range m.Features.SlashCommands {
		within("command", c.Command, 2, 32)
		within("command's description", c.Description, 1, 2000)
		within("usage hint", c.UsageHint, 1, 1000)
	}
	for _, s := range m.Features.Shortcuts {
		within("shortcut", s.Name, 1, 24)
		within("shortcut's id", s.CallbackID, 1, 255)
		within("shortcut's description", s.Description, 1, 150)
	}
	prompts := m.Features.AgentView.SuggestedPrompts
	if n := len(prompts); n == 0 || n > 4 {
		t.Errorf("%d prompts", n)
	}
	japanese := false
	for _, p := range prompts {
		within("prompt", p.Title, 1, 40)
		within("prompt's question", p.Message, 1, 1000)
		japanese = japanese || strings.ContainsRune(p.Title, 'の')
	}
	if !japanese {
		t.Error("no prompt in Japanese")
	}
}

func TestManifestIsPlain(t *testing.T) {
	t.Parallel()
	m, err := Manifest("")
	if err != nil {
		t.Fatal(err)
	}
	content, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, unwanted := range []string{"assistant_view", "assistant_thread_started", "token_rotation_enabled", appScope, "request_url", ":null"} {
		if strings.Contains(string(content), unwanted) {
			t.Errorf("%s stands in %s", unwanted, content)
		}
	}
	if !slices.IsSorted(m.OAuthConfig.Scopes.Bot) || len(m.OAuthConfig.Scopes.User) > 0 {
		t.Errorf("scopes %q of the bot, %q of users", m.OAuthConfig.Scopes.Bot, m.OAuthConfig.Scopes.User)
	}
}
