package slacktest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"kakehashi/bot/slack/slacktest"
)

const (
	asker     = "U1"
	colleague = "U2"
	channel   = "C1"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// start is a server with two people and the bot in a channel, and a client of it.
func start(t *testing.T, o slacktest.Options) (*slacktest.Server, *slack.Client) {
	t.Helper()
	s := slacktest.Start(t, o)
	s.AddUser(slacktest.User{ID: asker, Name: "asker", TZ: "Asia/Tokyo", Locale: "ja-JP"})
	s.AddUser(slacktest.User{ID: colleague, Name: "colleague"})
	s.AddChannel(slacktest.Channel{ID: channel, Name: "export-control", Members: []string{asker, colleague, slacktest.BotUser}})
	return s, slack.New(slacktest.BotToken, slack.OptionAPIURL(s.APIURL()), slack.OptionAppLevelToken(slacktest.AppToken))
}

// call is one of the Web API as a form, for what slack-go does not let through.
func call(t *testing.T, s *slacktest.Server, method string, pairs ...string) map[string]any {
	t.Helper()
	form := url.Values{"token": {slacktest.BotToken}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	res, err := http.PostForm(s.APIURL()+method, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		t.Fatalf("%s answers no JSON: %v", method, err)
	}
	return out
}

func wants(t *testing.T, err error, code string) {
	t.Helper()
	if got := fmt.Sprint(err); got != code {
		t.Errorf("error %q; want %q", got, code)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func say(t *testing.T, s *slacktest.Server, channel, thread, text string) slacktest.Message {
	t.Helper()
	return must[slacktest.Message](t)(s.Say(asker, channel, thread, text))
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s, _ := start(t, slacktest.Options{Scopes: []string{"users:read"}, Accept: []string{"chat.unfurl"}})
	for name, c := range map[string]struct{ method, header, contentType, body, want string }{
		"in a header":                     {"auth.test", slacktest.BotToken, "", "", ""},
		"in a form":                       {"auth.test", "", "application/x-www-form-urlencoded", "token=" + slacktest.BotToken, ""},
		"in JSON":                         {"auth.test", "", "application/json", `{"token":"` + slacktest.BotToken + `"}`, ""},
		"none":                            {"auth.test", "", "", "", "not_authed"},
		"a wrong one":                     {"auth.test", "xoxb-other", "", "", "invalid_auth"},
		"the app's where the bot's is":    {"auth.test", slacktest.AppToken, "", "", "not_allowed_token_type"},
		"the bot's where the app's is":    {"apps.connections.open", slacktest.BotToken, "", "", "not_allowed_token_type"},
		"without the scope":               {"chat.postMessage", slacktest.BotToken, "", "", "missing_scope"},
		"a method that is not known":      {"chat.shout", slacktest.BotToken, "", "", "unknown_method"},
		"one that does nothing":           {"chat.unfurl", slacktest.BotToken, "", "", ""},
		"a body that is not what it says": {"auth.test", slacktest.BotToken, "application/json", `{`, "invalid_json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, s.APIURL()+c.method, strings.NewReader(c.body)))
			req.Header.Set("Content-Type", c.contentType)
			if c.header != "" {
				req.Header.Set("Authorization", "Bearer "+c.header)
			}
			res := must[*http.Response](t)(http.DefaultClient.Do(req))
			defer res.Body.Close()
			var out struct {
				OK    bool
				Error string
			}
			if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.Error != c.want || out.OK != (c.want == "") {
				t.Errorf("answers %+v, %v; want error %q", out, err, c.want)
			}
			if scopes := res.Header.Get("X-Oauth-Scopes"); c.want == "" && scopes != "users:read" {
				t.Errorf("x-oauth-scopes is %q", scopes)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, *slacktest.Server, *slack.Client){
		"timestamps are unique and in order": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			var all []string
			for range 50 {
				_, ts, err := c.PostMessage(channel, slack.MsgOptionText("a", false))
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, ts)
			}
			if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != 50 {
				t.Errorf("timestamps %v", all)
			}
		},
		"a reply stands in the thread of its root, whichever of it is named": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			root := say(t, s, channel, "", "a")
			reply := say(t, s, channel, root.TS, "b")
			_, _, err := c.PostMessage(channel, slack.MsgOptionText("c", false), slack.MsgOptionTS(reply.TS))
			if err != nil {
				t.Fatal(err)
			}
			got := s.Messages(channel)
			if got[0].Thread != root.TS || got[2].Thread != root.TS || got[2].Bot != slacktest.Bot {
				t.Errorf("messages %+v", got)
			}
			_, _, err = c.PostMessage(channel, slack.MsgOptionText("c", false), slack.MsgOptionTS("1.1"))
			wants(t, err, "thread_not_found")
		},
		"an edit and a deletion change what is seen": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			_, ts, _ := c.PostMessage(channel, slack.MsgOptionText("a", false))
			if _, _, _, err := c.UpdateMessage(channel, ts, slack.MsgOptionText("b", false)); err != nil {
				t.Fatal(err)
			}
			if m := s.Messages(channel)[0]; m.Text != "b" || m.Edited == "" {
				t.Errorf("message %+v", m)
			}
			if _, _, err := c.DeleteMessage(channel, ts); err != nil {
				t.Fatal(err)
			}
			if got := s.Messages(channel); len(got) != 0 {
				t.Errorf("messages %+v", got)
			}
			_, _, err := c.DeleteMessage(channel, ts)
			wants(t, err, "message_not_found")
		},
		"another's message cannot be changed": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			m := say(t, s, channel, "", "a")
			_, _, _, err := c.UpdateMessage(channel, m.TS, slack.MsgOptionText("b", false))
			wants(t, err, "cant_update_message")
			_, _, err = c.DeleteMessage(channel, m.TS)
			wants(t, err, "cant_delete_message")
		},
		"an ephemeral is one person's": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			if _, err := c.PostEphemeral(channel, asker, slack.MsgOptionText("a", false)); err != nil {
				t.Fatal(err)
			}
			if len(s.Ephemerals(asker)) != 1 || len(s.Ephemerals(colleague)) != 0 || len(s.Messages(channel)) != 0 {
				t.Error("others see it")
			}
			_, err := c.PostEphemeral(channel, "U9", slack.MsgOptionText("a", false))
			wants(t, err, "user_not_found")
		},
		"where the bot is not, it writes not": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			s.AddChannel(slacktest.Channel{ID: "C2", Members: []string{asker}})
			s.AddChannel(slacktest.Channel{ID: "G2", Kind: slacktest.Private, Members: []string{asker}})
			_, _, err := c.PostMessage("C2", slack.MsgOptionText("a", false))
			wants(t, err, "not_in_channel")
			_, _, err = c.PostMessage("G2", slack.MsgOptionText("a", false))
			wants(t, err, "channel_not_found")
		},
		"metadata comes with the history that asks for it": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			meta := slack.SlackMetadata{EventType: "answer", EventPayload: map[string]any{"id": "x"}}
			_, ts, err := c.PostMessage(channel, slack.MsgOptionText("a", false), slack.MsgOptionMetadata(meta))
			if err != nil {
				t.Fatal(err)
			}
			for ask, want := range map[bool]string{true: "answer", false: ""} {
				h, err := c.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: channel, IncludeAllMetadata: ask})
				if err != nil || len(h.Messages) != 1 || h.Messages[0].Timestamp != ts || h.Messages[0].Metadata.EventType != want {
					t.Errorf("history %+v, %v", h, err)
				}
			}
			out := call(t, s, "chat.postMessage", "channel", channel, "text", "a", "metadata", `{"event_type":"x"}`)
			wants(t, fmt.Errorf("%v", out["error"]), "invalid_metadata_format")
		},
		"replies and history come page by page": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			root := say(t, s, channel, "", "root")
			for i := range 4 {
				say(t, s, channel, root.TS, fmt.Sprint(i))
			}
			say(t, s, channel, "", "other")
			var texts []string
			cursor, pages := "", 0
			for more := true; more; pages++ {
				var part []slack.Message
				var err error
				part, more, cursor, err = c.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: channel, Timestamp: root.TS, Limit: 2, Cursor: cursor})
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range part {
					texts = append(texts, m.Text)
				}
			}
			if !slices.Equal(texts, []string{"root", "0", "1", "2", "3"}) || pages != 3 {
				t.Errorf("replies %v in %d pages", texts, pages)
			}
			h, err := c.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: channel})
			if err != nil || len(h.Messages) != 2 || h.Messages[0].Text != "other" || h.Messages[1].ReplyCount != 4 {
				t.Errorf("history %+v, %v", h, err)
			}
			h, err = c.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: channel, Oldest: root.TS})
			if err != nil || len(h.Messages) != 1 {
				t.Errorf("history after the root %+v, %v", h, err)
			}
		},
		"people, conversations, permalinks and reactions": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			u, err := c.GetUserInfo(asker)
			if err != nil || u.TZ != "Asia/Tokyo" || u.TZOffset != 9*3600 || u.Locale != "ja-JP" {
				t.Errorf("user %+v, %v", u, err)
			}
			dm, _, _, err := c.OpenConversation(&slack.OpenConversationParameters{Users: []string{asker}})
			if want, _ := s.DM(asker); err != nil || dm.ID != want {
				t.Errorf("conversation %+v, %v", dm, err)
			}
			info, err := c.GetConversationInfo(&slack.GetConversationInfoInput{ChannelID: channel})
			if err != nil || info.Name != "export-control" || !info.IsMember || !info.IsChannel {
				t.Errorf("conversation %+v, %v", info, err)
			}
			root := say(t, s, channel, "", "a")
			m := say(t, s, channel, root.TS, "b")
			link, err := c.GetPermalink(&slack.PermalinkParameters{Channel: channel, Ts: m.TS})
			if err != nil || !strings.Contains(link, strings.Replace(m.TS, ".", "", 1)+"?thread_ts="+root.TS) {
				t.Errorf("permalink %q, %v", link, err)
			}
			if err := c.AddReaction("eyes", slack.NewRefToMessage(channel, m.TS)); err != nil {
				t.Error(err)
			}
			wants(t, c.AddReaction("eyes", slack.NewRefToMessage(channel, m.TS)), "already_reacted")
			if got := s.Messages(channel)[1].Reactions; !slices.Equal(got, []string{"eyes"}) {
				t.Errorf("reactions %v", got)
			}
		},
		"what is recorded is what was sent": func(t *testing.T, s *slacktest.Server, c *slack.Client) {
			block := slack.NewMarkdownBlock("", "**a** & <b>")
			if _, _, err := c.PostMessage(channel, slack.MsgOptionBlocks(block), slack.MsgOptionText("a", false)); err != nil {
				t.Fatal(err)
			}
			got := s.Calls("chat.postMessage")
			if len(got) != 1 || !got[0].Done || got[0].Team != slacktest.Team || got[0].Args["token"] != nil || got[0].Seq == 0 {
				t.Fatalf("calls %+v", got)
			}
			want := []any{map[string]any{"type": "markdown", "text": "**a** & <b>"}}
			if !reflect.DeepEqual(got[0].Args["blocks"], want) || !strings.Contains(string(s.Messages(channel)[0].Blocks), "<b>") {
				t.Errorf("blocks %v", got[0].Args["blocks"])
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := start(t, slacktest.Options{})
			test(t, s, c)
		})
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, *slacktest.Server, *slack.Client, string){
		"what is added is the message": func(t *testing.T, s *slacktest.Server, c *slack.Client, root string) {
			_, ts, err := c.StartStream(channel, slack.MsgOptionTS(root), slack.MsgOptionRecipientUserID(asker), slack.MsgOptionRecipientTeamID(slacktest.Team),
				slack.MsgOptionChunks(slack.NewMarkdownTextChunk("a"), slack.TaskUpdateChunk{Type: slack.StreamChunkTaskUpdate, ID: "1", Title: "Looking", Status: slack.TaskCardStatusInProgress}))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.AppendStream(channel, ts, slack.MsgOptionChunks(slack.NewMarkdownTextChunk("b"))); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.StopStream(channel, ts, slack.MsgOptionChunks(slack.NewMarkdownTextChunk("c")), slack.MsgOptionBlocks(slack.NewDividerBlock())); err != nil {
				t.Fatal(err)
			}
			m := s.Messages(channel)[1]
			if m.Text != "abc" || m.Stream != slacktest.Stopped || len(m.Chunks) != 4 || m.Thread != root || !strings.Contains(string(m.Blocks), "divider") {
				t.Errorf("message %+v", m)
			}
			_, _, err = c.AppendStream(channel, ts, slack.MsgOptionChunks(slack.NewMarkdownTextChunk("d")))
			wants(t, err, "message_not_in_streaming_state")
		},
		"a channel needs the recipient, a DM does not": func(t *testing.T, s *slacktest.Server, c *slack.Client, root string) {
			_, _, err := c.StartStream(channel, slack.MsgOptionTS(root))
			wants(t, err, "missing_recipient_user_id")
			_, _, err = c.StartStream(channel, slack.MsgOptionTS(root), slack.MsgOptionRecipientUserID(asker))
			wants(t, err, "missing_recipient_team_id")
			dm := must[string](t)(s.DM(asker))
			if _, _, err := c.StartStream(dm, slack.MsgOptionTS(say(t, s, dm, "", "a").TS)); err != nil {
				t.Error(err)
			}
			_, _, err = c.StartStream(dm)
			wants(t, err, "invalid_thread_ts")
		},
		"it expires in silence": func(t *testing.T, s *slacktest.Server, c *slack.Client, root string) {
			ts := stream(t, c, root)
			s.Advance(4 * time.Minute)
			if _, _, err := c.AppendStream(channel, ts, slack.MsgOptionChunks(slack.NewMarkdownTextChunk("b"))); err != nil {
				t.Fatal(err)
			}
			s.Advance(6 * time.Minute)
			_, _, err := c.AppendStream(channel, ts, slack.MsgOptionChunks(slack.NewMarkdownTextChunk("c")))
			wants(t, err, "message_not_in_streaming_state")
			if _, _, _, err := c.UpdateMessage(channel, ts, slack.MsgOptionText("whole", false)); err != nil {
				t.Errorf("an update after it: %v", err)
			}
		},
		"it is not updated while it runs": func(t *testing.T, s *slacktest.Server, c *slack.Client, root string) {
			_, _, _, err := c.UpdateMessage(channel, stream(t, c, root), slack.MsgOptionText("b", false))
			wants(t, err, "streaming_state_conflict")
		},
		"text and chunks do not mix": func(t *testing.T, s *slacktest.Server, c *slack.Client, root string) {
			_, _, err := c.AppendStream(channel, stream(t, c, root), slack.MsgOptionMarkdownText("b"))
			wants(t, err, "streaming_mode_mismatch")
		},
		"a task without a status is refused": func(t *testing.T, s *slacktest.Server, c *slack.Client, root string) {
			_, _, err := c.AppendStream(channel, stream(t, c, root), slack.MsgOptionChunks(slack.NewTaskUpdateChunk("1", "Looking")))
			wants(t, err, "invalid_chunks")
		},
		"a person stops it": func(t *testing.T, s *slacktest.Server, c *slack.Client, root string) {
			ts := stream(t, c, root)
			if err := s.StopAgent(asker, channel, root); err != nil {
				t.Fatal(err)
			}
			_, _, err := c.AppendStream(channel, ts, slack.MsgOptionChunks(slack.NewMarkdownTextChunk("b")))
			wants(t, err, "stopped_by_user")
			d := s.Deliveries()
			if last := d[len(d)-1]; last.Name != "agent_session_stopped" || !strings.Contains(string(last.Payload), ts) {
				t.Errorf("it sends %s", last.Payload)
			}
			if err := s.StopAgent(asker, channel, root); err == nil {
				t.Error("it can be stopped twice")
			}
		},
		"more than 12,000 characters at once are too many": func(t *testing.T, s *slacktest.Server, c *slack.Client, root string) {
			_, _, err := c.AppendStream(channel, stream(t, c, root), slack.MsgOptionChunks(slack.NewMarkdownTextChunk(strings.Repeat("あ", 12001))))
			wants(t, err, "msg_too_long")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := start(t, slacktest.Options{Time: noon})
			test(t, s, c, say(t, s, channel, "", "question").TS)
		})
	}
}

