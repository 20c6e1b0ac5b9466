package slacktest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"kakehashi/bot/slack/slacktest"
)

// event is the inner event of a delivery.
func event(t *testing.T, d *slacktest.Delivery) map[string]any {
	t.Helper()
	var out struct{ Event map[string]any }
	if err := json.Unmarshal(d.Payload, &out); err != nil {
		t.Fatal(err)
	}
	return out.Event
}

func names(s *slacktest.Server) []string {
	var out []string
	for _, d := range s.Deliveries() {
		out = append(out, d.Name)
	}
	return out
}

func TestSaying(t *testing.T) {
	t.Parallel()
	mention := "<@" + slacktest.BotUser + "> hello"
	for name, c := range map[string]struct {
		kind   slacktest.Kind
		member bool
		text   string
		want   []string
	}{
		"a mention comes twice":            {slacktest.Public, true, mention, []string{"app_mention", "message.channels"}},
		"other talk is overheard":          {slacktest.Public, true, "hello", []string{"message.channels"}},
		"a mention in a private channel":   {slacktest.Private, true, mention, []string{"app_mention", "message.groups"}},
		"in a group of people":             {slacktest.Group, true, "hello", []string{"message.mpim"}},
		"a mention in a DM comes once":     {slacktest.Direct, true, mention, []string{"message.im"}},
		"where the bot is not, it is deaf": {slacktest.Public, false, mention, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := start(t, slacktest.Options{})
			members := []string{asker}
			if c.member {
				members = append(members, slacktest.BotUser)
			}
			s.AddChannel(slacktest.Channel{ID: "C9", Kind: c.kind, Members: members})
			m := say(t, s, "C9", "", c.text)
			if got := names(s); !slices.Equal(got, c.want) {
				t.Fatalf("sends %v; want %v", got, c.want)
			}
			ids := map[string]bool{}
			for _, d := range s.Deliveries() {
				e := event(t, d)
				if e["ts"] != m.TS || e["user"] != asker || e["channel"] != "C9" || e["text"] != c.text || e["thread_ts"] != nil {
					t.Errorf("event %v", e)
				}
				ids[d.ID] = true
			}
			if len(ids) != len(c.want) {
				t.Error("two events share an id")
			}
		})
	}
	t.Run("a reply names its thread and whom it answers", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{})
		root := say(t, s, channel, "", "a")
		must[slacktest.Message](t)(s.Say(colleague, channel, root.TS, "b"))
		if e := event(t, s.Deliveries()[1]); e["thread_ts"] != root.TS || e["parent_user_id"] != asker {
			t.Errorf("event %v", e)
		}
	})
	t.Run("the bot hears itself, edits and deletions", func(t *testing.T) {
		t.Parallel()
		s, c := start(t, slacktest.Options{})
		if _, _, err := c.PostMessage(channel, slack.MsgOptionText("a", false)); err != nil {
			t.Fatal(err)
		}
		m := say(t, s, channel, "", "a")
		if err := s.Edit(m, "b"); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(m); err != nil {
			t.Fatal(err)
		}
		d := s.Deliveries()
		if e := event(t, d[0]); e["bot_id"] != slacktest.Bot {
			t.Errorf("event %v", e)
		}
		if e := event(t, d[2]); e["subtype"] != "message_changed" || e["message"].(map[string]any)["text"] != "b" {
			t.Errorf("event %v", e)
		}
		if e := event(t, d[3]); e["subtype"] != "message_deleted" || e["deleted_ts"] != m.TS {
			t.Errorf("event %v", e)
		}
	})
	t.Run("what is not subscribed to does not come", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{Events: []string{"app_mention"}})
		say(t, s, channel, "", mention)
		if got := names(s); !slices.Equal(got, []string{"app_mention"}) {
			t.Errorf("sends %v", got)
		}
	})
	t.Run("the same event may come again", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{})
		say(t, s, channel, "", "a")
		first := s.Deliveries()[0]
		if again := s.Repeat(first); again.ID != first.ID || len(s.Deliveries()) != 2 {
			t.Errorf("repeats %s as %s", first.ID, again.ID)
		}
	})
	t.Run("no one speaks where they are not", func(t *testing.T) {
		t.Parallel()
		s, _ := start(t, slacktest.Options{})
		s.AddChannel(slacktest.Channel{ID: "C9", Members: []string{colleague}})
		for _, at := range [][2]string{{"C9", ""}, {"C8", ""}, {channel, "1.1"}} {
			if _, err := s.Say(asker, at[0], at[1], "a"); err == nil {
				t.Errorf("a message in %v", at)
			}
		}
	})
}

