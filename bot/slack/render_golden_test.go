package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"golang.org/x/text/language"

	"kakehashi/bot/conversation"
	"kakehashi/bot/state"
	"kakehashi/corpus"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what is sent with its file in testdata/golden. e2e/slack/blocks checks
// the files against Slack's own types and draws them.
func golden(t *testing.T, name string, sent any) {
	t.Helper()
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(sent); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "golden", name+".json")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs from what is sent:\n%s\nIf that is right, run go test ./bot/slack -run Golden -update", file, got.String())
	}
}

type sentMessage struct {
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks"`
}

func sent(messages []message) any {
	var out []sentMessage
	for _, m := range messages {
		out = append(out, sentMessage(m))
	}
	return map[string]any{"messages": out}
}

// replyIn reads a Reply from testdata/replies: answers of the engine as it gave them, and
// the other kinds.
func replyIn(t *testing.T, file string) conversation.Reply {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var kept struct{ Reply conversation.Reply }
	if err := json.Unmarshal(raw, &kept); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return kept.Reply
}

func TestGoldenReplies(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "replies", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no replies: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			messages := renderer{}.reply(replyIn(t, file))
			check(t, messages)
			golden(t, name, sent(messages))
		})
	}
}

func TestGoldenReplyWithASourceReader(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"answer-en", "answer-ja"} {
		messages := renderer{PublicURL: "https://kakehashi.example.org"}.reply(replyIn(t, filepath.Join("testdata", "replies", name+".json")))
		check(t, messages)
		golden(t, name+"-reader", sent(messages))
	}
}

func TestGoldenViews(t *testing.T) {
	t.Parallel()
	for name, lang := range map[string]language.Tag{"en": language.English, "ja": language.Japanese} {
		golden(t, "home-"+name, map[string]any{"view": renderer{}.home(homeIn(lang))})
		golden(t, "reason-"+name, map[string]any{"view": renderer{}.reasonModal(lang, "a-1", "C0CHANNEL 1700000000.000100")})
	}
}

func homeIn(lang language.Tag) conversation.Home {
	return conversation.Home{
		Language: lang,
		Documents: []conversation.Holding{
			{Jurisdiction: corpus.US, Status: corpus.InForce, Documents: 83}, {Jurisdiction: corpus.US, Status: corpus.Superseded, Documents: 6},
			{Jurisdiction: corpus.JP, Status: corpus.InForce, Documents: 41}, {Jurisdiction: corpus.Bilateral, Status: corpus.InForce, Documents: 12},
		},
		Updated: corpus.Date{Year: 2026, Month: 11, Day: 9},
		Subscriptions: []state.Subscription{
			{Target: state.Target{Kind: state.ToChannel, ID: "C0CHANNEL"}, LocalTime: "08:30", Zone: "Asia/Tokyo", Weekdays: 0b0111110},
			{Target: state.Target{Kind: state.ToPerson, ID: "U0ASKER"}, LocalTime: "09:00", Zone: "America/New_York", Weekdays: 0b1111111, Paused: true},
		},
		Recent: []string{suggestedPrompts(lang)[2], suggestedPrompts(lang)[1]},
	}
}