func stream(t *testing.T, c *slack.Client, root string) string {
	t.Helper()
	_, ts, err := c.StartStream(channel, slack.MsgOptionTS(root), slack.MsgOptionRecipientUserID(asker), slack.MsgOptionRecipientTeamID(slacktest.Team),
		slack.MsgOptionChunks(slack.NewMarkdownTextChunk("a")))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func TestBlockLimits(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("あ", n) }
	section := func(n int) string { return `{"type":"section","text":{"type":"mrkdwn","text":"` + long(n) + `"}}` }
	button := func(more string) string {
		return `{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":"b"}` + more + `}]}`
	}
	feedback := func(negative string) string {
		return `{"type":"context_actions","elements":[{"type":"feedback_buttons","action_id":"f","positive_button":{"text":{"type":"plain_text","text":"+"},"value":"up"},"negative_button":{"text":{"type":"plain_text","text":"-"}` + negative + `}}]}`
	}
	times := func(n int, block string) string { return strings.TrimSuffix(strings.Repeat(block+",", n), ",") }
	row := `[{"type":"raw_text","text":"x"}]`
	for name, c := range map[string]struct{ blocks, want string }{
		"50 blocks":                      {times(50, `{"type":"divider"}`), ""},
		"51 blocks":                      {times(51, `{"type":"divider"}`), "invalid_blocks"},
		"a section of 3,000":             {section(3000), ""},
		"a section of 3,001":             {section(3001), "invalid_blocks"},
		"an empty section":               {section(0), "invalid_blocks"},
		"a section with nothing":         {`{"type":"section"}`, "invalid_blocks"},
		"4 sections of 3,000":            {times(4, section(3000)), ""},
		"5 sections of 2,700":            {times(5, section(2700)), "msg_blocks_too_long"},
		"markdown of 12,000":             {`{"type":"markdown","text":"` + long(12000) + `"}`, ""},
		"two markdowns of 12,002":        {times(2, `{"type":"markdown","text":"`+long(6001)+`"}`), "msg_blocks_too_long"},
		"a header of 151":                {`{"type":"header","text":{"type":"plain_text","text":"` + long(151) + `"}}`, "invalid_blocks"},
		"a header in mrkdwn":             {`{"type":"header","text":{"type":"mrkdwn","text":"a"}}`, "invalid_blocks"},
		"a context of 11":                {`{"type":"context","elements":[` + times(11, `{"type":"mrkdwn","text":"a"}`) + `]}`, "invalid_blocks"},
		"11 fields":                      {`{"type":"section","fields":[` + times(11, `{"type":"mrkdwn","text":"a"}`) + `]}`, "invalid_blocks"},
		"a button":                       {button(""), ""},
		"a button with a value of 2,001": {button(`,"value":"` + long(2001) + `"`), "invalid_blocks"},
		"a button of another style":      {button(`,"style":"green"`), "invalid_blocks"},
		"feedback with both values":      {feedback(`,"value":"down"`), ""},
		"feedback without a value":       {feedback(""), "invalid_blocks"},
		"a button among feedback":        {`{"type":"context_actions","elements":[{"type":"button","text":{"type":"plain_text","text":"b"}}]}`, "invalid_blocks"},
		"a table":                        {`{"type":"table","rows":[` + row + `]}`, ""},
		"two tables":                     {times(2, `{"type":"table","rows":[`+row+`]}`), "invalid_blocks"},
		"a table of 101 rows":            {`{"type":"table","rows":[` + times(101, row) + `]}`, "invalid_blocks"},
		"an input in a message":          {`{"type":"input","label":{"type":"plain_text","text":"a"},"element":{"type":"plain_text_input"}}`, "invalid_blocks"},
		"a block that there is not":      {`{"type":"sektion"}`, "invalid_blocks"},
		"the same block_id twice":        {times(2, `{"type":"divider","block_id":"a"}`), "invalid_blocks"},
		"an image that says nothing":     {`{"type":"image","image_url":"https://example.org/a.png"}`, "invalid_blocks"},
		"a menu of 6":                    {`{"type":"section","text":{"type":"mrkdwn","text":"a"},"accessory":{"type":"overflow","options":[` + times(6, `{"text":{"type":"plain_text","text":"a"},"value":"a"}`) + `]}}`, "invalid_blocks"},
		"something that is no block":     {`1`, "invalid_blocks_format"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := start(t, slacktest.Options{})
			out := call(t, s, "chat.postMessage", "channel", channel, "text", "a", "blocks", "["+c.blocks+"]")
			if got, _ := out["error"].(string); got != c.want || (c.want == "") != (len(s.Messages(channel)) == 1) {
				t.Errorf("answers %v; want error %q", out, c.want)
			}
			if c.want == "invalid_blocks" && out["response_metadata"] == nil {
				t.Error("it does not say what is wrong")
			}
		})
	}
}