func TestCommands(t *testing.T) {
	t.Parallel()
	post := func(t *testing.T, address, body string) (int, string) {
		t.Helper()
		res := must[*http.Response](t)(http.Post(address, "application/json", strings.NewReader(body)))
		defer res.Body.Close()
		said := make([]byte, 20)
		n, _ := res.Body.Read(said)
		return res.StatusCode, string(said[:n])
	}
	s, c := start(t, slacktest.Options{Time: noon})
	listen(t, s, c, func(e socketmode.Event) any { return map[string]any{"text": "one moment"} })
	command := func() string {
		d := must[*slacktest.Delivery](t)(s.Slash(asker, channel, "/kakehashi", "help"))
		must[slacktest.Attempt](t)(d.Wait(t.Context()))
		var p struct {
			URL string `json:"response_url"`
		}
		if err := json.Unmarshal(d.Payload, &p); err != nil {
			t.Fatal(err)
		}
		return p.URL
	}
	address := command()
	if got := s.Ephemerals(asker); len(got) != 1 || got[0].Text != "one moment" {
		t.Fatalf("the acknowledgement shows %+v", got)
	}
	if status, said := post(t, address, `{"text":"for all","response_type":"in_channel"}`); status != 200 || said != "ok" || s.Messages(channel)[0].Text != "for all" {
		t.Errorf("answers %d %s, %+v", status, said, s.Messages(channel))
	}
	for i := range 4 {
		if status, _ := post(t, address, fmt.Sprintf(`{"text":"%d"}`, i)); status != 200 {
			t.Errorf("use %d gives %d", i+2, status)
		}
	}
	if status, said := post(t, address, `{"text":"too many"}`); status != 404 || said != "used_url" {
		t.Errorf("the sixth use gives %d %s", status, said)
	}
	address = command()
	s.Advance(30 * time.Minute)
	if status, said := post(t, address, `{"text":"late"}`); status != 404 || said != "expired_url" {
		t.Errorf("after half an hour %d %s", status, said)
	}
	if got := s.Calls("response_url"); len(got) != 7 || !got[0].Done || got[5].Done {
		t.Errorf("recorded as %+v", got)
	}
	if _, err := s.Slash(asker, channel, "kakehashi", ""); err == nil {
		t.Error("a command without its slash is one")
	}
}

const modalView = `{"type":"modal","callback_id":"why","title":{"type":"plain_text","text":"Why?"},"submit":{"type":"plain_text","text":"Send"},"notify_on_close":true,
 "blocks":[{"type":"input","block_id":"reason","label":{"type":"plain_text","text":"Reason"},"element":{"type":"plain_text_input","action_id":"text"}}]}`

