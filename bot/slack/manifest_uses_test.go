package slack

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	api "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
)

// TestUsesAreThoseOfTheSource finds calls and events by their names in slack-go, so that
// it errs by finding too much.
func TestUsesAreThoseOfTheSource(t *testing.T) {
	t.Parallel()
	found := namesIn(t, ".", "../../cmd/kakehashi")
	unlisted, unused := compareUses(found)

	if len(unlisted) > 0 {
		t.Errorf("used and not in the list of uses, with the scope that it needs: %q", unlisted)
	}
	if len(unused) > 0 {
		t.Errorf("in the list of uses and not used: %q", unused)
	}
}

func TestUsesAreMissedAndFound(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source := `package p
import (
	api "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	sm "github.com/slack-go/slack/socketmode"
)
func f(c *api.Client, e any) {
	c.PostMessageContext(nil, "")
	c.InviteUsersToConversation("C", "U")
	post("reactions.add", "files.go", "kakehashi.example.org", "auth.test")
	sm.New(c)
	switch e.(type) {
	case *slackevents.AppMentionEvent, *slackevents.PinAddedEvent, *slackevents.EventsAPIEvent:
	}
}
`
	if err := os.WriteFile(filepath.Join(folder, "f.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	unlisted, unused := compareUses(namesIn(t, folder))
	if want := []string{"InviteUsersToConversation", "PinAddedEvent", "reactions.add"}; !slices.Equal(unlisted, want) {
		t.Errorf("unlisted %q, want %q", unlisted, want)
	}
	for _, used := range []string{"chat.postMessage", "app_mention", "apps.connections.open", "auth.test"} {
		if slices.Contains(unused, used) {
			t.Errorf("%s is used and said not to be", used)
		}
	}
	if !slices.Contains(unused, "views.publish") || !slices.Contains(unused, "message.im") {
		t.Errorf("only %q are unused", unused)
	}
}

// compareUses finds what is mentioned and not listed, by slack-go's names, and what is listed
// and not mentioned, by Slack's.
func compareUses(found map[string]bool) (unlisted, unused []string) {
	listed := map[string]bool{}
	for _, u := range uses {
		used := found[u.name]
		listed[u.name] = true
		for _, name := range u.in {
			used = used || found[name]
			listed[name] = true
		}
		if !used {
			unused = append(unused, u.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !listed[name] {
			unlisted = append(unlisted, name)
		}
	}
	return unlisted, unused
}

// calledByName are the methods of the Web API where they are called without slack-go.
var calledByName = regexp.MustCompile(`^(admin|agents|api|apps|assistant|auth|bookmarks|bots|calls|canvases|chat|conversations|dnd|emoji|files|links|oauth|openid|pins|reactions|reminders|search|stars|team|usergroups|users|views|workflows)(\.[a-z][A-Za-z0-9]*)+$`)

// namesIn are the names in a package's source, without its tests, that stand for a
// call of Slack or an event: a method of the client, a function of OAuth, a type of
// event, or Slack's own name as a text.
func namesIn(t *testing.T, folders ...string) map[string]bool {
	t.Helper()
	known := namesOfSlack()
	out := map[string]bool{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no source in %s: %v", folder, err)
		}
		for _, name := range files {
			// The list itself is no use.
			if strings.HasSuffix(name, "_test.go") || filepath.Base(name) == "manifest_uses.go" {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			lookForNames(file, known, out)
		}
	}
	return out
}

func lookForNames(file *ast.File, known, out map[string]bool) {
	socketMode, ofSlack := "", file.Name.Name == "slack"
	for _, i := range file.Imports {
		ofSlack = ofSlack || strings.Contains(i.Path.Value, "slack-go/slack")
		if strings.HasSuffix(i.Path.Value, `/socketmode"`) {
			socketMode = "socketmode"
			if i.Name != nil {
				socketMode = i.Name.Name
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.SelectorExpr:
			if of, ok := n.X.(*ast.Ident); ok && of.Name == socketMode && n.Sel.Name == "New" {
				out["socketmode.New"] = true
			} else if ofSlack && known[n.Sel.Name] {
				out[n.Sel.Name] = true
			}
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if n.Kind == token.STRING && err == nil && calledByName.MatchString(text) && !strings.HasSuffix(text, ".go") {
				out[text] = true
			}
		}
		return true
	})
}

// namesOfSlack are slack-go's names of calls and events.
func namesOfSlack() map[string]bool {
	out := map[string]bool{"SlashCommand": true, "InteractionTypeMessageAction": true, "GetOAuthV2ResponseContext": true, "RefreshOAuthV2TokenContext": true}
	client := reflect.TypeFor[*api.Client]()
	for m := range client.Methods() {
		// Each call has a form with a context and one without; what has not calls nothing.
		if name, ok := strings.CutSuffix(m.Name, "Context"); ok {
			out[m.Name], out[name] = true, true
		}
	}
	for _, e := range slackevents.EventsAPIInnerEventMapping {
		out[reflect.TypeOf(e).Name()] = true
	}
	return out
}

func TestUsesAreWhole(t *testing.T) {
	t.Parallel()
	known := namesOfSlack()
	known["socketmode.New"] = true
	names := map[string]bool{}
	for _, u := range uses {
		if names[u.name] || u.why == "" || len(u.in) == 0 {
			t.Errorf("%s stands twice, or without what it is for or where it is found", u.name)
		}
		names[u.name] = true
		for _, name := range u.in {
			if !known[name] {
				t.Errorf("%s: slack-go has no %s", u.name, name)
			}
		}
		if u.kind == usedEvent && !strings.HasPrefix(u.name, "message.") {
			if e, ok := slackevents.EventsAPIInnerEventMapping[slackevents.EventsAPIType(u.name)]; !ok || reflect.TypeOf(e).Name() != u.in[0] {
				t.Errorf("%s is not slack-go's %s", u.name, u.in[0])
			}
		}
	}
}

func TestScopesAreTheLeast(t *testing.T) {
	t.Parallel()
	want := []string{
		"app_mentions:read", "assistant:write", "channels:history", "chat:write", "commands", "groups:history",
		"im:history", "im:write", "mpim:history", "users:read",
	}
	if got := scopeNames(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestDocsTellWhatEachScopeIsFor keeps the tables of the two pages to the list.
func TestDocsTellWhatEachScopeIsFor(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"../../docs/slack.md", "../../docs/slack.ja.md"} {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for line := range strings.Lines(string(content)) {
			if regexp.MustCompile("^\\| `[a-z_]+(:[a-z]+)?` \\| .* \\| `").MatchString(line) {
				rows++
			}
		}
		if rows != len(Scopes()) {
			t.Errorf("%s has %d rows of scopes, want %d", page, rows, len(Scopes()))
		}
		for _, s := range Scopes() {
			begin, end := "\n| `"+s.Name+"` | ", " | `"+strings.Join(s.Uses, "`, `")+"` |\n"
			if strings.HasSuffix(page, "slack.md") {
				begin += strings.Join(s.Why, "; ") + end
				end = ""
			}
			if _, after, ok := strings.Cut(string(content), begin); !ok || !strings.Contains(firstLine(after)+"\n", end) {
				t.Errorf("%s has not the row %s…%s", page, strings.TrimSpace(begin), strings.TrimSpace(end))
			}
		}
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