func TestTextLimits(t *testing.T) {
	t.Parallel()
	s, c := start(t, slacktest.Options{})
	_, _, err := c.PostMessage(channel, slack.MsgOptionText(" ", false))
	wants(t, err, "no_text")
	_, ts, err := c.PostMessage(channel, slack.MsgOptionText(strings.Repeat("あ", 40001), false))
	if err != nil {
		t.Fatal(err)
	}
	if got := len([]rune(s.Messages(channel)[0].Text)); got != 40000 {
		t.Errorf("text of %d characters; want it cut to 40,000", got)
	}
	_, _, _, err = c.UpdateMessage(channel, ts, slack.MsgOptionText(strings.Repeat("あ", 4001), false))
	wants(t, err, "msg_too_long")
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	t.Run("one message a second and channel", func(t *testing.T) {
		t.Parallel()
		s, c := start(t, slacktest.Options{Time: noon, PerChannel: true})
		s.AddChannel(slacktest.Channel{ID: "C2", Members: []string{slacktest.BotUser}})
		post := func(to string) error {
			_, _, err := c.PostMessage(to, slack.MsgOptionText("a", false))
			return err
		}
		if err := errors.Join(post(channel), post("C2")); err != nil {
			t.Fatal(err)
		}
		if limited, ok := errors.AsType[*slack.RateLimitedError](post(channel)); !ok || limited.RetryAfter != time.Second {
			t.Errorf("a second one at once: %v", limited)
		}
		s.Advance(time.Second)
		if err := post(channel); err != nil {
			t.Error(err)
		}
	})
	t.Run("startStream is of tier 2", func(t *testing.T) {
		t.Parallel()
		s, c := start(t, slacktest.Options{Time: noon, Tiers: true})
		root := say(t, s, channel, "", "a").TS
		for range 20 {
			stream(t, c, root)
		}
		s.Advance(15 * time.Second)
		_, _, err := c.StartStream(channel, slack.MsgOptionTS(root))
		if limited, ok := errors.AsType[*slack.RateLimitedError](err); !ok || limited.RetryAfter != 45*time.Second {
			t.Errorf("the 21st of a minute: %v", err)
		}
		if calls := s.Calls("chat.startStream"); calls[20].Error != "ratelimited" || calls[20].Done {
			t.Errorf("recorded as %+v", calls[20])
		}
		s.Advance(45 * time.Second)
		stream(t, c, root)
	})
}