func TestInteractions(t *testing.T) {
	t.Parallel()
	feedback := slack.NewContextActionsBlock("", slack.NewFeedbackButtonsBlockElement("feedback",
		slack.NewFeedbackButton(slack.NewTextBlockObject("plain_text", "Good", false, false), "up"),
		slack.NewFeedbackButton(slack.NewTextBlockObject("plain_text", "Bad", false, false), "down")))
	type fixture struct {
		*slacktest.Server
		client  *slack.Client
		message slacktest.Message
		respond any // to a view_submission
		trigger func() string
	}
	for name, test := range map[string]func(*testing.T, *fixture){
		"a button says who used it, where and with what value": func(t *testing.T, f *fixture) {
			d := must[*slacktest.Delivery](t)(f.Click(asker, f.message, "feedback", "down"))
			var p slack.InteractionCallback
			if err := json.Unmarshal(d.Payload, &p); err != nil {
				t.Fatal(err)
			}
			a := p.ActionCallback.BlockActions
			if len(a) != 1 || a[0].Value != "down" || p.Container.MessageTs != f.message.TS || p.Channel.ID != channel || p.User.ID != asker || p.TriggerID == "" {
				t.Errorf("payload %s", d.Payload)
			}
		},
		"what is not there cannot be used": func(t *testing.T, f *fixture) {
			for _, at := range [][2]string{{"feedback", "sideways"}, {"other", ""}} {
				if _, err := f.Click(asker, f.message, at[0], at[1]); err == nil {
					t.Errorf("used %v", at)
				}
			}
			if _, err := f.client.PostEphemeral(channel, asker, slack.MsgOptionBlocks(feedback)); err != nil {
				t.Fatal(err)
			}
			if _, err := f.Click(colleague, f.Ephemerals(asker)[0], "feedback", "up"); err == nil {
				t.Error("used what another sees")
			}
		},
		"a response_url replaces and deletes the message of the button": func(t *testing.T, f *fixture) {
			d := must[*slacktest.Delivery](t)(f.Click(asker, f.message, "feedback", "up"))
			var p slack.InteractionCallback
			if err := json.Unmarshal(d.Payload, &p); err != nil {
				t.Fatal(err)
			}
			_, _, err := f.client.PostMessage(channel, slack.MsgOptionReplaceOriginal(p.ResponseURL), slack.MsgOptionText("thanks", false))
			if got := f.Messages(channel); err != nil || len(got) != 1 || got[0].Text != "thanks" {
				t.Errorf("messages %+v, %v", got, err)
			}
			_, _, err = f.client.PostMessage(channel, slack.MsgOptionDeleteOriginal(p.ResponseURL))
			if got := f.Messages(channel); err != nil || len(got) != 0 {
				t.Errorf("messages %+v, %v", got, err)
			}
		},
		"a trigger opens a modal once": func(t *testing.T, f *fixture) {
			trigger := f.trigger()
			if out := call(t, f.Server, "views.open", "trigger_id", trigger, "view", modalView); out["ok"] != true {
				t.Fatal(out)
			}
			if out := call(t, f.Server, "views.open", "trigger_id", trigger, "view", modalView); out["error"] != "exchanged_trigger_id" {
				t.Error(out)
			}
		},
		"a trigger is good for 3 seconds": func(t *testing.T, f *fixture) {
			trigger := f.trigger()
			f.Advance(3 * time.Second)
			if out := call(t, f.Server, "views.open", "trigger_id", trigger, "view", modalView); out["error"] != "expired_trigger_id" {
				t.Error(out)
			}
		},
		"a modal is sent with its values and closes": func(t *testing.T, f *fixture) {
			v := open(t, f.Server, f.trigger())
			if _, err := f.Submit(asker, v, nil); err == nil {
				t.Error("it is sent without what it must have")
			}
			d := must[*slacktest.Delivery](t)(f.Submit(asker, v, map[string]string{"text": "wrong rule"}))
			must[slacktest.Attempt](t)(d.Wait(t.Context()))
			var p slack.InteractionCallback
			if err := json.Unmarshal(d.Payload, &p); err != nil {
				t.Fatal(err)
			}
			if p.View.State.Values["reason"]["text"].Value != "wrong rule" || p.View.CallbackID != "why" || p.View.Hash == "" {
				t.Errorf("payload %s", d.Payload)
			}
			if got := f.Modals(asker); len(got) != 0 {
				t.Errorf("open %+v", got)
			}
		},
		"errors keep it open": func(t *testing.T, f *fixture) {
			f.respond = slack.NewErrorsViewSubmissionResponse(map[string]string{"reason": "too short"})
			v := open(t, f.Server, f.trigger())
			d := must[*slacktest.Delivery](t)(f.Submit(asker, v, map[string]string{"text": "a"}))
			must[slacktest.Attempt](t)(d.Wait(t.Context()))
			if got := f.Modals(asker); len(got) != 1 || got[0].Errors["reason"] != "too short" {
				t.Errorf("open %+v", got)
			}
		},
		"errors of a block that is not there are not taken": func(t *testing.T, f *fixture) {
			f.respond = slack.NewErrorsViewSubmissionResponse(map[string]string{"other": "too short"})
			d := must[*slacktest.Delivery](t)(f.Submit(asker, open(t, f.Server, f.trigger()), map[string]string{"text": "a"}))
			if a := must[slacktest.Attempt](t)(d.Wait(t.Context())); a.Refused == "" {
				t.Errorf("attempt %+v", a)
			}
		},
		"an update needs the hash of what it changes": func(t *testing.T, f *fixture) {
			v := open(t, f.Server, f.trigger())
			if out := call(t, f.Server, "views.update", "view_id", v.ID, "hash", v.Hash, "view", modalView); out["ok"] != true {
				t.Fatal(out)
			}
			if out := call(t, f.Server, "views.update", "view_id", v.ID, "hash", v.Hash, "view", modalView); out["error"] != "hash_conflict" {
				t.Error(out)
			}
		},
		"three modals stand on each other, not four": func(t *testing.T, f *fixture) {
			view := strings.Replace(modalView, `"blocks":[`, `"blocks":[{"type":"actions","elements":[{"type":"button","action_id":"more","text":{"type":"plain_text","text":"More"}}]},`, 1)
			trigger := f.trigger()
			if out := call(t, f.Server, "views.push", "trigger_id", trigger, "view", view); out["error"] != "not_found" {
				t.Errorf("a push without a modal: %v", out)
			}
			trigger = f.trigger()
			call(t, f.Server, "views.open", "trigger_id", trigger, "view", view)
			for _, want := range []any{nil, nil, "push_limit_reached"} {
				all := f.Modals(asker)
				d := must[*slacktest.Delivery](t)(f.ClickView(asker, all[len(all)-1], "more", ""))
				if out := call(t, f.Server, "views.push", "trigger_id", d.ID, "view", view); out["error"] != want {
					t.Errorf("answers %v; want %v", out, want)
				}
			}
		},
		"closing is told to who asked for it": func(t *testing.T, f *fixture) {
			v := open(t, f.Server, f.trigger())
			if d := must[*slacktest.Delivery](t)(f.CloseModal(asker, v)); d == nil || d.Name != "view_closed" || len(f.Modals(asker)) != 0 {
				t.Errorf("sends %+v", d)
			}
		},
		"a modal that Slack would not take is refused with the reason": func(t *testing.T, f *fixture) {
			for _, bad := range []string{
				strings.Replace(modalView, "Why?", strings.Repeat("a", 25), 1), strings.Replace(modalView, `"submit":`, `"other":`, 1),
				strings.Replace(modalView, `"type":"modal"`, `"type":"home"`, 1), strings.Replace(modalView, `"label":`, `"lable":`, 1),
			} {
				out := call(t, f.Server, "views.open", "trigger_id", f.trigger(), "view", bad)
				if out["error"] != "invalid_arguments" || out["response_metadata"] == nil {
					t.Errorf("answers %v to %s", out, bad)
				}
			}
		},
		"a home is published, seen and used": func(t *testing.T, f *fixture) {
			view := `{"type":"home","blocks":[{"type":"actions","elements":[{"type":"button","action_id":"ask","text":{"type":"plain_text","text":"Ask"}}]}]}`
			if out := call(t, f.Server, "views.publish", "user_id", asker, "view", view); out["ok"] != true {
				t.Fatal(out)
			}
			if out := call(t, f.Server, "views.publish", "user_id", asker, "view", view, "hash", "old"); out["error"] != "hash_conflict" {
				t.Error(out)
			}
			v, _ := f.Home(asker)
			must[*slacktest.Delivery](t)(f.ClickView(asker, v, "ask", ""))
			if err := f.OpenHome(asker, "home"); err != nil {
				t.Fatal(err)
			}
			all := f.Deliveries()
			if e := event(t, all[len(all)-1]); e["type"] != "app_home_opened" || e["tab"] != "home" || e["view"].(map[string]any)["id"] != v.ID {
				t.Errorf("event %v", e)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := start(t, slacktest.Options{Time: noon})
			_, ts, err := c.PostMessage(channel, slack.MsgOptionBlocks(feedback))
			if err != nil {
				t.Fatal(err)
			}
			f := &fixture{Server: s, client: c, message: s.Messages(channel)[0]}
			f.trigger = func() string {
				return must[*slacktest.Delivery](t)(s.Click(asker, f.message, "feedback", "up")).ID
			}
			if f.message.TS != ts {
				t.Fatalf("message %+v", f.message)
			}
			listen(t, s, c, func(e socketmode.Event) any {
				if i, ok := e.Data.(slack.InteractionCallback); ok && i.Type == slack.InteractionTypeViewSubmission {
					return f.respond
				}
				return nil
			})
			test(t, f)
		})
	}
}

// open is a modal that has been opened with a trigger.
func open(t *testing.T, s *slacktest.Server, trigger string) slacktest.View {
	t.Helper()
	if out := call(t, s, "views.open", "trigger_id", trigger, "view", modalView); out["ok"] != true {
		t.Fatal(out)
	}
	all := s.Modals(asker)
	return all[len(all)-1]
}