func TestAssistant(t *testing.T) {
	t.Parallel()
	s, c := start(t, slacktest.Options{Time: noon})
	dm := must[string](t)(s.DM(asker))
	root := say(t, s, dm, "", "a").TS
	set := func(status string, loading ...string) {
		t.Helper()
		err := c.SetAssistantThreadsStatus(slack.AssistantThreadsSetStatusParameters{ChannelID: dm, ThreadTS: root, Status: status, LoadingMessages: loading})
		if err != nil {
			t.Fatal(err)
		}
	}
	set("is looking", "Reading, then thinking")
	if st := s.StatusOf(dm, root); st.Text != "is looking" || len(st.Loading) != 2 {
		t.Errorf("status %+v; a comma parts a form's loading messages", st)
	}
	s.Advance(121 * time.Second)
	if st := s.StatusOf(dm, root); st.Text != "" {
		t.Errorf("status after 2 minutes %+v", st)
	}
	set("is looking")
	if _, _, err := c.PostMessage(dm, slack.MsgOptionText("b", false), slack.MsgOptionTS(root)); err != nil || s.StatusOf(dm, root).Text != "" {
		t.Errorf("a message does not end the status, %v", err)
	}

	prompts := slack.AssistantThreadsSetSuggestedPromptsParameters{ChannelID: dm, ThreadTS: root}
	prompts.AddPrompt("Ask", "What is a deemed export?")
	if err := c.SetAssistantThreadsSuggestedPrompts(prompts); err != nil || s.PromptsOf(dm) != nil {
		t.Errorf("prompts with a thread are set, or refused: %v", err)
	}
	prompts.ThreadTS = ""
	if err := c.SetAssistantThreadsSuggestedPrompts(prompts); err != nil || !slices.Equal(s.PromptsOf(dm), []string{"Ask"}) {
		t.Errorf("prompts %v, %v", s.PromptsOf(dm), err)
	}

	got, err := c.SetAgentSessionStatus(slack.AgentSessionSetStatusParameters{ChannelID: dm, ThreadTS: root, Status: slack.AgentSessionStatusProcessing, Title: "Exports"})
	if err != nil || got.Title != "Exports" || s.SessionOf(dm, root) != (slacktest.Session{Status: "processing", Title: "Exports"}) {
		t.Errorf("session %+v, %v", got, err)
	}
	if _, err := c.RenameAgentSession(slack.AgentSessionRenameParameters{ChannelID: dm, ThreadTS: root, Title: "Imports"}); err != nil || s.SessionOf(dm, root).Title != "Imports" {
		t.Errorf("session %+v, %v", s.SessionOf(dm, root), err)
	}
	_, err = c.SetAgentSessionStatus(slack.AgentSessionSetStatusParameters{ChannelID: dm, ThreadTS: root, Status: "busy"})
	wants(t, err, "invalid_arguments")
}

func TestOAuth(t *testing.T) {
	t.Parallel()
	s, _ := start(t, slacktest.Options{Time: noon, Rotate: true})
	exchange := func(code string) (*slack.OAuthV2Response, error) {
		return slack.GetOAuthV2ResponseContext(t.Context(), http.DefaultClient, slacktest.ClientID, slacktest.ClientSecret, code, "", slack.OAuthOptionAPIURL(s.APIURL()))
	}
	code := s.Authorize("T2")
	got := must[*slack.OAuthV2Response](t)(exchange(code))
	if got.Team.ID != "T2" || got.BotUserID != s.BotUserOf("T2") || got.ExpiresIn != 43200 || got.Scope == "" {
		t.Fatalf("token %+v", got)
	}
	_, err := exchange(code)
	wants(t, err, "invalid_code")

	s.AddChannel(slacktest.Channel{ID: "C2", Team: "T2", Members: []string{s.BotUserOf("T2")}})
	client := func(token string) *slack.Client { return slack.New(token, slack.OptionAPIURL(s.APIURL())) }
	if _, _, err := client(got.AccessToken).PostMessage("C2", slack.MsgOptionText("a", false)); err != nil {
		t.Error(err)
	}
	_, _, err = client(slacktest.BotToken).PostMessage("C2", slack.MsgOptionText("a", false))
	wants(t, err, "channel_not_found")

	s.Advance(12 * time.Hour)
	_, err = client(got.AccessToken).AuthTest()
	wants(t, err, "token_expired")
	refresh := func(token string) (*slack.OAuthV2Response, error) {
		return slack.RefreshOAuthV2TokenContext(t.Context(), http.DefaultClient, slacktest.ClientID, slacktest.ClientSecret, token, slack.OAuthOptionAPIURL(s.APIURL()))
	}
	next := must[*slack.OAuthV2Response](t)(refresh(got.RefreshToken))
	if who, err := client(next.AccessToken).AuthTest(); err != nil || who.TeamID != "T2" {
		t.Errorf("the new token is of %+v, %v", who, err)
	}
	_, err = refresh(got.RefreshToken)
	wants(t, err, "invalid_refresh_token")

	s.Uninstall("T2")
	_, err = client(next.AccessToken).AuthTest()
	wants(t, err, "account_inactive")
	names := map[string]bool{}
	for _, d := range s.Deliveries() {
		names[d.Name] = true
	}
	if want := map[string]bool{"message.channels": true, "app_uninstalled": true, "tokens_revoked": true}; !maps.Equal(names, want) {
		t.Errorf("it sends %v", names)
	}
	if _, err := client(slacktest.BotToken).SendAuthRevoke(""); err != nil {
		t.Error(err)
	}
	_, err = client(slacktest.BotToken).AuthTest()
	wants(t, err, "token_revoked")
}
